import { describe, expect, it } from "vitest";
import { LoopbackRange } from "../../../sandbox/node-agent/loopback.ts";

describe.skipIf(process.platform !== "linux")("a range of loopback addresses", () => {
  it("gives each address once, and one given back after all the others", async () => {
    const range = await LoopbackRange.reserve();
    try {
      const first = range.take();
      range.giveBack(first);
      const rest = Array.from({ length: 253 }, () => range.take());
      expect(new Set(rest).size).toBe(253);
      expect(rest).not.toContain(first);
      expect(range.take()).toBe(first);
      expect(() => range.take()).toThrow(/all 254 addresses/);
    } finally {
      await range.close();
    }
  });
});
