import { fail } from "../../domain/errors.ts";
import type { RedisConnection } from "./connection.ts";

/** How the operator says that writes survive: an append-only file that Redis shows, or replicas that Redis cannot prove. */
export type RedisDurability = "aof" | "replicated";

const leastVersion = [6, 2] as const;

/**
 * Looks whether this Redis may hold records, by INFO alone: CONFIG is closed on many managed services.
 * @throws {HandoverError} `redis_unfit` with every reason, or `redis_away`
 */
export async function demandRedis(connection: RedisConnection, durability: RedisDurability): Promise<void> {
  const reasons = unfitness(await connection.run((client) => client.info()), durability);
  if (reasons.length > 0) throw fail("redis_unfit", { reasons });
}

/** Why this INFO text speaks against a Redis; empty when nothing does. What INFO does not tell counts against it. */
export function unfitness(info: string, durability: RedisDurability): string[] {
  const facts = new Map(info.split(/\r?\n/).map((line) => split(line)));
  const version = facts.get("redis_version") ?? "untold";
  const policy = facts.get("maxmemory_policy") ?? "untold";
  const reasons: string[] = [];
  if (!isNewEnough(version)) reasons.push(`its version is ${version}, and ${leastVersion.join(".")} is the least`);
  if (policy !== "noeviction") reasons.push(`maxmemory-policy is ${policy}, so records could be evicted`);
  if (durability === "aof" && facts.get("aof_enabled") !== "1") {
    reasons.push("appendonly is off, so a restart would forget records");
  }
  return reasons;
}

function split(line: string): [string, string] {
  const colon = line.indexOf(":");
  return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor, leastMinor] = leastVersion;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
