import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../../sandbox/free-port.ts";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { connectRedis, type RedisConnection, type RedisRole } from "../../../src/adapters/redis/connection.ts";
import { demandRedis } from "../../../src/adapters/redis/demand.ts";
import { HandoverError } from "../../../src/domain/errors.ts";

const password = "s3cret-passphrase";

let server: RedisServer;
const open: RedisConnection[] = [];

beforeAll(async () => {
  server = await startRedis();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
});

afterAll(async () => {
  await server?.close();
});

describe("a connection", () => {
  test("waits for itself to come up before its first command", async () => {
    expect(await connect(server.url).run((client) => client.ping())).toBe("PONG");
  });

  test("says that Redis is away when nobody listens, without address and password", async () => {
    const port = await freePort();
    const troubles: string[] = [];
    const connection = connect(`redis://handover:${password}@127.0.0.1:${port}`, "edge", troubles);
    const error = await failureOf(connection);
    expect(error.problem).toMatchObject({ code: "redis_away", what: expect.stringContaining("ECONNREFUSED") });
    expectNoSecret(error, port);
    expect(troubles).toEqual(["the connection failed: ECONNREFUSED"]);
  });

  test("says that Redis is away when it refuses the password, without the password", async () => {
    const guard = connect(server.url);
    await guard.run((client) => client.config("SET", "requirepass", "another-password"));
    try {
      const error = await failureOf(connect(`redis://:${password}@127.0.0.1:${server.port}`, "edge"));
      expect(error.problem).toMatchObject({ code: "redis_away", what: expect.stringMatching(/WRONGPASS|NOAUTH/) });
      expectNoSecret(error, server.port);
    } finally {
      await guard.run((client) => client.config("SET", "requirepass", ""));
    }
  });

  test("says what Redis answered to a command that it refused, without the command's arguments", async () => {
    const connection = connect(server.url);
    await connection.run((client) => client.set("a-text", password));
    const error = await failureOf(connection, (client) => client.lpush("a-text", password));
    expect(error.problem.what).toContain("it answered WRONGTYPE");
    expectNoSecret(error, server.port);
  });

  test("fails within its deadline when the other end takes the connection and says nothing", async () => {
    const silent = createServer((socket) => socket.resume());
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    try {
      const error = await failureOf(connect(`redis://127.0.0.1:${port}`, "edge"));
      expect(error.problem.what).toContain("no answer within 300 ms");
    } finally {
      for (const connection of open.splice(0)) await connection.close();
      silent.close();
      await once(silent, "close");
    }
  });

  test("fails within its deadline when Redis freezes, and works again when it goes on", async () => {
    const connection = connect(server.url, "edge");
    await connection.run((client) => client.ping());
    server.freeze();
    try {
      expect((await failureOf(connection)).problem.what).toContain("no answer within 300 ms");
    } finally {
      server.thaw();
    }
    await expect.poll(() => connection.run((client) => client.ping()).catch(() => "away"), slow).toBe("PONG");
  });

  test("never sends a cut-off command a second time", async () => {
    const connection = connect(server.url);
    await connection.run((client) => client.set("counted", 0));
    // Redis carries the command out and loses the connection before it answers.
    const cutOff = failureOf(connection, (client) =>
      client.eval("redis.call('INCR', 'counted') redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no')", 0),
    );
    expect((await cutOff).problem.code).toBe("redis_away");
    await expect.poll(() => connection.run((client) => client.get("counted")).catch(() => "away"), slow).toBe("1");
  });

  test("comes back by itself after Redis was restarted", async () => {
    const connection = connect(server.url, "edge");
    await connection.run((client) => client.ping());
    await server.kill();
    expect((await failureOf(connection)).problem.code).toBe("redis_away");
    await server.restart();
    await expect.poll(() => connection.run((client) => client.ping()).catch(() => "away"), slow).toBe("PONG");
  });
});

describe("what is demanded of Redis", () => {
  test("an append-only file, unless replicas are stated instead", async () => {
    const connection = connect(server.url);
    await expect(demandRedis(connection, "aof")).rejects.toMatchObject({
      problem: { code: "redis_unfit", what: expect.stringContaining("appendonly is off") },
    });
    await demandRedis(connection, "replicated");
  });

  test("is satisfied by a server with an append-only file", async () => {
    const durable = await startRedis({ appendOnly: true });
    try {
      const connection = connect(durable.url);
      await demandRedis(connection, "aof");
      await connection.run((client) => client.config("SET", "maxmemory-policy", "allkeys-lru"));
      await expect(demandRedis(connection, "aof")).rejects.toMatchObject({
        problem: { code: "redis_unfit", what: expect.stringContaining("allkeys-lru") },
      });
    } finally {
      for (const connection of open.splice(0)) await connection.close();
      await durable.close();
    }
  });
});

const slow = { timeout: 20_000, interval: 100 };

function connect(url: string, role: RedisRole = "worker", troubles: string[] = []): RedisConnection {
  const connection = connectRedis(url, { role, onTrouble: (why) => troubles.push(why) });
  open.push(connection);
  return connection;
}

async function failureOf(
  connection: RedisConnection,
  commands: Parameters<RedisConnection["run"]>[0] = (client) => client.ping(),
): Promise<HandoverError> {
  const failure = await connection.run(commands).then(
    () => null,
    (error: unknown) => error,
  );
  if (failure instanceof HandoverError) return failure;
  throw new Error("it did not fail as expected", { cause: failure });
}

function expectNoSecret(error: HandoverError, port: number): void {
  const everything = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
  expect(everything).not.toContain(password);
  expect(error.problem.what).not.toContain(String(port));
}
