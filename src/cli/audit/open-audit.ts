import { type AuditEntry, readAudit } from "../../adapters/redis/audit-chain.ts";
import { connectRedis } from "../../adapters/redis/connection.ts";
import { ClusterKeys } from "../../adapters/redis/keys.ts";
import { readAuditSettings } from "../../config/environment.ts";
import type { Configuration } from "../../config/handover-yaml.ts";
import { fail } from "../../domain/errors.ts";
import type { SideSurroundings } from "../side-commands.ts";

/** The audit of one cluster, as far as Redis keeps it. */
export interface OpenAudit {
  readonly cluster: string;
  /** Null where no handover.yaml was found: then nothing is known of the keys that signed. */
  readonly configuration: Configuration | null;
  /** The oldest first. @throws {HandoverError} `redis_away` */
  entries(): AsyncIterable<AuditEntry>;
}

/**
 * Opens the audit for one piece of work, and closes it afterwards.
 * @param given the cluster that was typed; without one, the configuration's only one
 * @throws {HandoverError} `configuration_invalid`, `flag_value`
 */
export async function withAudit<T>(
  given: string | null,
  { environment }: SideSurroundings,
  work: (audit: OpenAudit) => Promise<T>,
): Promise<T> {
  const { redisUrl, configuration } = readAuditSettings(environment);
  const names = configuration?.clusters.map(({ name }) => name) ?? [];
  const cluster = given ?? (names.length === 1 ? names[0] : undefined);
  if (cluster === undefined || (configuration !== null && !names.includes(cluster))) {
    const expected = names.length === 0 ? "the name of a cluster" : `one of: ${names.join(", ")}`;
    throw fail("flag_value", { flag: "--cluster", given: given ?? "", expected });
  }
  const redis = connectRedis(redisUrl, { role: "worker" });
  try {
    return await work({ cluster, configuration, entries: () => readAudit(redis, new ClusterKeys(cluster)) });
  } finally {
    await redis.close();
  }
}
