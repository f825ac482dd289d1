import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startConsumer } from "../../../queue/consumer.ts";
import { QueueWakeUp } from "../../../queue/producer.ts";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { RedisAnnouncements } from "../../../src/adapters/redis/announcements.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { demandRedis } from "../../../src/adapters/redis/demand.ts";
import { RedisFaceStore } from "../../../src/adapters/redis/face-store.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import { RedisRequestStore } from "../../../src/adapters/redis/request-store.ts";
import { newRequestRecord } from "../../../src/domain/request.ts";
import { aNewRequest, anEvent } from "../../support/records.ts";

/** The rights of a cluster's own Redis user, as docs/decisions/redis-keys.md names them. */
const rightsOf = (cluster: string) => [
  `~handover:{${cluster}}:*`,
  `~{handover:${cluster}}:*`,
  "+@all",
  "-@admin",
  "-@dangerous",
  "+info",
];

let server: RedisServer;
let owner: RedisConnection;
let connection: RedisConnection;
let url = "";

beforeAll(async () => {
  server = await startRedis({ appendOnly: true });
  owner = connectRedis(server.url, { role: "worker" });
  await owner.run((client) => client.acl("SETUSER", "main-worker", "on", ">secret", "resetkeys", ...rightsOf("main")));
  url = `redis://main-worker:secret@127.0.0.1:${server.port}`;
  connection = connectRedis(url, { role: "worker" });
});

afterEach(async () => {
  await owner.run((client) => client.flushall());
});

afterAll(async () => {
  await connection?.close();
  await owner?.close();
  await server?.close();
});

describe("a cluster's own Redis user", () => {
  test("can do all that its workers do", async () => {
    await demandRedis(connection, "aof");
    const keys = new ClusterKeys("main");
    const requests = new RedisRequestStore(connection, keys);
    const created = await requests.create({ deliveryId: "d", build: build("r-1"), audit: anEvent() });
    expect((await requests.create({ deliveryId: "d", build: build("r-2"), audit: anEvent() })).kind).toBe("existing");
    expect((await requests.unsettled()).ids).toEqual([created.record.id]);
    const lock = await new RedisFaceStore(connection, keys).lock("r-1", 30_000);
    expect(lock).not.toBeNull();
    await lock?.release();
    expect(await new RedisAnnouncements(connection, keys).read()).toEqual({ workers: [] });

    const handled: string[] = [];
    const consumer = startConsumer({
      url,
      cluster: "main",
      kind: "plan",
      concurrency: 1,
      handle: async (id) => void handled.push(id),
      onProblem: (problem) => handled.push(problem.what),
    });
    const wakeUp = new QueueWakeUp(connection, "main");
    try {
      await wakeUp.wake("plan", "r-1", 1);
      await expect.poll(() => handled).toEqual(["r-1"]);
      await expect.poll(() => consumer.consumption()).toMatchObject({ waiting: 0, active: 0, taken: 1 });
    } finally {
      await wakeUp.close();
      await consumer.close(5_000);
    }
  });

  test("can neither read nor change another cluster's records or queues", async () => {
    const refused = { problem: { code: "redis_away", what: expect.stringContaining("NOPERM") } };
    const others = new RedisRequestStore(connection, new ClusterKeys("main-2"));
    await expect(others.read("r-1")).rejects.toMatchObject(refused);
    await expect(others.create({ deliveryId: "d", build: build("r-1"), audit: anEvent() })).rejects.toMatchObject(
      refused,
    );
    await expect(others.unsettled()).rejects.toMatchObject(refused);
    const wakeUp = new QueueWakeUp(connection, "main-2");
    await expect(wakeUp.wake("plan", "r-1", 1)).rejects.toMatchObject(refused);
    await wakeUp.close();
    expect(await owner.run((client) => client.dbsize())).toBe(0);
  });
});

function build(id: string) {
  return (nowMs: number) => newRequestRecord(aNewRequest({ id }), nowMs);
}
