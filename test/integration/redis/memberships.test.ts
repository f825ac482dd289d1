import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import { RedisMemberships } from "../../../src/adapters/redis/memberships.ts";
import { RedisOnce } from "../../../src/adapters/redis/once.ts";
import type { KeptMembership, KnownAnswer } from "../../../src/ports/memberships.ts";

const keys = new ClusterKeys("main");
let server: RedisServer;
let connection: RedisConnection;
let memberships: RedisMemberships;

beforeAll(async () => {
  server = await startRedis();
  connection = connectRedis(server.url, { role: "worker" });
  memberships = new RedisMemberships(connection, keys);
});
beforeEach(async () => {
  await connection.run((client) => client.flushall());
});
afterAll(async () => {
  await connection?.close();
  await server?.close();
});

const bob: KnownAnswer = { kind: "members", members: ["UBOB"] };
const known = (answer: KnownAnswer, asOfMs: number): KeptMembership => ({ known: { answer, asOfMs }, trouble: null });

async function hold(keeper: string, forMs = 30_000) {
  const held = await memberships.hold(keeper, forMs);
  if (held === null) throw new Error(`${keeper} does not keep it`);
  return held;
}

async function kept(entry: (nowMs: number) => KeptMembership) {
  const { nowMs } = await hold("w-1");
  await memberships.write("w-1", new Map([["usergroup:S1", entry(nowMs)]]), []);
  const snapshot = await memberships.read();
  return { nowMs, membership: snapshot.memberships.get("usergroup:S1"), snapshot };
}

describe("the snapshot of who is in which group", () => {
  test("tells members with when they were found out", async () => {
    const { nowMs, membership, snapshot } = await kept((at) => known(bob, at - 60_000));
    expect(membership).toEqual({ members: ["UBOB"], asOfMs: nowMs - 60_000 });
    expect(snapshot.nowMs).toBeGreaterThanOrEqual(nowMs);
  });

  test("keeps telling an older answer while nobody says anything newer", async () => {
    const trouble = (atMs: number) => ({ why: "Slack did not answer in time", atMs });
    const { nowMs, membership } = await kept((at) => ({ ...known(bob, at - 4 * 60_000), trouble: trouble(at) }));
    expect(membership).toEqual({ members: ["UBOB"], asOfMs: nowMs - 4 * 60_000 });
  });

  test("tells nothing that is older than five minutes, but since when and why", async () => {
    const trouble = (atMs: number) => ({ why: "Slack did not answer in time", atMs });
    const old = await kept((at) => ({ ...known(bob, at - 6 * 60_000), trouble: trouble(at) }));
    expect(old.membership).toEqual({
      unknown: "it was last found out 6 min ago, and since then Slack did not answer in time",
    });
    const abandoned = await kept((at) => known(bob, at - 6 * 60_000));
    expect(abandoned.membership).toEqual({
      unknown: "it was last found out 6 min ago, and no worker has looked since",
    });
  });

  test("tells why somebody is nobody, and why nothing was ever found out", async () => {
    const gone = await kept((at) => known({ kind: "nobody", why: "this Slack group was disabled" }, at));
    expect(gone.membership).toEqual({ unknown: "this Slack group was disabled" });
    const never = await kept((at) => ({ known: null, trouble: { why: "PagerDuty answered 500", atMs: at } }));
    expect(never.membership).toEqual({ unknown: "PagerDuty answered 500" });
  });

  test("counts what another version, or somebody else, wrote as not there", async () => {
    await connection.run((client) => client.hset(keys.memberships, "usergroup:S1", '{"members":["UEVE"]}'));
    await connection.run((client) => client.hset(keys.memberships, "usergroup:S2", "no JSON"));
    expect((await memberships.read()).memberships.size).toBe(0);
    expect((await hold("w-1")).entries.size).toBe(0);
  });

  test("is kept by one worker at a time", async () => {
    await hold("w-1");
    expect(await memberships.hold("w-2", 30_000)).toBeNull();
    await hold("w-1");
    await memberships.write("w-2", new Map([["usergroup:S1", known(bob, 1)]]), []);
    expect(await connection.run((client) => client.exists(keys.memberships))).toBe(0);
    await memberships.release("w-2");
    expect(await memberships.hold("w-2", 30_000)).toBeNull();
    await memberships.release("w-1");
    await hold("w-2");
    expect(await memberships.hold("w-1", 30_000)).toBeNull();
  });

  test("is taken over when its keeper fell silent", async () => {
    await hold("w-1", 50);
    await expect.poll(async () => (await memberships.hold("w-2", 30_000)) !== null).toBe(true);
  });

  test("forgets what it is told to forget, and everything a day after the last look", async () => {
    const { nowMs } = await hold("w-1");
    const entries = new Map(["usergroup:S1", "email:a@example.com"].map((key) => [key, known(bob, nowMs)]));
    await memberships.write("w-1", entries, []);
    await memberships.write("w-1", new Map(), ["usergroup:S1"]);
    expect([...(await memberships.read()).memberships.keys()]).toEqual(["email:a@example.com"]);
    const leftMs = await connection.run((client) => client.pttl(keys.memberships));
    expect(leftMs).toBeGreaterThan(23 * 60 * 60_000);
    expect(leftMs).toBeLessThanOrEqual(24 * 60 * 60_000);
  });
});

describe("what is done once", () => {
  test("is one worker's while it is in hand, the next one's when that fell silent, and nobody's when it is done", async () => {
    const once = new RedisOnce(connection, keys);
    expect(await once.begin("told:r-1", 50)).toBe(true);
    expect(await once.begin("told:r-2", 50)).toBe(true);
    await expect.poll(() => once.begin("told:r-1", 60_000)).toBe(true);
    expect(await once.begin("told:r-1", 60_000)).toBe(false);
    await once.done("told:r-1");
    expect(await once.begin("told:r-1", 1)).toBe(false);
    expect(await connection.run((client) => client.pttl(keys.once("told:r-1")))).toBeGreaterThan(29 * 24 * 60 * 60_000);
  });
});
