import { fail, HandoverError } from "../domain/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseState, LeaseView, TargetLeases, TargetReference } from "../ports/workloads.ts";
import type { LeaseObserver } from "./lease-observer.ts";
import {
  type EndedExecution,
  type LedgerExecution,
  readEnded,
  readExecution,
  writeEnded,
  writeExecution,
} from "./ledger.ts";

export interface LeaseOptions {
  readonly leases: TargetLeases;
  readonly clock: Clock;
  readonly target: TargetReference;
  /** Unique to this process: pod or host, and a random part. */
  readonly holder: string;
  readonly durationMs: number;
}

/**
 * The lease of one target, held by this process. Everything written beside it goes through here, one write at a time and
 * each by compare-and-set, so that a process that lost the lease can write nothing more.
 */
export class TargetLease {
  readonly #options: LeaseOptions;
  readonly #lost = new AbortController();
  readonly #stopRenewing = new AbortController();
  #view: LeaseView;
  #execution: LedgerExecution;
  #renewedAtMonotonicMs: number;
  /** When the last look that found it held began. */
  #seenHeldAtMonotonicMs = Number.NEGATIVE_INFINITY;
  #queue: Promise<unknown> = Promise.resolve();
  #renewing: Promise<void>;

  private constructor(options: LeaseOptions, view: LeaseView, execution: LedgerExecution, takenAtMonotonicMs: number) {
    this.#options = options;
    this.#view = view;
    this.#execution = execution;
    this.#renewedAtMonotonicMs = takenAtMonotonicMs;
    this.#renewing = this.#renewUntilReleased();
  }

  /**
   * Takes the lease and writes the execution beside it in the same compare-and-set.
   * `decide` sees what is there and returns the execution to write, or throws the reason why not.
   * Throws `target_locked` when another holder lives, or won the race.
   */
  static async take(
    options: LeaseOptions,
    observer: LeaseObserver,
    decide: (open: LedgerExecution | null, ended: readonly EndedExecution[]) => LedgerExecution,
    signal: AbortSignal,
  ): Promise<TargetLease> {
    const { leases, target, clock, holder, durationMs } = options;
    const found = await leases.read(target, signal);
    const open = readExecution(found?.state.execution ?? null);
    if (found !== null && found.state.holder !== null && !observer.isAbandoned(target, found)) {
      throw locked(target, found.state.holder, open);
    }
    const execution = decide(open, readEnded(found?.state.usedGrants ?? null));
    const takenAtMonotonicMs = clock.monotonicMs();
    const view = await leases.compareAndSet(
      target,
      found?.version ?? null,
      {
        holder,
        durationSeconds: Math.ceil(durationMs / 1000),
        renewedAtMs: clock.nowMs(),
        transitions: (found?.state.transitions ?? 0) + 1,
        execution: writeExecution(execution),
        usedGrants: found?.state.usedGrants ?? null,
      },
      signal,
    );
    if (view !== null) return new TargetLease(options, view, execution, takenAtMonotonicMs);
    const winner = await leases.read(target, signal);
    throw locked(target, winner?.state.holder ?? "another process", readExecution(winner?.state.execution ?? null));
  }

  /** Aborted as soon as this process can no longer be sure that it holds the lease. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get execution(): LedgerExecution {
    return this.#execution;
  }

  /** Whether it is still this process', by its own clock. Asks nobody. */
  isHeld(): boolean {
    try {
      this.#assertFresh();
      return true;
    } catch {
      return false;
    }
  }

  /** Throws `lease_lost` when the lease has run out by this process' own clock: a process that was frozen learns it here, without asking anybody. */
  assertHeld(): void {
    this.#assertFresh();
  }

  /**
   * Looks at the lease in the cluster, unless that was done a moment ago, for as long as it lasts where the API server does not answer.
   * Throws `lease_lost` when another holds it, or when it ran out unrenewed.
   */
  async confirm(signal: AbortSignal): Promise<void> {
    this.#assertFresh();
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#seenHeldAtMonotonicMs < freshLookMs) return;
    const found = await this.#look(signal);
    if (found?.state.holder !== this.#options.holder) throw this.#lose(found?.state.holder ?? "nobody");
    this.#seenHeldAtMonotonicMs = nowMs;
    this.#assertFresh();
  }

  /** Writes a change of the execution beside the lease; this renews it too. */
  async record(change: (execution: LedgerExecution) => LedgerExecution, signal: AbortSignal): Promise<void> {
    await this.#write((state) => {
      const execution = change(this.#execution);
      return [{ ...state, execution: writeExecution(execution) }, execution];
    }, signal);
  }

