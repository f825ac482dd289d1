import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { fail } from "../domain/errors.ts";
import { policySchema } from "../domain/policy.ts";
import { readPublicKeys } from "../domain/signing.ts";
import { doltAccessSchema } from "./dolt-access.ts";

const publicKeySchema = z
  .string()
  .refine(isPublicKey, "is not an Ed25519 public key (SPKI, DER, base64: `npx handover keys` prints one)");

/** Parts of keys in Redis and of messages: the same letters everywhere. */
const clusterNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    "is not a cluster's name: up to 63 letters, digits, dots, dashes, underscores",
  );

export const clusterConfigSchema = z.strictObject({
  name: clusterNameSchema,
  /** Slack channel id (`C…`) where each start is announced. */
  channel: z.string().regex(/^[CG][A-Z0-9]+$/, "is not the id of a channel (C…), which the channel's details show"),
  /** What its workers sign plans with. */
  publicKey: publicKeySchema,
  /** How its Dolt servers are connected to; annotations of a target win over it. */
  dolt: doltAccessSchema.optional(),
});
export type ClusterConfig = z.infer<typeof clusterConfigSchema>;

/** handover.yaml, shared by edge and worker. It holds no secret. */
export const configurationSchema = z.strictObject({
  version: z.literal(1),
  slack: z.strictObject({
    /** The workspace the app is installed in; people of any other are refused. */
    teamId: z.string().regex(/^[TE][A-Z0-9]+$/, "is not the id of a workspace (T…)"),
    /** On Enterprise Grid: the organisation, whose people are then known by their id in it, in whichever workspace. */
    enterpriseId: z
      .string()
      .regex(/^E[A-Z0-9]+$/, "is not the id of an organisation (E…)")
      .optional(),
  }),
  clusters: z
    .array(clusterConfigSchema)
    .min(1)
    .refine(
      (clusters) => new Set(clusters.map(({ name }) => name)).size === clusters.length,
      "names one cluster twice",
    ),
  /** What edges sign approvals with: all that may still be in use. */
  edge: z.strictObject({ publicKeys: z.array(publicKeySchema).min(1) }),
  policy: policySchema,
  redis: z
    .strictObject({
      /** What keeps Redis' data: its append-only file (the default, and looked at), or, stated by hand, its replicas. */
      durability: z.enum(["aof", "replicated"]).default("aof"),
    })
    .default({ durability: "aof" }),
});
export type Configuration = z.infer<typeof configurationSchema>;

/**
 * Reads handover.yaml. Unknown keys are errors: a misspelt `approvers` must not mean "nobody checked".
 * @param file how the errors name it
 * @throws {HandoverError} `configuration_invalid`, each issue with its line and column
 */
export function readConfiguration(text: string, file: string): Configuration {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const unreadable = [...document.errors, ...document.warnings];
  if (unreadable.length > 0) {
    const issues = unreadable.map(
      (error) => `${at(error.pos[0])}: ${error.message.split("\n")[0]?.split(" at line")[0]}`,
    );
    throw fail("configuration_invalid", { file, issues });
  }
  const parsed = configurationSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map(
          (key) =>
            `${at(offsetOf(document.contents, [...issue.path, key]))}: unknown key ${pathText([...issue.path, key])}`,
        )
      : [`${at(offsetOf(document.contents, issue.path))}: ${pathText(issue.path)} ${issue.message}`],
  );
  throw fail("configuration_invalid", { file, issues });
}

/** Where the deepest part of this path that is there begins. */
function offsetOf(root: unknown, path: readonly PropertyKey[]): number {
  let node = root;
  let offset = startOf(root) ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      offset = startOf(node) ?? offset;
    } else {
      break;
    }
  }
  return offset;
}

function startOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the document";
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function isPublicKey(text: string): boolean {
  try {
    return [...readPublicKeys([text]).values()].every((key) => key.asymmetricKeyType === "ed25519");
  } catch {
    return false;
  }
}
