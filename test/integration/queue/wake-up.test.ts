import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Consumer, type ConsumerOptions, startConsumer } from "../../../queue/consumer.ts";
import { closeQueue, openQueue, QueueWakeUp } from "../../../queue/producer.ts";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import { RedisRequestStore } from "../../../src/adapters/redis/request-store.ts";
import type { Problem } from "../../../src/domain/errors.ts";
import { newRequestRecord } from "../../../src/domain/request.ts";
import { aNewRequest, anEvent } from "../../support/records.ts";

let server: RedisServer;
let connection: RedisConnection;
let wakeUp: QueueWakeUp;
let cluster = "";
let clusters = 0;
const consumers: Consumer[] = [];
const handled: string[] = [];
const problems: Problem[] = [];

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  await server?.close();
});

beforeEach(() => {
  cluster = `queue-${++clusters}`;
  connection = connectRedis(server.url, { role: "worker" });
  wakeUp = new QueueWakeUp(connection, cluster);
  handled.length = 0;
  problems.length = 0;
});

afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.close(1_000)));
  await wakeUp.close();
  await connection.close();
});

describe("a wake-up", () => {
  test("reaches the handler of its kind", async () => {
    consume({ kind: "plan" });
    consume({ kind: "execute", handle: async (id) => void handled.push(`execute ${id}`) });
    await wakeUp.wake("plan", "r-1", 1);
    await wakeUp.wake("execute", "r-1", 3);
    await expect.poll(() => [...handled].sort()).toEqual(["execute r-1", "r-1"]);
  });

  test("is one job, however often it is sent while it waits or runs", async () => {
    const gate = Promise.withResolvers<void>();
    await Promise.all([wakeUp.wake("plan", "r-1", 1), wakeUp.wake("plan", "r-1", 1), wakeUp.wake("plan", "r-1", 1)]);
    const consumer = consume({
      handle: async (id) => {
        handled.push(id);
        await gate.promise;
      },
    });
    await expect.poll(() => handled).toEqual(["r-1"]);
    await wakeUp.wake("plan", "r-1", 1);
    expect(await consumer.consumption()).toEqual({ waiting: 0, active: 1, handling: 1, taken: 1 });
    gate.resolve();
    await expect.poll(() => consumer.consumption()).toEqual({ waiting: 0, active: 0, handling: 0, taken: 1 });
  });

  test("can be sent again as soon as it was handled, well or not", async () => {
    let fails = true;
    const consumer = consume({
      handle: async (id) => {
        handled.push(id);
        if (fails) throw new Error("the handler's own trouble");
      },
    });
    await wakeUp.wake("plan", "r-1", 1);
    await expect.poll(() => problems.map(({ what }) => what)).toEqual([expect.stringContaining("own trouble")]);
    await idle(consumer);
    fails = false;
    await wakeUp.wake("plan", "r-1", 1);
    await expect.poll(() => handled).toEqual(["r-1", "r-1"]);
  });

  test("is not blocked by the remains of its own job", async () => {
    await wakeUp.wake("plan", "r-1", 1);
    await connection.client.del(`{handover:${cluster}}:plan:wait`, `{handover:${cluster}}:plan:marker`);
    consume({});
    await wakeUp.wake("plan", "r-1", 1);
    await expect.poll(() => handled).toEqual(["r-1"]);
  });

  test("that nobody wrote like this is dropped and told", async () => {
    const consumer = consume({});
    await connection.run(async () => {
      const queue = openQueue(connection, cluster, "plan");
      const forged = { requestId: "r-1", revision: 1, extra: "rm -rf" };
      await queue.add("plan", forged);
      await closeQueue(queue);
    });
    await expect.poll(() => problems.length).toBe(1);
    await idle(consumer);
    expect(problems[0]?.what).not.toContain("rm -rf");
    expect(handled).toEqual([]);
  });
});

describe("when every key of BullMQ is deleted", () => {
  test("no record is lost, and the next wake-up reaches the consumer that waits already", async () => {
    const requests = new RedisRequestStore(connection, new ClusterKeys(cluster));
    const { record } = await requests.create({
      deliveryId: "d-1",
      build: (nowMs) => newRequestRecord(aNewRequest(), nowMs),
      audit: anEvent(),
    });
    await wakeUp.wake("plan", "r-1", 1);
    const keys = await connection.client.keys(`{handover:${cluster}}:*`);
    expect(keys.length).toBeGreaterThan(0);
    await connection.client.del(...keys);
    consume({});
    expect((await requests.read("r-1"))?.record).toEqual(record);
    expect((await requests.unsettled()).ids).toEqual(["r-1"]);
    await wakeUp.wake("plan", "r-1", 1);
    await expect.poll(() => handled).toEqual(["r-1"]);
  });
});

