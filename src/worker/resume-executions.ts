import { type Problem, problem, problemOf } from "../domain/errors.ts";
import { type Plan, planSchema } from "../domain/plan.ts";
import type { RequestRecord } from "../domain/request.ts";
import { openSigned } from "../domain/signing.ts";
import { ended } from "../domain/transitions/running.ts";
import { admit } from "../execution/admission.ts";
import { changeRecord } from "../execution/change-record.ts";
import { resume } from "../execution/execute.ts";
import {
  type EndedExecution,
  type Finisher,
  type LedgerExecution,
  readEnded,
  readExecution,
  writeEnded,
} from "../execution/ledger.ts";
import type { Operation, OperationContext } from "../operations/operation.ts";
import { type LeaseView, sameReference, type TargetReference } from "../ports/workloads.ts";
import { announceBreakGlass } from "./break-glass-news.ts";
import { audienceFor } from "./execute-request.ts";
import { contextFor } from "./operation-context.ts";
import { RecordKeeper } from "./record-keeper.ts";
import type { WorkerServices } from "./services.ts";

const callDeadlineMs = 10_000;
/** No policy lets a grant without a time of its own live longer, so a grant that is remembered for so long has expired by what is signed. */
const longestExpiryMs = 24 * 60 * 60_000;

/**
 * Walks the leases of the cluster: takes up what a dead worker left unfinished, and tells the ends that could not be told.
 * Of one that was committed only the plan's signature and the execution's id are looked at: neither expiry nor freeze,
 * neither approvers nor Slack nor Redis can stop what has begun to change things. One that was not is admitted anew.
 */
export class ExecutionResumer {
  readonly #services: WorkerServices;
  readonly #busy = new Set<string>();

  constructor(services: WorkerServices) {
    this.#services = services;
  }

  /** Returns what it began, so that a shutdown can wait for it. */
  async walk(shutdown: AbortSignal): Promise<Promise<void>[]> {
    const { leases, observer, log } = this.#services;
    const begun: Promise<void>[] = [];
    for (const { target, lease } of await leases.list(
      AbortSignal.any([shutdown, AbortSignal.timeout(callDeadlineMs)]),
    )) {
      const abandoned = observer.isAbandoned(target, lease);
      const attempt = async (doing: string, work: () => Promise<void>) => {
        try {
          await work();
        } catch (error) {
          const why = problemOf(error, doing);
          log.warn({ target: targetName(target), problem: why.code, why: why.what }, `${doing}: not now`);
        }
      };
      await attempt("taking up an execution", async () => {
        const open = readExecution(lease.state.execution);
        if (open === null) return;
        await announceBreakGlass(this.#services, target, { execution: open, abandoned, end: null });
        if (open.authority.kind === "grant" && abandoned && !this.#busy.has(open.id)) {
          begun.push(this.#takeUp(target, open, open.authority.record, shutdown));
        }
      });
      await attempt("telling an end", () => this.#tellEnded(target, lease));
    }
    return begun;
  }

  async #takeUp(
    target: TargetReference,
    open: LedgerExecution,
    record: RequestRecord,
    shutdown: AbortSignal,
  ): Promise<void> {
    const services = this.#services;
    const facts = { requestId: record.id, executionId: open.id };
    const plan = record.plan === undefined ? null : openSigned<Plan>(record.plan, services.clusterKeys, planSchema);
    const operation = services.operations.find((candidate) => candidate.name === plan?.operation);
    if (plan === null || operation === undefined || !isPlanFor(plan, target)) {
      services.log.error(facts, "an unfinished execution without a plan that this cluster signed for it: left alone");
      return;
    }
    this.#busy.add(open.id);
    try {
      services.log.info(facts, "taking up an execution that another worker left unfinished");
      const context = { ...contextFor(services, record.target, new AbortController().signal), target };
      const surroundings = { ...services, operation, context, holder: services.workerId, shutdown };
      const objection = open.committed ? null : await this.#objectionTo(record, operation, context);
      const audience = audienceFor(services, record.id);
      const rememberMs = Math.max(services.clock.nowMs() + longestExpiryMs, plan.schedule?.endsAtMs ?? 0);
      const result = await resume(surroundings, plan, open.id, rememberMs, audience, { objection });
      services.log.info({ ...facts, state: result.state }, "resumed execution ended");
    } catch (error) {
      const why = problemOf(error, "resuming an execution");
      services.log.warn({ ...facts, problem: why.code, why: why.what }, "execution not resumed");
    } finally {
      this.#busy.delete(open.id);
    }
  }

  /** What had not changed anything yet is admitted as if it began now: its approval may have run out since. */
  async #objectionTo(record: RequestRecord, operation: Operation, context: OperationContext): Promise<Problem | null> {
    const admission = await admit(record, await this.#services.store.nowMs(), operation, context, this.#services);
    switch (admission.kind) {
      case "admitted":
        return null;
      case "stale":
        return problem("plan_stale", { changes: admission.changes, line: null });
      case "refused":
        return admission.problems[0] ?? problem("grant_invalid", { why: "it was refused" });
    }
  }

  /** Settles the records of executions that ended while Redis was away, and then forgets that they were untold. */
  async #tellEnded(target: TargetReference, lease: LeaseView): Promise<void> {
    if (lease.state.holder !== null) return;
    const ended = readEnded(lease.state.usedGrants);
    if (ended.every((entry) => entry.unreported === null)) return;
    const told = await Promise.all(ended.map((entry) => this.#tell(target, entry)));
    const usedGrants = writeEnded(told, this.#services.clock.nowMs());
    const signal = AbortSignal.timeout(callDeadlineMs);
    // Lost against another writer: whoever walks next tells it again, and the record is settled only once.
    await this.#services.leases.compareAndSet(target, lease.version, { ...lease.state, usedGrants }, signal);
  }

  async #tell(target: TargetReference, entry: EndedExecution): Promise<EndedExecution> {
    const { store, faces, workerId, draw } = this.#services;
    if (entry.unreported === null) return entry;
    const { execution, state, outcome } = entry.unreported;
    await announceBreakGlass(this.#services, target, { execution, abandoned: false, end: { outcome } });
    if (execution.authority.kind === "break_glass") return { ...entry, unreported: null };
    const { id } = execution.authority.record;
    await new RecordKeeper(store, faces, workerId).restoreIfLost(execution);
    const { finisher } = execution;
    const by = finisher === undefined ? { worker: workerId } : { commandLine: finisher.user };
    await changeRecord(store, id, by, (record, nowMs) => {
      const told = finisher === undefined ? record : finishedFrom(record, finisher, nowMs);
      return ended(told, state, outcome, execution.steps, nowMs);
    });
    await draw.drawOnce(id, { deadlineMs: callDeadlineMs });
    return { ...entry, unreported: null };
  }
}

/** Its thread says who finished it. */
function finishedFrom(record: RequestRecord, { user, reason }: Finisher, nowMs: number): RequestRecord {
  const text = `Finished from the command line by ${user}${reason === "" ? "" : `: ${reason}`}`;
  return { ...record, story: [...record.story, { atMs: nowMs, text }] };
}

function isPlanFor(plan: Plan, target: TargetReference): boolean {
  return sameReference(plan.target, target);
}

function targetName(target: TargetReference): string {
  return `${target.namespace}/${target.workload}`;
}
