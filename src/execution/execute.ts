import { fail, type Problem, problemOf } from "../domain/errors.ts";
import { operationCommand } from "../domain/operation-words.ts";
import type { Plan } from "../domain/plan.ts";
import type { StepProgress } from "../domain/request.ts";
import type { Operation, OperationContext, OperationRun } from "../operations/operation.ts";
import type { TargetLeases } from "../ports/workloads.ts";
import type { LeaseObserver } from "./lease-observer.ts";
import {
  type EndedExecution,
  executionThatUsed,
  type Finisher,
  grantIdOfExecution,
  type LedgerExecution,
} from "./ledger.ts";
import { type ExecutionReporter, type ExecutionResult, pendingSteps, runSteps } from "./run-steps.ts";
import type { SafePoints, WishNow } from "./safe-point.ts";
import { TargetLease } from "./target-lease.ts";

export interface ExecutionSurroundings {
  readonly operation: Operation;
  readonly context: OperationContext;
  readonly leases: TargetLeases;
  readonly observer: LeaseObserver;
  /** Unique to this process. */
  readonly holder: string;
  readonly leaseDurationMs: number;
  /** Stops what has changed nothing yet, and what is at a safe point; anything else runs to its end. */
  readonly shutdown: AbortSignal;
}

/** Who hears of an execution. */
export interface ExecutionAudience extends Pick<ExecutionReporter, "progress" | "commit"> {
  /**
   * The lease is held and the execution is on record in the cluster. Throws when it must not go on; nothing has been changed then.
   * @param isHeld whether the lease is still this process'; asks nobody. What is told without it could be another's to tell.
   */
  started(execution: LedgerExecution, isHeld: () => boolean): Promise<void>;
  /** What people want at a safe point; null: nobody could be asked. Bounded; never throws but for `signal`. */
  wish(execution: LedgerExecution, signal: AbortSignal): Promise<WishNow | null>;
  /** The end, or that it is left to another process. True when it is on record where people see it; false: keep it beside the lease until it is. */
  ended(result: ExecutionResult, isHeld: () => boolean): Promise<boolean>;
}

/** How long a used grant is remembered beyond its own expiry: more than any clocks differ. */
const rememberLongerMs = 60 * 60_000;

/**
 * Uses an authority once: takes the target's lease and writes the execution beside it in one compare-and-set, then runs
 * the plan. Throws HandoverError before anything was changed: `target_locked`, `execution_unfinished`, `grant_used`.
 */
export async function execute(
  surroundings: ExecutionSurroundings,
  plan: Plan,
  execution: LedgerExecution,
  grantExpiresAtMs: number,
  audience: ExecutionAudience,
): Promise<ExecutionResult> {
  const grantId = grantIdOfExecution(execution);
  const lease = await takeLease(surroundings, (open, ended) => {
    const used = grantId === null ? null : executionThatUsed(grantId, open, ended);
    if (used !== null) throw fail("grant_used", { executionId: used });
    if (open !== null) throw unfinished(surroundings, open);
    return execution;
  });
  return await carryOut(surroundings, plan, lease, grantExpiresAtMs, audience, false);
}

/**
 * Takes up an execution that another process left unfinished. Throws `target_locked` while that one lives.
 * `objection`: why it must not begin; it only ends an execution that had not been committed, and so changed nothing.
 * `finisher`: the person at a command line who takes it up.
 */
export async function resume(
  surroundings: ExecutionSurroundings,
  plan: Plan,
  executionId: string,
  grantExpiresAtMs: number,
  audience: ExecutionAudience,
  { objection = null, finisher = null }: { objection?: Problem | null; finisher?: Finisher | null } = {},
): Promise<ExecutionResult> {
  const lease = await takeLease(surroundings, (open) => {
    if (open === null || open.id !== executionId) throw unfinished(surroundings, open);
    const { finisher: _before, ...rest } = open;
    return finisher === null ? rest : { ...rest, finisher };
  });
  const { committed } = lease.execution;
  return await carryOut(surroundings, plan, lease, grantExpiresAtMs, audience, committed, committed ? null : objection);
}

async function carryOut(
  surroundings: ExecutionSurroundings,
  plan: Plan,
  lease: TargetLease,
  grantExpiresAtMs: number,
  audience: ExecutionAudience,
  resumed: boolean,
  known: Problem | null = null,
): Promise<ExecutionResult> {
  const { operation, context, shutdown } = surroundings;
  const run = operation.begin(context, plan, resumed);
  try {
    const objection = known ?? (await objectionToStart(lease, run, audience));
    const result =
      objection !== null
        ? notBegun(objection, context.clock.nowMs())
        : await runSteps({
            run,
            lease,
            reporter: committingTo(lease, audience),
            clock: context.clock,
            committed: lease.execution.committed,
            safePoints: safePointsOf(lease, audience),
            shutdown,
          });
    await letGo(lease, result, grantExpiresAtMs, context.clock.nowMs(), audience);
    return result;
  } finally {
    await run.close();
    await lease.abandon();
  }
}

