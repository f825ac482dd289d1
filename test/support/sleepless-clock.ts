import type { Clock } from "../../src/ports/clock.ts";

/** Time that goes on by itself only where somebody sleeps, and then at once. */
export class SleeplessClock implements Clock {
  /** How long each sleep was to be. */
  readonly slept: number[] = [];
  #ms = 1_800_000_000_000;

  nowMs(): number {
    return this.#ms;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(durationMs);
    this.#ms += durationMs;
  }
}
