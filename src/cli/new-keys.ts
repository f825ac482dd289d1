import { generateKeyPairSync } from "node:crypto";
import { readSigningKey } from "../domain/signing.ts";

/** A new key pair for an edge or a cluster, in the forms in which the environment and handover.yaml take them. */
export function newKeysText(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  const privateText = privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
  return [
    "# The private key: a secret, for HANDOVER_EDGE_KEY or HANDOVER_CLUSTER_KEY.",
    privateText,
    "# The public key: for edge.publicKeys, or a cluster's publicKey, in handover.yaml.",
    readSigningKey(privateText).publicKeyText,
    "",
  ].join("\n");
}