/**
 * What has begun to change things is never stopped by a record, whatever that says; what has not, is. A commitment alone is
 * not a beginning: where the record says how this very execution ended, the target is asked whether anything was done.
 */
async function objectionToStart(
  lease: TargetLease,
  run: OperationRun,
  audience: ExecutionAudience,
): Promise<Problem | null> {
  try {
    await audience.started({ ...lease.execution, steps: pendingSteps(run.steps) }, () => lease.isHeld());
    return null;
  } catch (error) {
    const objection = problemOf(error, "recording the start");
    if (!lease.execution.committed) return objection;
    return objection.code === "request_settled" && !(await hasBegun(lease, run)) ? objection : null;
  }
}

/** Whether the first step that cannot be undone was done. What cannot be told counts as begun: its steps look themselves. */
async function hasBegun(lease: TargetLease, run: OperationRun): Promise<boolean> {
  const step = run.steps.find((candidate) => candidate.pointOfNoReturn);
  if (step === undefined) return false;
  try {
    return await step.isDone(AbortSignal.any([lease.lost, AbortSignal.timeout(step.deadlineMs)]));
  } catch {
    return true;
  }
}

function notBegun(objection: Problem, nowMs: number): ExecutionResult {
  const outcome = { atMs: nowMs, summary: "Nothing was changed.", writesStoppedMs: null, problems: [objection] };
  return { state: objection.code === "plan_stale" ? "stale" : "failed", outcome, steps: [] };
}

/** The commitment is on record with the people first, so that a wish to cancel wins, and then beside the lease. */
function committingTo(lease: TargetLease, audience: ExecutionAudience): ExecutionReporter {
  return {
    progress: (steps: readonly StepProgress[]) => audience.progress(steps),
    commit: async (signal) => {
      await audience.commit(signal);
      await lease.record((execution) => ({ ...execution, committed: true }), signal);
    },
  };
}

/** Holding stands beside the lease too, so that a pause outlives this process and Redis. */
function safePointsOf(lease: TargetLease, audience: ExecutionAudience): SafePoints {
  return {
    isHeld: () => lease.execution.held !== undefined,
    pauseOnRecord: () => lease.execution.held?.pause ?? null,
    wish: (signal) => audience.wish(lease.execution, signal),
    hold: (pause, signal) => lease.record((execution) => ({ ...execution, held: { pause } }), signal),
    goOn: (signal) => lease.record(({ held: _held, ...execution }) => execution, signal),
  };
}

async function letGo(
  lease: TargetLease,
  result: ExecutionResult,
  grantExpiresAtMs: number,
  nowMs: number,
  audience: ExecutionAudience,
): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  const { state, outcome, steps } = result;
  const isHeld = () => lease.isHeld();
  if (state === "interrupted") {
    // What is left to tell is told before another process can take it up and tell it differently.
    await audience.ended(result, isHeld);
    return await lease.leaveUnfinished(signal);
  }
  // Whoever holds the lease now, or takes up what is left, tells how it ends. This process does not know.
  if (!isHeld()) return;
  const reported = await audience.ended(result, isHeld);
  const execution = { ...lease.execution, steps: [...steps] };
  const ended: EndedExecution = {
    executionId: execution.id,
    grantId: grantIdOfExecution(execution),
    rememberUntilMs: Math.max(grantExpiresAtMs, nowMs) + rememberLongerMs,
    unreported: reported ? null : { execution, state, outcome },
  };
  await lease.end(ended, signal);
}

function takeLease(
  { leases, context, holder, leaseDurationMs, observer }: ExecutionSurroundings,
  decide: Parameters<typeof TargetLease.take>[2],
): Promise<TargetLease> {
  const options = { leases, clock: context.clock, target: context.target, holder, durationMs: leaseDurationMs };
  return TargetLease.take(options, observer, decide, context.signal);
}

function unfinished({ context, operation }: ExecutionSurroundings, open: LedgerExecution | null) {
  const { namespace, workload } = context.target;
  return fail("execution_unfinished", {
    target: `${namespace}/${workload}`,
    holder: open?.startedBy ?? "nobody",
    executionId: open?.id ?? "none",
    commandLine: resumeLine(open, `${operationCommand(operation.name)} ${namespace}/${workload} --reason "…"`),
  });
}

/** A worker takes up only what a cluster's key has signed. */
function resumeLine(open: LedgerExecution | null, commandLine: string): string {
  return open?.authority.kind === "grant" ? `a worker takes it up by itself; without one: ${commandLine}` : commandLine;
}
