import { generateKeyPairSync } from "node:crypto";

/** A new Ed25519 pair in the forms that the environment (private) and handover.yaml (public) hold. */
export function newSigningKeys(): { readonly privateText: string; readonly publicText: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateText: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
    publicText: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
  };
}
