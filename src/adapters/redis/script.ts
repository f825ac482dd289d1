import { createHash } from "node:crypto";
import type { RedisConnection } from "./connection.ts";

/** A Lua script: Redis runs it whole, with no other command in between. */
export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
}

export function redisScript(lua: string): RedisScript {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/** Runs a script by its digest, or by its text on a Redis that does not hold it yet. The reply still has to be parsed. */
export function runScript(
  connection: RedisConnection,
  script: RedisScript,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  return connection.run(async (client) => {
    try {
      return await client.evalsha(script.sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await client.eval(script.lua, keys.length, ...keys, ...args);
    }
  });
}
