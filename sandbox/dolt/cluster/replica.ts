/** One thing on its way to one standby: a database, or one of the pseudo-databases. */
export interface Replica {
  readonly database: string;
  readonly remote: string;
  readonly url: string;
  isCaughtUp(): boolean;
  /** Resolves to true once caught up, to false when `signal` aborts first. */
  caughtUp(signal: AbortSignal): Promise<boolean>;
}

/** What every loop of a server needs of the process it runs in. */
export interface ServerLife {
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
  /** Resolves when the process is not frozen. */
  thawed(): Promise<void>;
}

/** Those who wait until a replica is caught up. */
export class CaughtUpWaiters {
  readonly #waiting = new Set<() => void>();

  /** Call whenever a replica may have caught up. */
  settle(isCaughtUp: boolean): void {
    if (!isCaughtUp) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async wait(isCaughtUp: () => boolean, signal: AbortSignal): Promise<boolean> {
    if (isCaughtUp()) return true;
    if (signal.aborted) return false;
    return await new Promise<boolean>((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", abandon);
        resolve(true);
      };
      const abandon = () => {
        this.#waiting.delete(done);
        resolve(isCaughtUp());
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", abandon, { once: true });
    });
  }
}
