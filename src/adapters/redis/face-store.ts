import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Face, FaceLock, FaceStore } from "../../ports/request-store.ts";
import type { RedisConnection } from "./connection.ts";
import type { ClusterKeys } from "./keys.ts";
import { settledRetentionMs } from "./request-store.ts";
import { redisScript, runScript } from "./script.ts";
import { readStored } from "./stored-text.ts";

const faceSchema = z.object({
  channelId: z.string(),
  ts: z.string().nullable(),
  drawnRevision: z.number().int().min(0),
  toldEntries: z.number().int().min(0),
  postingSinceMs: z.number().int().nullable(),
  drawnAtMs: z.number().int().optional(),
  unsureSinceMs: z.number().int().optional(),
});

/** Reply: `{1 when locked, text of the face or false}`. */
const lockScript = redisScript(`
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return { 0, false } end
return { 1, redis.call('GET', KEYS[2]) }
`);

/** Reply: 1 noted, 0 when the lock is another's or has run out. */
const noteScript = redisScript(`
local lock, face, record, undrawn = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, id, text, posted, drawn, told, retention_ms = unpack(ARGV)
if redis.call('GET', lock) ~= token then return 0 end
redis.call('SET', face, text)
local fields = redis.call('HMGET', record, 'revision', 'storyEntries', 'settled', 'updatedAtMs')
if not fields[1] or fields[3] == '1' then redis.call('PEXPIRE', face, retention_ms) end
local shown = fields[1] and posted == '1' and tonumber(drawn) >= tonumber(fields[1])
  and tonumber(told) >= tonumber(fields[2])
if shown or not fields[1] then
  redis.call('ZREM', undrawn, id)
else
  redis.call('ZADD', undrawn, fields[4], id)
end
return 1
`);

const releaseScript = redisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`);

const lockReply = z.union([z.tuple([z.literal(0), z.null()]), z.tuple([z.literal(1), z.string().nullable()])]);

/** The faces of one cluster's requests in Redis. */
export class RedisFaceStore implements FaceStore {
  readonly #connection: RedisConnection;
  readonly #keys: ClusterKeys;

  constructor(connection: RedisConnection, keys: ClusterKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async read(requestId: string): Promise<Face | null> {
    const text = await this.#connection.run((client) => client.get(this.#keys.face(requestId)));
    return this.#parse(requestId, text);
  }

  async lock(requestId: string, holdMs: number): Promise<FaceLock | null> {
    const keys = this.#keys;
    const lockKey = keys.faceLock(requestId);
    const token = randomUUID();
    const taken = await runScript(this.#connection, lockScript, [lockKey, keys.face(requestId)], [token, holdMs]);
    const [locked, text] = lockReply.parse(taken);
    if (locked === 0) return null;
    return {
      face: this.#parse(requestId, text),
      note: async (face) => {
        const noted = await runScript(
          this.#connection,
          noteScript,
          [lockKey, keys.face(requestId), keys.record(requestId), keys.undrawn],
          [
            token,
            requestId,
            JSON.stringify(face),
            face.ts === null || face.unsureSinceMs !== undefined ? "0" : "1",
            face.drawnRevision,
            face.toldEntries,
            settledRetentionMs,
          ],
        );
        return noted === 1;
      },
      release: async () => {
        // Said as a last word, often after something failed already: what cannot be given back now runs out by itself.
        await runScript(this.#connection, releaseScript, [lockKey], [token]).catch(() => undefined);
      },
    };
  }

  #parse(requestId: string, text: string | null): Face | null {
    return text === null ? null : readStored(this.#keys.face(requestId), text, faceSchema);
  }
}
