import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { z } from "zod";

/**
 * Ed25519 statements. What is signed is the exact text of the payload, kept beside the signature, so that no
 * canonical form of JSON has to be agreed on: verify first, parse afterwards.
 */
export const signedSchema = z.object({ keyId: z.string(), payload: z.string(), signature: z.string() });
export type Signed = z.infer<typeof signedSchema>;

export interface SigningKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** SPKI, DER, base64: the form that handover.yaml holds. */
  readonly publicKeyText: string;
}

export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** Reads a private key: PKCS #8 as PEM, or as base64 of its DER (one line, for environment variables). Throws a TypeError for anything but Ed25519. */
export function readSigningKey(text: string): SigningKey {
  const privateKey = text.includes("-----BEGIN")
    ? createPrivateKey(text)
    : createPrivateKey({ key: Buffer.from(text, "base64"), format: "der", type: "pkcs8" });
  if (privateKey.asymmetricKeyType !== "ed25519") throw new TypeError("the signing key is not an Ed25519 key");
  const publicKey = createPublicKey(privateKey);
  return { keyId: keyIdOf(publicKey), privateKey, publicKeyText: publicKeyText(publicKey) };
}

/** Reads public keys as handover.yaml holds them (SPKI, DER, base64). */
export function readPublicKeys(texts: readonly string[]): PublicKeys {
  const keys = texts.map((text) => createPublicKey({ key: Buffer.from(text, "base64"), format: "der", type: "spki" }));
  return new Map(keys.map((key) => [keyIdOf(key), key]));
}

export function signStatement(statement: object, key: SigningKey): Signed {
  const payload = JSON.stringify(statement);
  return { keyId: key.keyId, payload, signature: sign(null, Buffer.from(payload), key.privateKey).toString("base64") };
}

/** The statement, or null when no known key signed exactly this text or it has another shape. */
export function openSigned<T>(signed: Signed, keys: PublicKeys, schema: z.ZodType<T>): T | null {
  return signatureHolds(signed, keys) ? readUnverified(signed, schema) : null;
}

/** Whether one of these keys signed exactly this text. */
export function signatureHolds(signed: Signed, keys: PublicKeys): boolean {
  const key = keys.get(signed.keyId);
  return key !== undefined && verify(null, Buffer.from(signed.payload), key, Buffer.from(signed.signature, "base64"));
}

/** The statement without a look at its signature: for showing, never for deciding. Null when it has another shape. */
export function readUnverified<T>(signed: Signed, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(signed.payload));
  } catch {
    return null;
  }
}

/** A digest that names this signed text and no other. */
export function digestOf(signed: Signed): string {
  return createHash("sha256").update(signed.payload).update("\n").update(signed.signature).digest("hex");
}

function publicKeyText(key: KeyObject): string {
  return key.export({ format: "der", type: "spki" }).toString("base64");
}

function keyIdOf(key: KeyObject): string {
  return createHash("sha256").update(publicKeyText(key)).digest("hex").slice(0, 16);
}
