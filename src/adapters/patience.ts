import type { Clock } from "../ports/clock.ts";

/** A service asked to be left alone for longer than anybody wants to wait now. */
export class StillPaused extends Error {
  override readonly name = "StillPaused";
  readonly forMs: number;

  constructor(forMs: number) {
    super(`it asks to wait ${Math.ceil(forMs / 1_000)} s`);
    this.forMs = forMs;
  }
}

/** Longer pauses than this are not waited for; whoever asks then hears how long it is. */
const longestWaitMs = 10_000;

/**
 * Calls to one service that only read: when it says how long not to ask (429), none of the callers does before that, and then
 * each tries again.
 */
export class Patience {
  readonly #clock: Pick<Clock, "monotonicMs" | "sleep">;
  /** How long the service asked to wait, where that is what this error says; null: another error. */
  readonly #pauseOf: (error: unknown) => number | null;
  #pausedUntilMs = 0;

  constructor(clock: Pick<Clock, "monotonicMs" | "sleep">, pauseOf: (error: unknown) => number | null) {
    this.#clock = clock;
    this.#pauseOf = pauseOf;
  }

  /**
   * @throws {StillPaused} when the pause is longer than anybody waits; rejects with the signal's reason when that comes first
   */
  async run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let waitedMs = 0;
    for (;;) {
      const leftMs = this.#pausedUntilMs - this.#clock.monotonicMs();
      if (leftMs > 0) {
        if (waitedMs + leftMs > longestWaitMs) throw new StillPaused(leftMs);
        await this.#clock.sleep(leftMs, signal);
        waitedMs += leftMs;
      }
      try {
        return await call();
      } catch (error) {
        const pauseMs = this.#pauseOf(error);
        if (pauseMs === null) throw error;
        this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.monotonicMs() + Math.max(1, pauseMs));
        if (waitedMs + pauseMs > longestWaitMs) throw new StillPaused(pauseMs);
      }
    }
  }
}
