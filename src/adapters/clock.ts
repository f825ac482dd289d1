import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../ports/clock.ts";

/** This machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (durationMs, signal) => {
    signal?.throwIfAborted();
    try {
      await delay(durationMs, undefined, signal === undefined ? undefined : { signal });
    } catch (error) {
      // Node rejects with an AbortError of its own; callers are promised the signal's reason.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
