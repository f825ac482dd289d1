import { z } from "zod";
import { type Membership, oldestMembershipMs } from "../../domain/memberships.ts";
import type {
  KeptMembership,
  KeptMemberships,
  MembershipSnapshot,
  MembershipSnapshots,
} from "../../ports/memberships.ts";
import type { RedisConnection } from "./connection.ts";
import type { ClusterKeys } from "./keys.ts";
import { redisScript, runScript } from "./script.ts";

/** Nobody relies on it after minutes; a cluster that is gone leaves nothing behind. */
const retentionMs = 24 * 60 * 60_000;

const now = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
`;

const readScript = redisScript(`${now}
return { string.format('%.0f', now), redis.call('HGETALL', KEYS[1]) }
`);

const holdScript = redisScript(`${now}
local keeper = redis.call('GET', KEYS[2])
if keeper and keeper ~= ARGV[1] then return false end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return { string.format('%.0f', now), redis.call('HGETALL', KEYS[1]) }
`);

/** ARGV: keeper, retention, how many entries are written, each with its text, then those that go. */
const writeScript = redisScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local last = 3 + 2 * tonumber(ARGV[3])
for i = 4, last, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = last + 1, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`);

const releaseScript = redisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`);

const reply = z.tuple([z.coerce.number(), z.array(z.string())]);

const answerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("members"), members: z.array(z.string()) }),
  z.object({ kind: z.literal("nobody"), why: z.string() }),
]);
const entrySchema = z.object({
  known: z.object({ answer: answerSchema, asOfMs: z.number() }).nullable(),
  trouble: z.object({ why: z.string(), atMs: z.number() }).nullable(),
});

/** What one cluster's workers know of who is in which group, in Redis. */
export class RedisMemberships implements MembershipSnapshots, KeptMemberships {
  readonly #connection: RedisConnection;
  readonly #keys: Pick<ClusterKeys, "memberships" | "membershipsKeeper">;

  constructor(connection: RedisConnection, keys: Pick<ClusterKeys, "memberships" | "membershipsKeeper">) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async read(): Promise<MembershipSnapshot> {
    const [nowMs, fields] = reply.parse(await this.#run(readScript, [this.#keys.memberships], []));
    const entries = [...entriesOf(fields)];
    return { memberships: new Map(entries.map(([key, entry]) => [key, membershipOf(entry, nowMs)])), nowMs };
  }

  async hold(keeper: string, holdMs: number) {
    const answer = await this.#run(holdScript, this.#both, [keeper, holdMs]);
    if (answer === null) return null;
    const [nowMs, fields] = reply.parse(answer);
    return { entries: entriesOf(fields), nowMs };
  }

  async write(keeper: string, entries: ReadonlyMap<string, KeptMembership>, gone: readonly string[]): Promise<void> {
    const texts = [...entries].flatMap(([key, entry]) => [key, JSON.stringify(entry)]);
    await this.#run(writeScript, this.#both, [keeper, retentionMs, entries.size, ...texts, ...gone]);
  }

  async release(keeper: string): Promise<void> {
    await this.#run(releaseScript, [this.#keys.membershipsKeeper], [keeper]);
  }

  get #both(): readonly string[] {
    return [this.#keys.memberships, this.#keys.membershipsKeeper];
  }

  #run(script: ReturnType<typeof redisScript>, keys: readonly string[], args: readonly (string | number)[]) {
    return runScript(this.#connection, script, keys, args);
  }
}

/** What another version wrote, or somebody else, counts as not there: it is looked up again. */
function entriesOf(fields: readonly string[]): Map<string, KeptMembership> {
  const entries = new Map<string, KeptMembership>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [key = "", text = ""] = fields.slice(index, index + 2);
    const entry = entryOf(text);
    if (entry !== null) entries.set(key, entry);
  }
  return entries;
}

function entryOf(text: string): KeptMembership | null {
  try {
    return entrySchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function membershipOf({ known, trouble }: KeptMembership, nowMs: number): Membership {
  if (known === null) return { unknown: trouble?.why ?? "nobody has looked it up yet" };
  const { answer, asOfMs } = known;
  if (answer.kind === "nobody") return { unknown: answer.why };
  const ageMs = nowMs - asOfMs;
  if (ageMs <= oldestMembershipMs) return { members: answer.members, asOfMs };
  const since = trouble === null ? "no worker has looked since" : `since then ${trouble.why}`;
  return { unknown: `it was last found out ${Math.floor(ageMs / 60_000)} min ago, and ${since}` };
}
