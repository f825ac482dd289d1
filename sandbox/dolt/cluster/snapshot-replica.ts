import type { Clock } from "../../../src/ports/clock.ts";
import { attempt } from "./commit-hook.ts";
import type { ReplicationRequest, Role } from "./messages.ts";
import { CaughtUpWaiters, type Replica, type ServerLife } from "./replica.ts";
import { Wake } from "./wake.ts";

/** Dolt's pace for users and branch control: it grows by half at each failure (mysqldb_persister.go). Its randomness is left out. */
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;
const BACKOFF_GROWTH = 1.5;
const CALL_DEADLINE_MS = 15_000;

export interface SnapshotReplicaOptions {
  /** `mysql` or `dolt_branch_control`. */
  readonly database: string;
  readonly remote: string;
  readonly url: string;
  readonly role: Role;
  readonly clock: Clock;
  readonly life: ServerLife;
  /** What is replicated now, whole. */
  readonly request: () => ReplicationRequest;
  readonly send: (url: string, request: ReplicationRequest, signal: AbortSignal) => Promise<void>;
}

/** Replicates users and grants, or branch control, to one standby: whole, at each change, with a growing back-off. */
export class SnapshotReplica implements Replica {
  readonly database: string;
  readonly remote: string;
  readonly url: string;
  readonly #options: SnapshotReplicaOptions;
  readonly #wake: Wake;
  readonly #waiters = new CaughtUpWaiters();
  #role: Role;
  #version = 1;
  #replicatedVersion = 0;
  #backoffMs = FIRST_BACKOFF_MS;
  #retryAtMs = 0;

  constructor(options: SnapshotReplicaOptions) {
    this.#options = options;
    this.database = options.database;
    this.remote = options.remote;
    this.url = options.url;
    this.#role = options.role;
    this.#wake = new Wake(options.clock);
  }

  isCaughtUp(): boolean {
    return this.#role !== "primary" || this.#version === this.#replicatedVersion;
  }

  caughtUp(signal: AbortSignal): Promise<boolean> {
    return this.#waiters.wait(() => this.isCaughtUp(), signal);
  }

  /** The contents changed: they are sent at once, whatever the back-off was. */
  changed(): void {
    this.#version += 1;
    this.#backoffMs = FIRST_BACKOFF_MS;
    this.#retryAtMs = 0;
    this.#wake.notify();
  }

  setRole(role: Role): void {
    this.#role = role;
    this.changed();
    this.#waiters.settle(this.isCaughtUp());
  }

  async run(): Promise<void> {
    const { life, clock } = this.#options;
    while (!life.signal.aborted) {
      const waitMs = this.#retryAtMs - clock.monotonicMs();
      if (this.isCaughtUp()) await this.#wake.wait(LONGEST_BACKOFF_MS, life.signal);
      else if (waitMs > 0) await this.#wake.wait(waitMs, life.signal);
      else await this.#send();
      await life.thawed();
    }
  }

  async #send(): Promise<void> {
    const { clock, life, request, send } = this.#options;
    const version = this.#version;
    const error = await attempt(clock, CALL_DEADLINE_MS, life.signal, (signal) => send(this.url, request(), signal));
    if (error === null) {
      this.#replicatedVersion = version;
      this.#backoffMs = FIRST_BACKOFF_MS;
      this.#waiters.settle(this.isCaughtUp());
      return;
    }
    this.#retryAtMs = clock.monotonicMs() + this.#backoffMs;
    this.#backoffMs = Math.min(this.#backoffMs * BACKOFF_GROWTH, LONGEST_BACKOFF_MS);
  }
}
