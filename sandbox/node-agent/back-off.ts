import type { Termination } from "./pod-status.ts";

/** How a container that ended is started again; the defaults are the kubelet's. */
export interface RestartTimes {
  /** The wait before the second restart, doubled at each one after it. The first restart is at once. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** A container that ran this long starts afresh. */
  readonly forgetAfterMs: number;
}

export const KUBELET_RESTART_TIMES: RestartTimes = {
  firstWaitMs: 10_000,
  longestWaitMs: 300_000,
  forgetAfterMs: 600_000,
};

/** The back-off of one container's restarts. */
export class RestartBackOff {
  readonly #times: RestartTimes;
  #nextWaitMs = 0;
  #waiting: (() => void) | undefined;

  constructor(times: RestartTimes) {
    this.#times = times;
  }

  /** How long to wait before the restart that follows this end. */
  next(ended: Termination): number {
    if (ended.finishedAt.getTime() - ended.startedAt.getTime() >= this.#times.forgetAfterMs) {
      this.#nextWaitMs = 0;
    }
    const waitMs = this.#nextWaitMs;
    this.#nextWaitMs = Math.min(Math.max(waitMs * 2, this.#times.firstWaitMs), this.#times.longestWaitMs);
    return waitMs;
  }

  /** Resolves after so long, at `forget()`, or when the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) {
      resolve();
    }
    this.#waiting = resolve;
    await promise;
    this.#waiting = undefined;
    clearTimeout(timer);
  }

  /** Starts afresh, and ends a wait that is going on. */
  forget(): void {
    this.#nextWaitMs = 0;
    this.#waiting?.();
  }
}
