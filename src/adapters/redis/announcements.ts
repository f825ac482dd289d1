import { z } from "zod";
import { announcedFreezeSchema } from "../../domain/freeze.ts";
import { announcedTargetSchema } from "../../domain/target.ts";
import type { Announcements, WorkerAnnouncement } from "../../ports/request-store.ts";
import type { RedisConnection } from "./connection.ts";
import type { ClusterKeys } from "./keys.ts";
import { redisScript, runScript } from "./script.ts";

/** How long it can still be told when a worker was last seen. */
export const announcementRetentionMs = 7 * 24 * 60 * 60_000;

const announcementSchema = z.object({
  workerId: z.string().min(1),
  cluster: z.string().min(1),
  version: z.string(),
  operations: z.array(z.string()),
  targets: z.array(announcedTargetSchema),
  freezes: z.array(announcedFreezeSchema).optional(),
  stopping: z.boolean().optional(),
});

const announceScript = redisScript(`
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local workers, seen = KEYS[1], KEYS[2]
redis.call('HSET', workers, ARGV[1], ARGV[2])
redis.call('ZADD', seen, string.format('%.0f', now), ARGV[1])
local oldest_kept = string.format('(%.0f', now - tonumber(ARGV[3]))
for _, id in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', oldest_kept)) do
  redis.call('HDEL', workers, id)
  redis.call('ZREM', seen, id)
end
return 1
`);

/** Reply: a row a worker, the newest first: `{text, milliseconds since it was seen}`. */
const readScript = redisScript(`
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local rows = {}
local seen = redis.call('ZREVRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for i = 1, #seen, 2 do
  local text = redis.call('HGET', KEYS[1], seen[i])
  if text then rows[#rows + 1] = { text, math.max(0, now - tonumber(seen[i + 1])) } end
end
return rows
`);

const readReply = z.array(z.tuple([z.string(), z.number()]));

/** The heartbeats of one cluster's workers in Redis. */
export class RedisAnnouncements implements Announcements {
  readonly #connection: RedisConnection;
  readonly #keys: ClusterKeys;

  constructor(connection: RedisConnection, keys: ClusterKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async announce(worker: WorkerAnnouncement): Promise<void> {
    await runScript(
      this.#connection,
      announceScript,
      [this.#keys.workers, this.#keys.workersSeen],
      [worker.workerId, JSON.stringify(worker), announcementRetentionMs],
    );
  }

  /** An announcement that this version cannot read counts as none: an old worker's last word must not block the new ones. */
  async read(): Promise<{ workers: (WorkerAnnouncement & { seenAgoMs: number })[] }> {
    const reply = await runScript(this.#connection, readScript, [this.#keys.workers, this.#keys.workersSeen], []);
    const workers = readReply.parse(reply).flatMap(([text, seenAgoMs]) => {
      const worker = readable(text);
      return worker === null ? [] : [{ ...worker, seenAgoMs }];
    });
    return { workers };
  }
}

function readable(text: string): WorkerAnnouncement | null {
  try {
    return announcementSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
