import { afterAll, beforeAll } from "vitest";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { RedisAnnouncements } from "../../../src/adapters/redis/announcements.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { RedisFaceStore } from "../../../src/adapters/redis/face-store.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import { RedisRequestStore } from "../../../src/adapters/redis/request-store.ts";
import { requestStoreSuite } from "./request-store.suite.ts";

let server: RedisServer;
let connection: RedisConnection;
let clusters = 0;

beforeAll(async () => {
  server = await startRedis();
  connection = connectRedis(server.url, { role: "worker" });
});

afterAll(async () => {
  await connection?.close();
  await server?.close();
});

requestStoreSuite("Redis", async () => {
  const keys = new ClusterKeys(`test-${++clusters}`);
  return {
    requests: new RedisRequestStore(connection, keys),
    faces: new RedisFaceStore(connection, keys),
    announcements: new RedisAnnouncements(connection, keys),
  };
});
