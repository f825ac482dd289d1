import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { announcementRetentionMs, RedisAnnouncements } from "../../../src/adapters/redis/announcements.ts";
import { type AuditEntry, isLinked, readAudit } from "../../../src/adapters/redis/audit-chain.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { RedisFaceStore } from "../../../src/adapters/redis/face-store.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import { RedisRequestStore, settledRetentionMs } from "../../../src/adapters/redis/request-store.ts";
import { newRequestRecord } from "../../../src/domain/request.ts";
import { planned, refused } from "../../../src/domain/transitions/planning.ts";
import { deliveryRemembersMs, pressRemembersMs } from "../../../src/ports/request-store.ts";
import { aNewRequest, anEvent, aPlan, orders, unverified } from "../../support/records.ts";

/** What only holds on Redis; what holds of every store stands in the conformance suite. */

let server: RedisServer;
let connection: RedisConnection;
let keys: ClusterKeys;
let requests: RedisRequestStore;
let clusters = 0;

beforeAll(async () => {
  server = await startRedis({ appendOnly: true });
  connection = connectRedis(server.url, { role: "worker" });
});

beforeEach(() => {
  keys = new ClusterKeys(`records-${++clusters}`);
  requests = new RedisRequestStore(connection, keys);
});

afterAll(async () => {
  await connection?.close();
  await server?.close();
});

describe("keys", () => {
  test("all hold the cluster's hash tag, and only those that may be forgotten end by themselves", async () => {
    const { record } = await ask();
    const lock = await new RedisFaceStore(connection, keys).lock(record.id, 30_000);
    await lock?.note({ channelId: "C1", ts: "1.0", drawnRevision: 1, toldEntries: 0, postingSinceMs: null });
    const announcements = new RedisAnnouncements(connection, keys);
    await announcements.announce({ workerId: "w", cluster: "c", version: "1", operations: [], targets: [orders] });
    const tag = `handover:{records-${clusters}}:`;
    const written = (await connection.client.keys("*")).filter((key) => key.includes(`records-${clusters}}`));
    expect(written.every((key) => key.startsWith(tag))).toBe(true);
    const lifetimes = await Promise.all(
      written.map(async (key) => [key.slice(tag.length).split(":")[0], await connection.client.pttl(key)] as const),
    );
    const ending = lifetimes.filter(([, ttl]) => ttl > 0).map(([kind]) => kind);
    expect(ending.sort()).toEqual(["delivery", "face-lock", "press", "recent", "recent"]);
    expectAbout(lifetimes.find(([kind]) => kind === "delivery")?.[1], deliveryRemembersMs);
    expectAbout(lifetimes.find(([kind]) => kind === "press")?.[1], pressRemembersMs);
  });

  test("of a settled request end after their time, and leave the indexes then", async () => {
    const { record, nowMs } = await ask();
    const faces = new RedisFaceStore(connection, keys);
    const lock = await faces.lock(record.id, 30_000);
    await lock?.note({ channelId: "C1", ts: "1.0", drawnRevision: 1, toldEntries: 0, postingSinceMs: null });
    const end = refused(record, [], nowMs);
    if (!end.ok) throw new Error(end.problem.what);
    await requests.compareAndSet(end.record, anEvent());
    expectAbout(await connection.client.pttl(keys.record(record.id)), settledRetentionMs);
    expectAbout(await connection.client.pttl(keys.face(record.id)), settledRetentionMs);
    await lock?.note({ channelId: "C1", ts: "1.0", drawnRevision: 1, toldEntries: 0, postingSinceMs: null });
    expectAbout(await connection.client.pttl(keys.face(record.id)), settledRetentionMs);
    expect(await requests.undrawn()).toEqual([record.id]);
    await connection.client.del(keys.record(record.id));
    expect(await requests.undrawn()).toEqual([]);
    expect(await connection.client.zcard(keys.undrawn)).toBe(0);
  });

  test("cannot be made for a cluster whose name would break out of them", () => {
    for (const name of ["", "a}b", "a:b", "a*", "ü", "a b"]) expect(() => new ClusterKeys(name)).toThrow(TypeError);
  });
});

describe("a record", () => {
  test("that is not one is an error that names its key and fields, never a missing request", async () => {
    const { record } = await ask();
    await connection.client.hset(keys.record(record.id), "text", JSON.stringify({ ...record, state: "s3cret" }));
    const unreadable = { problem: { code: "record_unreadable", what: expect.stringContaining("state") } };
    await expect(requests.read(record.id)).rejects.toMatchObject(unreadable);
    await expect(requests.read(record.id)).rejects.not.toThrow(/s3cret/);
    await connection.client.hset(keys.record(record.id), "text", "{");
    await expect(requests.read(record.id)).rejects.toMatchObject({ problem: { code: "record_unreadable" } });
    await connection.client.hdel(keys.record(record.id), "text");
    await expect(requests.read(record.id)).rejects.toMatchObject({ problem: { code: "record_unreadable" } });
  });

  test("is there with its indexes after Redis was killed and started again, and scripts are loaded anew", async () => {
    const { record } = await ask();
    await server.kill();
    await server.restart();
    await expect
      .poll(
        () =>
          requests.read("r-1").then(
            (read) => read?.record,
            () => null,
          ),
        slow,
      )
      .toEqual(record);
    expect((await requests.unsettled()).ids).toEqual(["r-1"]);
    expect(await requests.undrawn()).toEqual(["r-1"]);
  });
});

