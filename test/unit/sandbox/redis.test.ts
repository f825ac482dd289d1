import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { startRedis } from "../../../sandbox/redis.ts";

const redisModule = fileURLToPath(new URL("../../../sandbox/redis.ts", import.meta.url));

/** Runs these acts on a connection that gives up at once when it is cut. */
async function ask<T>(url: string, act: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0, lazyConnect: true });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await act(client);
  } finally {
    client.disconnect();
  }
}

describe("a Redis of our own", () => {
  it("keeps no eviction policy that could lose a request, and is empty after a crash without an append-only file", async () => {
    const redis = await startRedis();
    try {
      expect(await ask(redis.url, (client) => client.config("GET", "maxmemory-policy"))).toEqual([
        "maxmemory-policy",
        "noeviction",
      ]);
      await ask(redis.url, (client) => client.set("key", "value"));
      await redis.kill();
      await expect(ask(redis.url, (client) => client.ping())).rejects.toThrow();
      await redis.restart();
      expect(await ask(redis.url, (client) => client.get("key"))).toBeNull();
    } finally {
      await redis.close();
    }
  });

  it("keeps each write over a crash with one", async () => {
    const redis = await startRedis({ appendOnly: true });
    try {
      await ask(redis.url, (client) => client.set("key", "value"));
      await redis.restart();
      expect(await ask(redis.url, (client) => client.get("key"))).toBe("value");
    } finally {
      await redis.close();
    }
  });

  it("names a port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    await expect(startRedis({ port: address.port })).rejects.toThrow(`Port ${address.port} is taken`);
    other.close();
  });

  it.runIf(process.platform === "linux")("ends when the process that started it is killed", async () => {
    const script = `const { startRedis } = await import(${JSON.stringify(redisModule)}); console.log((await startRedis()).url); setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [url] = await once(createInterface({ input: child.stdout }), "line");
    const client = new Redis(String(url), { retryStrategy: () => null, maxRetriesPerRequest: 0 });
    client.on("error", () => undefined);
    expect(await client.ping()).toBe("PONG");
    const [, folder] = z.tuple([z.literal("dir"), z.string()]).parse(await client.config("GET", "dir"));
    const cut = once(client, "end");
    child.kill("SIGKILL");
    await cut;
    await expect(ask(String(url), (again) => again.ping())).rejects.toThrow();
    // Nobody is left to remove its folder but us.
    await rm(folder, { recursive: true });
  });
});
