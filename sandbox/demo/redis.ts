import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { startRedis } from "../redis.ts";

export interface DemoRedis {
  readonly url: string;
  /** Name of the demo's cluster, which its keys are named by. */
  readonly cluster: string;
  close(): Promise<void>;
}

/**
 * A Redis of the demo's own; or the one at `url`, under a cluster's name that no other demo has: what an earlier one left
 * there was signed with other keys. Its keys are deleted at the end.
 */
export async function openRedis(url: string | null): Promise<DemoRedis> {
  if (url !== null) {
    const cluster = `demo-${randomBytes(3).toString("hex")}`;
    return { url, cluster, close: () => deleteKeys(url, [`handover:{${cluster}}:*`, `{handover:${cluster}}:*`]) };
  }
  const server = await startRedis();
  return { url: server.url, cluster: "demo", close: () => server.close() };
}

async function deleteKeys(url: string, patterns: readonly string[]): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    retryStrategy: () => null,
  });
  // Told by the command that fails.
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    for (const pattern of patterns) {
      for await (const keys of redis.scanStream({ match: pattern, count: 500 })) {
        if (Array.isArray(keys) && keys.length > 0) await redis.unlink(keys.map(String));
      }
    }
  } finally {
    redis.disconnect();
  }
}
