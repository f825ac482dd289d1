import { systemClock } from "../../../src/adapters/clock.ts";
import type { Clock } from "../../../src/ports/clock.ts";

/** A clock on which everything goes `factor` times as fast: the waits of Dolt's own making need not be sat through. */
export function acceleratedClock(factor: number): Clock {
  const startMs = systemClock.nowMs();
  const startMonotonicMs = systemClock.monotonicMs();
  const elapsedMs = () => (systemClock.monotonicMs() - startMonotonicMs) * factor;
  return {
    nowMs: () => startMs + elapsedMs(),
    monotonicMs: () => elapsedMs(),
    sleep: (durationMs, signal) => systemClock.sleep(durationMs / factor, signal),
  };
}
