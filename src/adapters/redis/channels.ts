import { z } from "zod";
import type { ChannelState, KnownChannel, KnownChannels } from "../../ports/channels.ts";
import type { RedisConnection } from "./connection.ts";
import type { ClusterKeys } from "./keys.ts";
import { redisScript, runScript } from "./script.ts";

/** Older than this, what is known of a channel counts for nothing: it can be shared at any moment. */
export const oldestChannelMs = 5 * 60_000;
/** A channel that nobody asked in for so long is forgotten with the cluster's others, unless a worker keeps them. */
const retentionMs = 7 * 24 * 60 * 60_000;

const now = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
`;

const readScript = redisScript(`${now}
return { string.format('%.0f', now), redis.call('HGET', KEYS[1], ARGV[1]) }
`);

/** Fields: `ID` what Slack said, after `asOfMs`; `ID noted` when an edge noted it. ARGV: id, text, retention, whether an edge notes it. */
const writeScript = redisScript(`${now}
local stamp = string.format('%.0f', now)
redis.call('HSET', KEYS[1], ARGV[1], stamp .. ' ' .. ARGV[2])
if ARGV[4] == '1' then redis.call('HSET', KEYS[1], ARGV[1] .. ' noted', stamp) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`);

const forgetScript = redisScript(`
redis.call('HDEL', KEYS[1], ARGV[1], ARGV[1] .. ' noted')
return 1
`);

const holdScript = redisScript(`${now}
local keeper = redis.call('GET', KEYS[2])
if keeper and keeper ~= ARGV[1] then return false end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return { string.format('%.0f', now), redis.call('HGETALL', KEYS[1]) }
`);

const stateSchema = z.object({ isShared: z.boolean(), isArchived: z.boolean(), hasApp: z.boolean().nullable() });

/** What one cluster knows of channels, in Redis. */
export class RedisChannels implements KnownChannels {
  readonly #connection: RedisConnection;
  readonly #keys: Pick<ClusterKeys, "channels" | "channelsKeeper">;

  constructor(connection: RedisConnection, keys: Pick<ClusterKeys, "channels" | "channelsKeeper">) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async read(channelId: string): Promise<ChannelState | null> {
    const reply = await runScript(this.#connection, readScript, [this.#keys.channels], [channelId]);
    const [nowMs, text] = z.tuple([z.coerce.number(), z.string().nullable()]).parse(reply);
    const entry = text === null ? null : entryOf(text);
    return entry !== null && nowMs - entry.asOfMs <= oldestChannelMs ? entry.state : null;
  }

  async note(channelId: string, state: ChannelState): Promise<void> {
    await this.#write(channelId, state, true);
  }

  async hold(keeper: string, holdMs: number) {
    const keys = [this.#keys.channels, this.#keys.channelsKeeper];
    const reply = await runScript(this.#connection, holdScript, keys, [keeper, holdMs]);
    if (reply === null) return null;
    const [nowMs, fields] = z.tuple([z.coerce.number(), z.array(z.string())]).parse(reply);
    return { channels: channelsOf(fields), nowMs };
  }

  async refresh(channelId: string, state: ChannelState | null): Promise<void> {
    if (state === null) await runScript(this.#connection, forgetScript, [this.#keys.channels], [channelId]);
    else await this.#write(channelId, state, false);
  }

  async #write(channelId: string, state: ChannelState, isNoted: boolean): Promise<void> {
    const args = [channelId, JSON.stringify(state), retentionMs, isNoted ? 1 : 0];
    await runScript(this.#connection, writeScript, [this.#keys.channels], args);
  }
}

/** What another version wrote counts as not there. */
function entryOf(text: string): { readonly asOfMs: number; readonly state: ChannelState } | null {
  const [, stamp, json] = /^(\d+) (.*)$/s.exec(text) ?? [];
  if (stamp === undefined || json === undefined) return null;
  try {
    return { asOfMs: Number(stamp), state: stateSchema.parse(JSON.parse(json)) };
  } catch {
    return null;
  }
}

function channelsOf(fields: readonly string[]): KnownChannel[] {
  const texts = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) texts.set(fields[index] ?? "", fields[index + 1] ?? "");
  return [...texts]
    .filter(([field]) => !field.endsWith(" noted"))
    .map(([channelId, text]) => ({
      channelId,
      asOfMs: entryOf(text)?.asOfMs ?? 0,
      notedAtMs: Number(texts.get(`${channelId} noted`) ?? 0),
    }))
    .toSorted((a, b) => a.asOfMs - b.asOfMs);
}
