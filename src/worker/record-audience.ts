import { isDeepStrictEqual } from "node:util";
import { HandoverError, problem } from "../domain/errors.ts";
import { mention } from "../domain/people.ts";
import { isSettled, type RequestRecord, type StepProgress } from "../domain/request.ts";
import type { Transition } from "../domain/transitions/change.ts";
import { refused } from "../domain/transitions/planning.ts";
import { committed, ended, progressed, started, takenUp } from "../domain/transitions/running.ts";
import { hasLost, pauseKept } from "../domain/transitions/wishing.ts";
import { changeRecord } from "../execution/change-record.ts";
import type { ExecutionAudience } from "../execution/execute.ts";
import type { LedgerExecution } from "../execution/ledger.ts";
import type { ExecutionResult } from "../execution/run-steps.ts";
import type { WishNow } from "../execution/safe-point.ts";
import type { Clock } from "../ports/clock.ts";
import type { AuditEvent, RequestStore } from "../ports/request-store.ts";
import type { RecordKeeper } from "./record-keeper.ts";

/**
 * How long progress is gathered before it is told. A switch takes less: nothing of Redis or Slack competes with it for the
 * moment in which writes stop.
 */
const gatherMs = 400;

/**
 * Tells a request's record how its execution goes, and has its message drawn. Progress is gathered and never waited for;
 * the start, the commitment and the end are. Whether the lease is still held is looked at within each change: who takes it
 * up changes the record first, so that a change judged before that is refused by its revision.
 */
export class RecordAudience implements ExecutionAudience {
  readonly #store: RequestStore;
  readonly #keeper: RecordKeeper;
  readonly #requestId: string;
  readonly #worker: string;
  readonly #announce: (execution: LedgerExecution) => Promise<void>;
  readonly #draw: (requestId: string) => Promise<void>;
  #execution: LedgerExecution | null = null;
  #isHeld: () => boolean = () => false;
  readonly #clock: Clock;
  readonly #admittedBy: AuditEvent["facts"];
  readonly #ending = new AbortController();
  #announcing: Promise<void> = Promise.resolve();
  #latest: readonly StepProgress[] | null = null;
  /** How far it is, as it was heard last. */
  #heard: readonly StepProgress[] | null = null;
  #telling: Promise<void> | null = null;

  constructor(options: {
    store: RequestStore;
    keeper: RecordKeeper;
    requestId: string;
    worker: string;
    clock: Clock;
    /** For the audit of the start: by which policy it was let in. */
    admittedBy?: AuditEvent["facts"] | undefined;
    /** Tells the channel of a start; must not throw. */
    announce: (execution: LedgerExecution) => Promise<void>;
    /** Draws the request's message as well as it can; must not throw. */
    draw: (requestId: string) => Promise<void>;
  }) {
    this.#store = options.store;
    this.#keeper = options.keeper;
    this.#requestId = options.requestId;
    this.#worker = options.worker;
    this.#clock = options.clock;
    this.#admittedBy = options.admittedBy ?? {};
    this.#announce = options.announce;
    this.#draw = options.draw;
  }

  /**
   * Also puts back a record that Redis lost. Throws `request_settled` when the record says how this ended; a record that
   * was settled in another way stops what has not been committed.
   */
  async started(execution: LedgerExecution, isHeld: () => boolean): Promise<void> {
    this.#execution = execution;
    this.#isHeld = isHeld;
    await this.#keeper.restoreIfLost(execution);
    const found = await this.#store.read(this.#requestId);
    if (found !== null && isRunning(found.record, execution)) {
      if (found.record.execution?.worker !== this.#worker)
        await this.#change((record, nowMs) => takenUp(record, this.#worker, nowMs));
      return;
    }
    await this.#change(
      (record, nowMs) => started(record, { id: execution.id, worker: this.#worker, steps: execution.steps }, nowMs),
      this.#admittedBy,
    );
    this.#announcing = this.#announce(execution);
  }

  async wish(execution: LedgerExecution): Promise<WishNow | null> {
    try {
      const record = await this.#readWhole(execution);
      return record === null ? null : wishNow(record);
    } catch (error) {
      if (error instanceof HandoverError) return null;
      throw error;
    }
  }

  progress(steps: readonly StepProgress[]): void {
    this.#heard = steps;
    this.#latest = steps;
    this.#telling ??= this.#tellLatest().finally(() => {
      this.#telling = null;
    });
  }

