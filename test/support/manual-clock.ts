import type { Clock } from "../../src/ports/clock.ts";

/** Time that goes on only when the test says so. */
export class ManualClock implements Clock {
  #ms: number;
  readonly #sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  constructor(startMs = 1_800_000_000_000) {
    this.#ms = startMs;
  }

  nowMs(): number {
    return this.#ms;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const sleeper = { atMs: this.#ms + durationMs, wake: resolve };
    this.#sleepers.add(sleeper);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    return promise.finally(() => this.#sleepers.delete(sleeper));
  }

  /** Lets so much time pass, wakes who has slept enough, and lets everything that follows from it happen. */
  async pass(durationMs: number): Promise<void> {
    this.#ms += durationMs;
    for (const sleeper of this.#sleepers) if (sleeper.atMs <= this.#ms) sleeper.wake();
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass in small pieces until this has settled, and hands it on. */
  async passUntil<T>(work: Promise<T>, pieceMs = 100): Promise<T> {
    let settled = false;
    const ended = work.finally(() => {
      settled = true;
    });
    ended.catch(() => undefined);
    while (!settled) await this.pass(pieceMs);
    return await ended;
  }
}