describe("the audit", () => {
  test("is one unbroken chain, also when many write at once", async () => {
    const { record, nowMs } = await ask();
    const next = planned(record, unverified(aPlan()), aPlan(), nowMs);
    if (!next.ok) throw new Error(next.problem.what);
    await Promise.all([
      ...Array.from({ length: 30 }, (_, click) => requests.audit(anEvent({ kind: "click", facts: { click } }))),
      ...Array.from({ length: 10 }, () => requests.compareAndSet(next.record, anEvent({ kind: "planned" }))),
    ]);
    const entries = await auditEntries();
    const kinds = entries.map(({ event }) => JSON.parse(event).kind);
    expect(kinds.filter((kind) => kind === "asked")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "click")).toHaveLength(30);
    expect(kinds.filter((kind) => kind === "planned")).toHaveLength(1);
    expect(entries[0]?.previous).toBe("0".repeat(40));
    expect(firstBrokenLink(entries)).toBeNull();
  });

  test("shows an entry that was changed, left out or moved", async () => {
    for (let click = 0; click < 5; click++) await requests.audit(anEvent({ facts: { click } }));
    const entries = await auditEntries();
    const [first, second, third, ...rest] = entries;
    if (first === undefined || second === undefined || third === undefined) throw new Error("too few entries");
    const changed = { ...second, event: second.event.replace('"click":1', '"click":9') };
    expect(firstBrokenLink([first, changed, third, ...rest])?.id).toBe(second.id);
    expect(firstBrokenLink([first, { ...second, atMs: second.atMs + 1 }, third, ...rest])?.id).toBe(second.id);
    expect(firstBrokenLink([first, third, ...rest])?.id).toBe(third.id);
    expect(firstBrokenLink([first, third, second, ...rest])?.id).toBe(third.id);
    expect(firstBrokenLink([second, third, ...rest])).toBeNull();
  });

  test("says nothing of a change that did not happen", async () => {
    const { record } = await ask();
    await requests.compareAndSet({ ...record, revision: 9 }, anEvent());
    await requests.restore(record, anEvent());
    expect(await auditEntries()).toHaveLength(1);
  });
});

describe("announcements", () => {
  test("of a worker unseen for a week are forgotten with the next heartbeat", async () => {
    const announcements = new RedisAnnouncements(connection, keys);
    const worker = { cluster: "c", version: "1", operations: [], targets: [] };
    await announcements.announce({ ...worker, workerId: "gone" });
    await announcements.announce({ ...worker, workerId: "quiet" });
    const nowMs = await requests.nowMs();
    await connection.client.zadd(keys.workersSeen, nowMs - announcementRetentionMs - 60_000, "gone");
    await connection.client.zadd(keys.workersSeen, nowMs - announcementRetentionMs + 60_000, "quiet");
    await announcements.announce({ ...worker, workerId: "here" });
    const { workers } = await announcements.read();
    expect(workers.map(({ workerId }) => workerId)).toEqual(["here", "quiet"]);
    expect(await connection.client.hkeys(keys.workers)).toHaveLength(2);
  });

  test("that this version cannot read do not hide the others", async () => {
    const announcements = new RedisAnnouncements(connection, keys);
    await announcements.announce({ workerId: "w-1", cluster: "c", version: "1", operations: [], targets: [] });
    await announcements.announce({ workerId: "w-2", cluster: "c", version: "1", operations: [], targets: [] });
    await connection.client.hset(keys.workers, "w-2", '{"of":"another version"}');
    expect((await announcements.read()).workers.map(({ workerId }) => workerId)).toEqual(["w-1"]);
  });
});

const slow = { timeout: 20_000, interval: 100 };

function ask() {
  return requests.create({
    deliveryId: "d-1",
    build: (nowMs) => newRequestRecord(aNewRequest(), nowMs),
    audit: anEvent({ kind: "asked" }),
  });
}

async function auditEntries(): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const entry of readAudit(connection, keys)) entries.push(entry);
  return entries;
}

/** A lifetime counts down while the test runs. */
function expectAbout(leftMs: number | undefined, fullMs: number): void {
  expect(leftMs).toBeLessThanOrEqual(fullMs);
  expect(leftMs).toBeGreaterThan(fullMs - 50_000);
}

/** The first entry that is not what was written, or does not follow the one before it. */
function firstBrokenLink(entries: readonly AuditEntry[]): AuditEntry | null {
  return entries.find((entry, index) => !isLinked(entry, entries[index - 1] ?? null)) ?? null;
}
