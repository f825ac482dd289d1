import { RedisAnnouncements } from "../../adapters/redis/announcements.ts";
import { connectRedis, type RedisConnection } from "../../adapters/redis/connection.ts";
import { unfitness } from "../../adapters/redis/demand.ts";
import { ClusterKeys } from "../../adapters/redis/keys.ts";
import type { Configuration } from "../../config/handover-yaml.ts";
import { HandoverError } from "../../domain/errors.ts";
import { takesRequests } from "../../ports/request-store.ts";
import { clockFinding } from "./clock-checks.ts";
import { bad, type Finding, good, warning } from "./finding.ts";

export interface RedisToLookAt {
  readonly redisUrl: string;
  readonly configuration: Configuration;
  /** The cluster whose worker this environment is for; null for an edge, which reads all of them. */
  readonly ownCluster: string | null;
}

/** Whether Redis may hold records, what its user may read, what its clock says, and whether each cluster's workers live. */
export async function redisFindings(at: RedisToLookAt, nowMs: () => number): Promise<readonly Finding[]> {
  const redis = connectRedis(at.redisUrl, { role: "worker" });
  try {
    const info = await redis.run((client) => client.info());
    const fitness = unfitness(info, at.configuration.redis.durability);
    const fit =
      fitness.length === 0
        ? good("Redis: fit for records", "its version, its eviction policy and its durability are as they have to be")
        : bad(
            "Redis: fit for records",
            fitness.join("; "),
            "Set maxmemory-policy noeviction and appendonly yes; where replicas keep the data, say redis.durability: replicated in handover.yaml.",
          );
    return [fit, await clockOf(redis, nowMs), ...(await separation(redis, at)), ...(await workers(redis, at))];
  } finally {
    await redis.close();
  }
}

async function clockOf(redis: RedisConnection, nowMs: () => number): Promise<Finding> {
  const before = nowMs();
  const [seconds, microseconds] = await redis.run((client) => client.time());
  const after = nowMs();
  return clockFinding("Redis", Number(seconds) * 1_000 + Number(microseconds) / 1_000, before, after);
}

/** A worker's user must not reach another cluster's keys: one cluster taken over must not become all of them. */
async function separation(redis: RedisConnection, { ownCluster }: RedisToLookAt): Promise<readonly Finding[]> {
  if (ownCluster === null) return [];
  const subject = "Redis: clusters kept apart";
  const foreign = new ClusterKeys("another-cluster").workers;
  try {
    await redis.run((client) => client.exists(foreign));
  } catch (error) {
    if (isNoPermission(error)) {
      return [good(subject, `this user cannot read ${foreign}`)];
    }
    throw error;
  }
  const advice = `Give each cluster's workers a user of their own: ACL SETUSER ${ownCluster} on >PASSWORD resetkeys ~handover:{${ownCluster}}:* ~{handover:${ownCluster}}:* +@all -@dangerous +info (docs/decisions/redis-keys.md).`;
  return [warning(subject, `this user can read the keys of every cluster, such as ${foreign}`, advice)];
}

function isNoPermission(error: unknown): boolean {
  if (error instanceof HandoverError) return isNoPermission(error.cause) || error.problem.what.includes("NOPERM");
  return error instanceof Error && error.message.includes("NOPERM");
}

async function workers(redis: RedisConnection, at: RedisToLookAt): Promise<readonly Finding[]> {
  const names = at.ownCluster === null ? at.configuration.clusters.map(({ name }) => name) : [at.ownCluster];
  return await Promise.all(
    names.map(async (name) => {
      const subject = `workers of cluster ${name}`;
      const { workers: announced } = await new RedisAnnouncements(redis, new ClusterKeys(name)).read();
      const alive = announced.filter(takesRequests);
      const [newest] = announced;
      const start =
        "Start one (deploy/worker.yaml), or look at its log; until then every request is refused with the line for the command line.";
      if (newest === undefined) return bad(subject, "none has ever announced itself in this Redis", start);
      if (alive.length === 0) {
        return bad(subject, `none lives: the last one was seen ${Math.round(newest.seenAgoMs / 1_000)} s ago`, start);
      }
      const targets = new Set(
        alive.flatMap((worker) => worker.targets.map(({ namespace, name: target }) => `${namespace}/${target}`)),
      );
      const what = `${alive.length} of version ${[...new Set(alive.map(({ version }) => version))].join(", ")}; targets: ${[...targets].join(", ") || "none"}`;
      return targets.size > 0
        ? good(subject, what)
        : warning(subject, what, "Annotate a workload in a namespace that the worker watches (docs/annotations.md).");
    }),
  );
}
