import { describe, expect, test } from "vitest";
import { unfitness } from "../../../src/adapters/redis/demand.ts";

const fit = { redis_version: "7.0.15", maxmemory_policy: "noeviction", aof_enabled: "1" };

/** INFO's text as Redis sends it. */
function info(facts: Partial<typeof fit>): string {
  const lines = Object.entries(facts).map(([name, value]) => `${name}:${value}`);
  return ["# Server", ...lines, ""].join("\r\n");
}

describe("what speaks against a Redis", () => {
  test("is nothing for a durable one that evicts nothing", () => {
    expect(unfitness(info(fit), "aof")).toEqual([]);
    expect(unfitness(info({ ...fit, redis_version: "6.2.0" }), "aof")).toEqual([]);
    expect(unfitness(info({ ...fit, redis_version: "10.0.1" }), "aof")).toEqual([]);
  });

  test("is a version before 6.2", () => {
    for (const redis_version of ["6.0.16", "5.0.7", "nonsense"]) {
      expect(unfitness(info({ ...fit, redis_version }), "aof")).toEqual([expect.stringContaining(redis_version)]);
    }
  });

  test("is every reason at once", () => {
    const reasons = unfitness(info({ ...fit, maxmemory_policy: "allkeys-lru", aof_enabled: "0" }), "aof");
    expect(reasons).toEqual([expect.stringContaining("allkeys-lru"), expect.stringContaining("appendonly")]);
  });

  test("is what INFO does not tell", () => {
    expect(unfitness("", "replicated")).toHaveLength(2);
    expect(unfitness(info({ redis_version: "7.2.4", maxmemory_policy: "noeviction" }), "aof")).toHaveLength(1);
  });

  test("is not a missing append-only file where replicas were stated", () => {
    expect(unfitness(info({ ...fit, aof_enabled: "0" }), "replicated")).toEqual([]);
  });
});
