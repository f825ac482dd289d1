import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../../src/ports/clock.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Time that goes on only when told to, one sleeper after another: loops that sleep again and again live through each of their turns. */
export class SteppingClock implements Clock {
  #now = 0;
  #sleepers: Sleeper[] = [];

  nowMs(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper: Sleeper = { at: this.#now + durationMs, wake: resolve };
    const abandon = () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal?.reason);
    };
    this.#sleepers.push(sleeper);
    signal?.addEventListener("abort", abandon, { once: true });
    await promise.finally(() => signal?.removeEventListener("abort", abandon));
  }

  /** Lets so much time pass, waking each sleeper at its moment and letting everything it sets off run first. */
  async advance(durationMs: number): Promise<void> {
    const end = this.#now + durationMs;
    await turn();
    for (;;) {
      const next = this.#sleepers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#now = Math.max(this.#now, next.at);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
      await turn();
    }
    this.#now = end;
  }
}