describe("when Redis goes away", () => {
  test("consumption goes on by itself as soon as Redis is back, empty as it may be", async () => {
    const consumer = consume({});
    await wakeUp.wake("plan", "r-1", 1);
    await idle(consumer);
    await server.kill();
    await expect(wakeUp.wake("plan", "r-2", 1)).rejects.toMatchObject({ problem: { code: "redis_away" } });
    await server.restart();
    await expect.poll(() => wakeUp.wake("plan", "r-3", 1).then(() => "sent"), slow).toBe("sent");
    await expect.poll(() => handled, slow).toEqual(["r-1", "r-3"]);
    expect(problems.map(({ code }) => code)).toContain("redis_away");
  });

  test("a job that was being handled is finished without it, and consumption goes on", async () => {
    const gate = Promise.withResolvers<void>();
    consume({
      handle: async (id) => {
        if (id === "r-1") await gate.promise;
        handled.push(id);
      },
    });
    await wakeUp.wake("plan", "r-1", 1);
    await expect.poll(() => connection.client.llen(`{handover:${cluster}}:plan:active`)).toBe(1);
    await server.kill();
    gate.resolve();
    await server.restart();
    await expect.poll(() => wakeUp.wake("plan", "r-2", 1).then(() => "sent"), slow).toBe("sent");
    await expect.poll(() => handled, slow).toEqual(["r-1", "r-2"]);
  });

  test("a Redis that answers nothing is an error within the deadline, not a wait", async () => {
    await wakeUp.wake("plan", "r-1", 1);
    server.freeze();
    try {
      await expect(wakeUp.wake("plan", "r-2", 1)).rejects.toMatchObject({ problem: { code: "redis_away" } });
    } finally {
      server.thaw();
    }
    await expect.poll(() => wakeUp.wake("plan", "r-2", 1).then(() => "sent"), slow).toBe("sent");
  });
});

describe("closing", () => {
  test("aborts the handlers and waits for them", async () => {
    const consumer = consume({
      handle: async (id, signal) => {
        handled.push(id);
        await aborted(signal);
        handled.push(`${id} stopped`);
      },
    });
    await wakeUp.wake("plan", "r-1", 1);
    await expect.poll(() => handled).toEqual(["r-1"]);
    await consumer.close(10_000);
    expect(handled).toEqual(["r-1", "r-1 stopped"]);
  });

  test("leaves a handler behind that does not stop, and its job in the queue", async () => {
    const gate = Promise.withResolvers<void>();
    const consumer = consume({
      handle: async (id) => {
        handled.push(id);
        await gate.promise;
      },
    });
    await wakeUp.wake("plan", "r-1", 1);
    await expect.poll(() => handled).toEqual(["r-1"]);
    await consumer.close(50);
    expect(await connection.client.llen(`{handover:${cluster}}:plan:active`)).toBe(1);
    gate.resolve();
  });

  test("hands what was left behind to another worker long before a plan expires", async () => {
    const never = consume({ handle: () => new Promise(() => undefined) });
    await wakeUp.wake("plan", "r-1", 1);
    await expect.poll(() => never.consumption()).toMatchObject({ handling: 1 });
    await never.close(0);
    consume({});
    await expect.poll(() => handled, { timeout: 30_000, interval: 200 }).toEqual(["r-1"]);
  });

  test("ends also while Redis is away", async () => {
    const consumer = consume({ handle: async (_id, signal) => await aborted(signal) });
    await wakeUp.wake("plan", "r-1", 1);
    await expect.poll(() => consumer.consumption()).toMatchObject({ handling: 1 });
    await server.kill();
    await consumer.close(500);
    await server.restart();
  });
});

const slow = { timeout: 20_000, interval: 100 };

function consume(over: Partial<ConsumerOptions>): Consumer {
  const consumer = startConsumer({
    url: server.url,
    cluster,
    kind: "plan",
    concurrency: 2,
    handle: async (id) => void handled.push(id),
    onProblem: (problem) => problems.push(problem),
    ...over,
  });
  consumers.push(consumer);
  return consumer;
}

async function idle(consumer: Consumer): Promise<void> {
  await expect.poll(() => consumer.consumption()).toMatchObject({ waiting: 0, active: 0, handling: 0 });
  await expect.poll(async () => (await consumer.consumption()).taken).toBeGreaterThan(0);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
}
