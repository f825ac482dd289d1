import type { Clock } from "../../../src/ports/clock.ts";
import { attempt } from "./commit-hook.ts";
import { NotAccepted, type ReplicationRequest } from "./messages.ts";
import { CaughtUpWaiters, type Replica, type ServerLife } from "./replica.ts";

const FIRST_BACKOFF_MS = 1;
const LONGEST_BACKOFF_MS = 60_000;
const BACKOFF_GROWTH = 1.5;
const CALL_DEADLINE_MS = 15_000;

export interface DroppedDatabaseOptions {
  readonly database: string;
  readonly remote: string;
  readonly url: string;
  readonly clock: Clock;
  readonly life: ServerLife;
  readonly send: (url: string, request: ReplicationRequest, signal: AbortSignal) => Promise<void>;
}

/** One DROP DATABASE on its way to one standby. A standby without it does not count as caught up. */
export class DroppedDatabase implements Replica {
  readonly database: string;
  readonly remote: string;
  readonly url: string;
  readonly #options: DroppedDatabaseOptions;
  readonly #waiters = new CaughtUpWaiters();
  readonly #cancelled = new AbortController();
  #done = false;

  constructor(options: DroppedDatabaseOptions) {
    this.#options = options;
    this.database = options.database;
    this.remote = options.remote;
    this.url = options.url;
  }

  isCaughtUp(): boolean {
    return this.#done;
  }

  caughtUp(signal: AbortSignal): Promise<boolean> {
    return this.#waiters.wait(() => this.#done, signal);
  }

  /** The database was made again: its new state goes over whatever the standby still has. */
  cancel(): void {
    this.#cancelled.abort();
  }

  /** Resolves when the standby has dropped it, never will, or need not. */
  async run(): Promise<void> {
    const { clock, life, send, database } = this.#options;
    const signal = AbortSignal.any([life.signal, this.#cancelled.signal]);
    let refused = false;
    for (let backoffMs = FIRST_BACKOFF_MS; !signal.aborted; ) {
      const error = await attempt(clock, CALL_DEADLINE_MS, signal, (bounded) =>
        send(this.url, { kind: "dropDatabase", database }, bounded).catch((reason: unknown) => {
          refused = reason instanceof NotAccepted;
          throw reason;
        }),
      );
      if (error === null) {
        this.#done = true;
        this.#waiters.settle(true);
        return;
      }
      if (refused) return;
      await clock.sleep(backoffMs, signal).catch(() => undefined);
      backoffMs = Math.min(backoffMs * BACKOFF_GROWTH, LONGEST_BACKOFF_MS);
      await life.thawed();
    }
  }
}
