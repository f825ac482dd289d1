import type { Clock } from "../../../src/ports/clock.ts";
import type { DatabaseState } from "../engine/database.ts";
import type { ReplicationRequest, Role } from "./messages.ts";
import { CaughtUpWaiters, type Replica, type ServerLife } from "./replica.ts";
import { Wake } from "./wake.ts";

/** Dolt tries again a second after a push that failed, and heartbeats at the same pace (commithook.go). */
const TICK_MS = 1000;
const HEARTBEAT_DEADLINE_MS = 5000;
const PUSH_DEADLINE_MS = 15_000;

const BROKEN_CONFIG =
  "error: more than one server was configured as primary in the same epoch. this server has stopped accepting writes. choose a primary in the cluster and call dolt_assume_cluster_role() on servers in the cluster to start replication at a higher epoch";

export interface CommitHookOptions {
  readonly database: string;
  readonly remote: string;
  readonly url: string;
  readonly role: Role;
  readonly clock: Clock;
  readonly life: ServerLife;
  readonly current: () => DatabaseState | undefined;
  /** Rejects with the reason when the standby did not take the request. */
  readonly send: (url: string, request: ReplicationRequest, signal: AbortSignal) => Promise<void>;
}

export interface HookStatus {
  readonly lagMs: number | null;
  /** Milliseconds since the epoch. */
  readonly lastUpdateMs: number | null;
  readonly error: string | null;
}

/** Replicates one database to one standby while its server is primary, and keeps what the status table shows of it. */
export class CommitHook implements Replica {
  readonly database: string;
  readonly remote: string;
  readonly url: string;
  readonly #options: CommitHookOptions;
  readonly #wake: Wake;
  readonly #waiters = new CaughtUpWaiters();
  readonly #dropped = new AbortController();
  #role: Role;
  /** Counts role changes, so that a push begun before one cannot report after it. */
  #generation = 0;
  #next: DatabaseState | undefined;
  #nextSinceMs = 0;
  #pushed: DatabaseState | undefined;
  #lastSuccessMs: number | null = null;
  #error: string | null = null;
  #retryAtMs = 0;
  #acknowledgementsFail = false;

  constructor(options: CommitHookOptions) {
    this.#options = options;
    this.database = options.database;
    this.remote = options.remote;
    this.url = options.url;
    this.#role = options.role;
    this.#wake = new Wake(options.clock);
  }