  /** Ends the execution: frees the lease and remembers what was used, in one write. */
  async end(ended: EndedExecution, signal: AbortSignal): Promise<void> {
    this.#stopRenewing.abort();
    await this.#renewing;
    const nowMs = this.#options.clock.nowMs();
    const isRemembered = (state: LeaseState) =>
      readEnded(state.usedGrants).some((entry) => entry.executionId === ended.executionId);
    await this.#write(
      (state) => {
        const usedGrants = writeEnded([...readEnded(state.usedGrants), ended], nowMs);
        return [{ ...state, holder: null, execution: null, usedGrants }, this.#execution];
      },
      signal,
      isRemembered,
    );
  }

  /** Frees the lease and leaves the execution for another worker to finish. */
  async leaveUnfinished(signal: AbortSignal): Promise<void> {
    this.#stopRenewing.abort();
    await this.#renewing;
    const isFree = (state: LeaseState) => state.holder === null;
    await this.#write((state) => [{ ...state, holder: null }, this.#execution], signal, isFree);
  }

  /** Stops renewing without a word to the cluster, as a process that dies does. */
  async abandon(): Promise<void> {
    this.#stopRenewing.abort();
    await this.#renewing;
  }

  /** @param isDone whether a lease that was looked at shows the change: the answer to a write can be lost, and the write not */
  #write(
    change: LeaseChange,
    signal: AbortSignal,
    isDone: (state: LeaseState) => boolean = () => false,
  ): Promise<void> {
    const written = this.#queue.then(() => this.#writeNow(change, signal, isDone));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  async #writeNow(change: LeaseChange, signal: AbortSignal, isDone: (state: LeaseState) => boolean): Promise<void> {
    const { leases, target, clock, holder } = this.#options;
    for (;;) {
      this.#assertFresh();
      const startedAtMonotonicMs = clock.monotonicMs();
      const [next, execution] = change({ ...this.#view.state, renewedAtMs: clock.nowMs() });
      const version = this.#view.version;
      const answer = await unlessAway(
        async () => ({ view: await leases.compareAndSet(target, version, next, signal) }),
        signal,
      );
      if (answer !== null && answer.view !== null) {
        this.#view = answer.view;
        this.#execution = execution;
        this.#renewedAtMonotonicMs = startedAtMonotonicMs;
        return;
      }
      if (answer === null) await clock.sleep(askAgainAfterMs, signal);
      const found = await this.#look(signal);
      if (found !== null && isDone(found.state)) return;
      if (found?.state.holder !== holder) throw this.#lose(found?.state.holder ?? "nobody");
      this.#view = found;
    }
  }

  /** What stands in the cluster; asked again while the API server is away and the lease still lasts. */
  async #look(signal: AbortSignal): Promise<LeaseView | null> {
    const { leases, target, clock } = this.#options;
    for (;;) {
      this.#assertFresh();
      const found = await unlessAway(async () => ({ lease: await leases.read(target, signal) }), signal);
      if (found !== null) return found.lease;
      await clock.sleep(askAgainAfterMs, signal);
    }
  }

  async #renewUntilReleased(): Promise<void> {
    const { clock, durationMs } = this.#options;
    const everyMs = Math.floor(durationMs / 3);
    const stop = this.#stopRenewing.signal;
    while (!stop.aborted && !this.#lost.signal.aborted) {
      await clock.sleep(everyMs, stop).catch(() => undefined);
      if (stop.aborted) return;
      try {
        await this.#write((state) => [state, this.#execution], AbortSignal.any([stop, AbortSignal.timeout(everyMs)]));
      } catch (error) {
        // An API server that does not answer is asked again until the lease has run out; anything else is not
        // understood, and a lease that is not understood is not held.
        if (!(error instanceof HandoverError)) this.#lost.abort(error);
      }
    }
  }

  #assertFresh(): void {
    const ageMs = this.#options.clock.monotonicMs() - this.#renewedAtMonotonicMs;
    if (this.#lost.signal.aborted || ageMs >= this.#options.durationMs) throw this.#lose("nobody we know of");
  }

  #lose(holder: string): HandoverError {
    const { namespace, workload } = this.#options.target;
    const state = this.#execution.committed ? "It had begun to change things." : "It had changed nothing.";
    const error = fail("lease_lost", { target: `${namespace}/${workload}`, holder, state });
    this.#lost.abort(error);
    return error;
  }
}

/** Null when the API server did not answer; then whether a write happened is not known, and the caller looks. */
async function unlessAway<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    const isAway = error instanceof HandoverError && error.problem.code === "kubernetes_away";
    if (!isAway || signal.aborted) throw error;
    return null;
  }
}

type LeaseChange = (state: LeaseState) => [LeaseState, LedgerExecution];

/**
 * A look at the lease that began so short a time ago is not repeated: between a demotion and the promotion nobody can write,
 * and whoever may take the lease waits for much longer than this.
 */
const freshLookMs = 500;

/** Between two questions to an API server that does not answer. */
const askAgainAfterMs = 200;

function locked(target: TargetReference, holder: string, open: LedgerExecution | null): HandoverError {
  return fail("target_locked", {
    target: `${target.namespace}/${target.workload}`,
    holder,
    executionId: open?.id ?? "unknown",
  });
}
