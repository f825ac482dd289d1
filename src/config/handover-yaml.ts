import { z } from "zod";
import { freezeOperations } from "../domain/freeze.ts";
import { checkPolicy } from "../domain/policy/checks.ts";
import { type Complain, readGroups } from "../domain/policy/groups.ts";
import { readPolicy } from "../domain/policy/read-policy.ts";
import {
  groupNameSchema,
  writtenGroupSchema,
  writtenLinksSchema,
  writtenRuleSchema,
} from "../domain/policy/written.ts";
import { readPublicKeys } from "../domain/signing.ts";
import { engineSchema } from "../domain/target.ts";
import { timeZoneOf } from "../domain/wall-clock.ts";
import { catalogue } from "../operations/catalogue.ts";
import { doltAccessSchema } from "./dolt-access.ts";
import { readYaml } from "./read-yaml.ts";

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
  /** The same of its CrateDB nodes. */
  crate: doltAccessSchema.optional(),
});
export type ClusterConfig = z.infer<typeof clusterConfigSchema>;

/** handover.yaml as it is written, shared by edge and worker. It holds no secret. */
export const writtenConfigurationSchema = z.strictObject({
  version: z.literal(1),
  slack: z.strictObject({
    /** The workspace the app is installed in; people of any other are refused. */
    teamId: z.string().regex(/^[TE][A-Z0-9]+$/, "is not the id of a workspace (T…)"),
    /** On Enterprise Grid: the organisation, whose people are then known by their id in it, in whichever workspace. */
    enterpriseId: z
      .string()
      .regex(/^E[A-Z0-9]+$/, "is not the id of an organisation (E…)")
      .optional(),
    /** In which zone a time to begin is meant (`at 02:30`), where the person's Slack profile does not say. */
    timeZone: z
      .string()
      .refine((text) => timeZoneOf(text) !== null, "is no time zone (Europe/Berlin, UTC)")
      .optional(),
    /** Channels in which plans may be shown although people of another organisation read them (Slack Connect). */
    sharedChannels: z
      .array(z.string().regex(/^[CG][A-Z0-9]+$/, "is not the id of a channel (C…), which the channel's details show"))
      .default([]),
  }),
  clusters: z
    .array(clusterConfigSchema)
    .min(1)
    .refine(
      (clusters) => new Set(clusters.map(({ name }) => name)).size === clusters.length,
      "names one cluster twice",
    ),
  /** For commands that name no target, by the channel in which they are typed: one for each engine. */
  channels: z
    .record(
      z.string().regex(/^[CG][A-Z0-9]+$/, "is not the id of a channel (C…), which the channel's details show"),
      z.partialRecord(engineSchema, z.string().min(1)),
    )
    .default({}),
  /** What edges sign approvals with: all that may still be in use. */
  edge: z.strictObject({ publicKeys: z.array(publicKeySchema).min(1) }),
  /** Names for people, so that rules say `@dba` and one place says who that is. */
  groups: z.record(groupNameSchema, writtenGroupSchema).default({}),
  /** Default deny; the first rule that matches decides, and only it. */
  policy: z.array(writtenRuleSchema),
  /** For rules, and targets, that name none of their own. */
  links: writtenLinksSchema.default({}),
  redis: z
    .strictObject({
      /** What keeps Redis' data: its append-only file (the default, and looked at), or, stated by hand, its replicas. */
      durability: z.enum(["aof", "replicated"]).default("aof"),
    })
    .default({ durability: "aof" }),
});

/** The configuration with its policy as it is judged by. A policy that could not mean what it says is an issue with its path. */
export const configurationSchema = writtenConfigurationSchema.transform(
  ({ groups, policy, links, ...rest }, context) => {
    let isGood = true;
    const complain: Complain = (path, message) => {
      isGood = false;
      context.issues.push({ code: "custom", path: [...path], message, input: undefined });
    };
    const read = readPolicy({ groups, policy, links }, complain);
    // What a rule means is not known where it could not be read.
    if (isGood) checkPolicy(read, { operations, clusters: rest.clusters.map(({ name }) => name) }, complain);
    return { ...rest, policy: read, groups: readGroups(groups, () => undefined) };
  },
);
export type Configuration = z.output<typeof configurationSchema>;

const operations = [...catalogue.map(({ name }) => name), ...Object.values(freezeOperations)];

/**
 * Reads handover.yaml. Unknown keys are errors: a misspelt `approvers` must not mean "nobody checked".
 * @param file how the errors name it
 * @throws {HandoverError} `configuration_invalid`, each issue with its line and column
 */
export function readConfiguration(text: string, file: string): Configuration {
  return readYaml(text, file, configurationSchema);
}

function isPublicKey(text: string): boolean {
  try {
    return [...readPublicKeys([text]).values()].every((key) => key.asymmetricKeyType === "ed25519");
  } catch {
    return false;
  }
}
