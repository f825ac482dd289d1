import { afterAll, beforeAll } from "vitest";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { RedisFaceStore } from "../../../src/adapters/redis/face-store.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import { RedisRequestStore } from "../../../src/adapters/redis/request-store.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { interleavingsSuite, usuallyReached } from "./interleavings.suite.ts";

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

interleavingsSuite(
  "Redis",
  async () => {
    clusters += 1;
    const keys = new ClusterKeys(`course-${clusters}`);
    const requests = new RedisRequestStore(connection, keys);
    // The workers' clock begins at Redis' own: what differs by a minute is not believed.
    const clock = new ManualClock(await requests.nowMs());
    return { requests, faces: new RedisFaceStore(connection, keys), clock, isStoresClock: false };
  },
  { numRuns: 80, reaches: usuallyReached },
);
