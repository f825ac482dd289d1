import { z } from "zod";
import { type FreezeWish, freezeWishSchema } from "../../domain/freeze.ts";
import type { FreezeWishes } from "../../ports/freezes.ts";
import type { AuditEvent } from "../../ports/request-store.ts";
import { auditAppendLua } from "./audit-chain.ts";
import type { RedisConnection } from "./connection.ts";
import type { ClusterKeys } from "./keys.ts";
import { clockScript } from "./request-scripts.ts";
import { redisScript, runScript } from "./script.ts";
import { readStored } from "./stored-text.ts";

const nowLua = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
`;

/** Reply: the wish that stands there: this one, or the one recorded before under its id. */
const askScript = redisScript(`${auditAppendLua}${nowLua}
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then append_audit(KEYS[2], ARGV[3], now) end
return redis.call('HGET', KEYS[1], ARGV[1])
`);

/** Reply: 1 settled, 0 when it was settled before. */
const settleScript = redisScript(`${auditAppendLua}${nowLua}
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
append_audit(KEYS[2], ARGV[2], now)
return 1
`);

/** The freezes and liftings of one cluster that no worker has written into it yet. */
export class RedisFreezeWishes implements FreezeWishes {
  readonly #connection: RedisConnection;
  readonly #keys: ClusterKeys;

  constructor(connection: RedisConnection, keys: ClusterKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async ask(build: (nowMs: number) => FreezeWish, audit: AuditEvent): Promise<FreezeWish> {
    const wish = build(z.number().parse(await runScript(this.#connection, clockScript, [], [])));
    const args = [wish.id, JSON.stringify(wish), JSON.stringify(audit)];
    const reply = await runScript(this.#connection, askScript, [this.#keys.freezeWishes, this.#keys.audit], args);
    return readStored(this.#keys.freezeWishes, z.string().parse(reply), freezeWishSchema);
  }

  async pending(): Promise<FreezeWish[]> {
    const texts = await this.#connection.run((client) => client.hvals(this.#keys.freezeWishes));
    const wishes = texts.map((text) => readStored(this.#keys.freezeWishes, text, freezeWishSchema));
    return wishes.sort((a, b) => a.atMs - b.atMs);
  }

  async settle(id: string, audit: AuditEvent): Promise<boolean> {
    const keys = [this.#keys.freezeWishes, this.#keys.audit];
    return (await runScript(this.#connection, settleScript, keys, [id, JSON.stringify(audit)])) === 1;
  }
}
