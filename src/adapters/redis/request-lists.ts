import { z } from "zod";
import { type RequestRecord, requestRecordSchema } from "../../domain/request.ts";
import type { TargetKey } from "../../domain/target.ts";
import type { ListedRequests, RequestLists } from "../../ports/request-lists.ts";
import type { RedisConnection } from "./connection.ts";
import type { ClusterKeys } from "./keys.ts";
import { redisScript, runScript } from "./script.ts";

/** Reply: `{texts of the records, Redis' clock in ms}`. Ids whose record has gone are passed over; who writes the index drops them. */
const listScript = redisScript(`
local t = redis.call('TIME')
local texts = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, tonumber(ARGV[2]) - 1)) do
  local text = redis.call('HGET', ARGV[1] .. id, 'text')
  if text then texts[#texts + 1] = text end
end
return { texts, tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000) }
`);

const listReply = z.tuple([z.array(z.string()), z.number()]);

/** The requests of one cluster in Redis, listed by the indexes that are written with them. */
export class RedisRequestLists implements RequestLists {
  readonly #connection: RedisConnection;
  readonly #keys: ClusterKeys;

  constructor(connection: RedisConnection, keys: ClusterKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  recent(limit: number, target?: Pick<TargetKey, "namespace" | "name">): Promise<ListedRequests> {
    return this.#list(target === undefined ? this.#keys.recent : this.#keys.recentOf(target), limit);
  }

  open(limit: number): Promise<ListedRequests> {
    return this.#list(this.#keys.unsettled, limit);
  }

  async #list(index: string, limit: number): Promise<ListedRequests> {
    const args = [this.#keys.recordPrefix, limit];
    const [texts, nowMs] = listReply.parse(await runScript(this.#connection, listScript, [index], args));
    const records = texts.flatMap((text) => readable(text) ?? []);
    return { records: records.toSorted((a, b) => b.createdAtMs - a.createdAtMs), nowMs };
  }
}

/** One that another version wrote, or somebody broke, hides no other. */
function readable(text: string): RequestRecord | null {
  try {
    return requestRecordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