  async commit(): Promise<void> {
    await this.#change(committed);
    if (this.#execution !== null) this.#execution = { ...this.#execution, committed: true };
  }

  async ended(result: ExecutionResult, isHeld: () => boolean): Promise<boolean> {
    this.#isHeld = isHeld;
    const { state, outcome, steps } = result;
    if (state !== "interrupted") this.#latest = null;
    this.#ending.abort();
    await this.#telling;
    await this.#announcing;
    if (state === "interrupted") return true;
    try {
      // Redis may have lost its last seconds meanwhile, the start among them.
      if (this.#execution !== null) await this.#keeper.restoreIfLost(this.#execution);
      const by = { worker: this.#worker };
      const change = await changeRecord(this.#store, this.#requestId, by, (record, nowMs) =>
        record.state === "approved"
          ? refused(record, outcome.problems, nowMs)
          : this.#ifHeld(() => ended(record, state, outcome, steps, nowMs)),
      );
      await this.#draw(this.#requestId);
      return change.ok || (change.record !== null && isSettled(change.record));
    } catch (error) {
      if (error instanceof HandoverError) return false;
      throw error;
    }
  }

  /** The record, once it has back what a Redis does not know any more that was emptied or lost its last second: the request, a pause that holds, how far it is. */
  async #readWhole(execution: LedgerExecution): Promise<RequestRecord | null> {
    await this.#keeper.restoreIfLost(execution);
    const found = await this.#store.read(this.#requestId);
    if (found === null || !isRunning(found.record, execution)) return null;
    const heard = this.#heard;
    const isBehind = heard !== null && !isDeepStrictEqual(found.record.execution?.steps, heard);
    if (isBehind && this.#telling === null) this.progress(heard);
    const pause = execution.held?.pause ?? null;
    if (pause === null || !hasLost(found.record, pause)) return found.record;
    const change = await changeRecord(this.#store, this.#requestId, { worker: this.#worker }, (record, nowMs) =>
      this.#ifHeld(() => pauseKept(record, pause, nowMs)),
    );
    return change.record;
  }

  async #tellLatest(): Promise<void> {
    while (this.#latest !== null) {
      await this.#clock.sleep(gatherMs, this.#ending.signal).catch(() => undefined);
      if (this.#latest === null) return;
      const steps = this.#latest;
      this.#latest = null;
      try {
        await changeRecord(this.#store, this.#requestId, { worker: this.#worker }, (record, nowMs) =>
          this.#ifHeld(() => progressed(record, steps, nowMs)),
        );
      } catch (error) {
        // The end is told again, or kept beside the lease until it can be; a step not told in between is lost to nobody.
        if (!(error instanceof HandoverError)) throw error;
      }
      await this.#draw(this.#requestId);
    }
  }

  #ifHeld(decide: () => Transition): Transition {
    if (this.#isHeld()) return decide();
    const { id: executionId = "" } = this.#execution ?? {};
    const state = `What execution ${executionId} does is told by its new holder.`;
    return { ok: false, problem: problem("lease_lost", { target: this.#requestId, holder: "another worker", state }) };
  }

  async #change(
    decide: (record: RequestRecord, nowMs: number) => Transition,
    why: AuditEvent["facts"] = {},
  ): Promise<void> {
    const ifHeld = (record: RequestRecord, nowMs: number) => this.#ifHeld(() => decide(record, nowMs));
    const change = await changeRecord(this.#store, this.#requestId, { worker: this.#worker }, ifHeld, why);
    if (!change.ok) throw new HandoverError(change.problem);
  }
}

function isRunning(record: RequestRecord, execution: LedgerExecution): boolean {
  return record.state === "running" && record.execution?.id === execution.id;
}

function wishNow({ wish }: RequestRecord): WishNow {
  if (wish === undefined || wish.kind === "resume") return { kind: "go_on" };
  return wish.kind === "pause" ? { kind: "pause", wish } : { kind: "stop", by: mention(wish.by) };
}
