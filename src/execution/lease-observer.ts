import { workloadText } from "../domain/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseView, TargetReference } from "../ports/workloads.ts";

/**
 * Tells whether the holder of a lease has stopped renewing it. Clocks of different machines are never compared: a lease is
 * abandoned when it was seen unchanged for its whole duration by this process' own monotonic clock, as in client-go.
 */
export class LeaseObserver {
  readonly #clock: Clock;
  readonly #seen = new Map<string, { version: string; sinceMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes what is seen now, and whether it has been so for the lease's duration. A lease without a holder is nobody's. */
  isAbandoned(target: TargetReference, lease: LeaseView): boolean {
    if (lease.state.holder === null) return true;
    const key = workloadText(target);
    const nowMs = this.#clock.monotonicMs();
    const before = this.#seen.get(key);
    if (before === undefined || before.version !== lease.version) {
      this.#seen.set(key, { version: lease.version, sinceMs: nowMs });
      return false;
    }
    return nowMs - before.sinceMs >= lease.state.durationSeconds * 1000;
  }
}
