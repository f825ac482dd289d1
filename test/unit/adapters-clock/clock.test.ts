import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/adapters/clock.ts";

describe("the system's clock", () => {
  it("wakes a sleeper", async () => {
    await expect(systemClock.sleep(1)).resolves.toBeUndefined();
  });

  it("wakes a sleeper with the signal's own reason as soon as it is aborted, or was", async () => {
    const stop = new AbortController();
    const reason = new Error("not needed any more");
    const sleeping = systemClock.sleep(3_600_000, stop.signal);
    stop.abort(reason);

    await expect(sleeping).rejects.toBe(reason);
    await expect(systemClock.sleep(3_600_000, stop.signal)).rejects.toBe(reason);
  });

  it("has a monotonic side that does not go back", () => {
    const before = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
  });
});
