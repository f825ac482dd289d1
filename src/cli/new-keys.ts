import { generateKeyPairSync } from "node:crypto";
import { readSigningKey } from "../domain/signing.ts";
import { exitCodes } from "./exit-codes.ts";
import type { SideCommand } from "./side-commands.ts";
import { noWords } from "./side-words.ts";

/** `npx handover keys` */
export const keysCommand: SideCommand = {
  word: "keys",
  help: [["keys", "print a new key pair for an edge or a cluster"]],
  run(words, { terminal }) {
    noWords(words, "npx handover keys");
    terminal.out(newKeysText());
    return exitCodes.done;
  },
};

/** A new key pair for an edge or a cluster, in the forms in which the environment and handover.yaml take them. */
function newKeysText(): string {
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
