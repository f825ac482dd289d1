import type { Clock } from "../../../src/ports/clock.ts";

/** Lets one loop sleep until somebody has work for it, or until its time is up. */
export class Wake {
  readonly #clock: Clock;
  #waiting = new Set<AbortController>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  notify(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const controller of waiting) controller.abort();
  }

  /** Resolves at the next `notify`, after `durationMs`, or when `signal` aborts; never rejects. */
  async wait(durationMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const controller = new AbortController();
    this.#waiting.add(controller);
    const stop = () => controller.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      await this.#clock.sleep(durationMs, controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#waiting.delete(controller);
    }
  }
}