  isCaughtUp(): boolean {
    if (this.#role !== "primary") return true;
    return this.#next !== undefined && this.#next === this.#pushed;
  }

  caughtUp(signal: AbortSignal): Promise<boolean> {
    return this.#waiters.wait(() => this.isCaughtUp(), signal);
  }

  /** The database has a new state. */
  committed(state: DatabaseState): void {
    if (this.#role !== "primary" || state === this.#next) return;
    this.#next = state;
    this.#nextSinceMs = this.#options.clock.nowMs();
    this.#retryAtMs = 0;
    this.#wake.notify();
  }

  /**
   * Waits for the standby to have what was committed. False when it has not when `signal` aborts; from then on
   * every wait fails at once until the standby is caught up again.
   */
  async acknowledged(signal: AbortSignal): Promise<boolean> {
    if (this.isCaughtUp()) return true;
    if (this.#acknowledgementsFail) return false;
    const acknowledged = await this.caughtUp(signal);
    if (!acknowledged) this.#acknowledgementsFail = true;
    return acknowledged;
  }

  /** A primary has pushed to this server, or sent its heartbeat. */
  received(): void {
    if (this.#role !== "standby") return;
    this.#lastSuccessMs = this.#options.clock.nowMs();
    this.#error = null;
  }

  setRole(role: Role): void {
    this.#generation += 1;
    this.#role = role;
    this.#next = undefined;
    this.#pushed = undefined;
    this.#lastSuccessMs = null;
    this.#retryAtMs = 0;
    this.#error = role === "detected_broken_config" ? BROKEN_CONFIG : null;
    this.#settle();
    this.#wake.notify();
  }

  drop(): void {
    this.#dropped.abort();
  }

  status(): HookStatus {
    const now = this.#options.clock.nowMs();
    const behind = this.#next !== this.#pushed;
    const known = this.#role === "primary" && this.#pushed !== undefined;
    return {
      lagMs: known ? (behind ? Math.max(0, now - (this.#lastSuccessMs ?? now)) : 0) : null,
      lastUpdateMs: this.#lastSuccessMs,
      error: this.#error,
    };
  }

  /** Runs until the process ends or the database is dropped. */
  async run(): Promise<void> {
    const { life } = this.#options;
    const signal = AbortSignal.any([life.signal, this.#dropped.signal]);
    let heartbeatDue = false;
    while (!signal.aborted) {
      if (this.#role === "primary" && this.#next === undefined) {
        this.#next = this.#options.current();
        this.#nextSinceMs = this.#options.clock.nowMs();
      }
      if (this.#shouldPush()) {
        await this.#push(signal);
        heartbeatDue = false;
      } else {
        this.#settle();
        if (heartbeatDue) await this.#heartbeat(signal);
        else heartbeatDue = this.isCaughtUp();
        // A commit may have come while the heartbeat was under way.
        if (!this.#shouldPush()) await this.#wake.wait(TICK_MS, signal);
      }
      await life.thawed();
    }
  }

  #shouldPush(): boolean {
    return !this.isCaughtUp() && this.#next !== undefined && this.#options.clock.monotonicMs() >= this.#retryAtMs;
  }

  #settle(): void {
    if (!this.isCaughtUp()) return;
    this.#acknowledgementsFail = false;
    this.#waiters.settle(true);
  }

  async #push(signal: AbortSignal): Promise<void> {
    const [state, since, generation] = [this.#next, this.#nextSinceMs, this.#generation];
    if (state === undefined) return;
    const error = await this.#attempt({ kind: "push", database: this.database, state }, PUSH_DEADLINE_MS, signal);
    if (generation !== this.#generation || signal.aborted) return;
    if (error === null) {
      this.#error = null;
      this.#pushed = state;
      this.#lastSuccessMs = since;
      this.#retryAtMs = 0;
      this.#settle();
      return;
    }
    this.#error = `failed to commit chunks on destDB: ${error}`;
    if (state === this.#next) this.#retryAtMs = this.#options.clock.monotonicMs() + TICK_MS;
  }

  async #heartbeat(signal: AbortSignal): Promise<void> {
    if (this.#role !== "primary" || this.#pushed === undefined) return;
    // Best effort, as in Dolt: whether it arrives shows on the standby only.
    await this.#attempt({ kind: "heartbeat", database: this.database }, HEARTBEAT_DEADLINE_MS, signal);
  }

  /** Why it failed, or null when it did not. */
  async #attempt(request: ReplicationRequest, deadlineMs: number, signal: AbortSignal): Promise<string | null> {
    return await attempt(this.#options.clock, deadlineMs, signal, (bounded) =>
      this.#options.send(this.url, request, bounded),
    );
  }
}

/** Runs `send` with a deadline by `clock`. Returns why it failed, or null when it did not. */
export async function attempt(
  clock: Clock,
  deadlineMs: number,
  signal: AbortSignal,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<string | null> {
  const deadline = new AbortController();
  const finished = new AbortController();
  const timer = clock.sleep(deadlineMs, AbortSignal.any([signal, finished.signal])).then(
    () => deadline.abort(new Error("rpc error: code = DeadlineExceeded desc = context deadline exceeded")),
    () => deadline.abort(new Error("rpc error: code = Canceled desc = context canceled")),
  );
  try {
    await send(deadline.signal);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    finished.abort();
    await timer;
  }
}
