import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  digestOf,
  openSigned,
  readPublicKeys,
  readSigningKey,
  type Signed,
  signStatement,
} from "../../../src/domain/signing.ts";

const { privateKey } = generateKeyPairSync("ed25519");
const key = readSigningKey(privateKey.export({ format: "pem", type: "pkcs8" }).toString());
const keys = readPublicKeys([key.publicKeyText]);
const schema = z.object({ text: z.string(), count: z.number() });
const statement = fc.record({ text: fc.string({ unit: "grapheme" }), count: fc.integer() });

describe("a signed statement", () => {
  test("opens as what was signed", () => {
    fc.assert(
      fc.property(statement, (said) => {
        expect(openSigned(signStatement(said, key), keys, schema)).toEqual(said);
      }),
    );
  });

  test("does not open when any bit of its payload is another", () => {
    fc.assert(
      fc.property(statement, fc.nat(), fc.integer({ min: 0, max: 6 }), (said, at, bit) => {
        const signed = signStatement(said, key);
        const position = at % signed.payload.length;
        const code = signed.payload.charCodeAt(position) ^ (1 << bit);
        const payload = replaced(signed.payload, position, String.fromCharCode(code));
        expect(openSigned({ ...signed, payload }, keys, schema)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test("does not open when any bit of its signature is another", () => {
    fc.assert(
      fc.property(statement, fc.integer({ min: 0, max: 63 }), fc.integer({ min: 0, max: 7 }), (said, at, bit) => {
        const signed = signStatement(said, key);
        const bytes = Buffer.from(signed.signature, "base64");
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
        expect(openSigned({ ...signed, signature: bytes.toString("base64") }, keys, schema)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test("does not open with a signature of another length, another's key or no known key", () => {
    const signed = signStatement({ text: "a", count: 1 }, key);
    const other = readSigningKey(
      generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
    );
    const forged: Signed[] = [
      { ...signed, signature: "" },
      { ...signed, signature: signed.signature.slice(0, 40) },
      { ...signed, signature: "not base64 at all" },
      { ...signed, keyId: "nobody" },
      { ...signStatement({ text: "a", count: 1 }, other), keyId: key.keyId },
      signStatement({ text: "a", count: 1 }, other),
    ];
    for (const statement of forged) expect(openSigned(statement, keys, schema)).toBeNull();
  });

  test("does not open as another kind of statement", () => {
    expect(openSigned(signStatement({ other: true }, key), keys, schema)).toBeNull();
  });

  test("has a digest of its own for every payload and signature", () => {
    fc.assert(
      fc.property(statement, statement, (one, other) => {
        const signed = signStatement(one, key);
        expect(digestOf(signed) === digestOf(signStatement(other, key))).toBe(
          JSON.stringify(one) === JSON.stringify(other),
        );
        expect(digestOf({ ...signed, signature: `${signed.signature}=` })).not.toBe(digestOf(signed));
      }),
    );
  });
});

describe("a signing key", () => {
  test("is the same from PEM and from one line", () => {
    const line = privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
    expect(readSigningKey(line).keyId).toBe(key.keyId);
  });

  test("must be an Ed25519 key", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    expect(() => readSigningKey(rsa.export({ format: "pem", type: "pkcs8" }).toString())).toThrow(TypeError);
  });
});

function replaced(text: string, at: number, by: string): string {
  return text.slice(0, at) + by + text.slice(at + 1);
}
