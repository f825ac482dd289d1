import { fail, HandoverError, type Problem, problem, problemOf } from "../domain/errors.ts";
import type { Outcome, StepProgress } from "../domain/request.ts";
import type { OperationRun, Step } from "../operations/operation.ts";
import type { Clock } from "../ports/clock.ts";
import { passSafePoint, type SafePoints, watchForStop } from "./safe-point.ts";

/** Who hears of the progress, and who may still say stop. */
export interface ExecutionReporter {
  /** Tells how far the steps are. Returns at once and never throws: telling must not hold up a switch. */
  progress(steps: readonly StepProgress[]): void;
  /**
   * Asked once, before the first step that cannot be undone. Resolves when the commitment is on record; throws
   * `cancelled_before_start` when somebody wished so in time, and anything else when the record does not answer: then it stops.
   */
  commit(signal: AbortSignal): Promise<void>;
}

/** What the executor needs of the lease it runs under. */
export interface ExecutionLease {
  readonly lost: AbortSignal;
  /** Throws `lease_lost` when it ran out by this process' own clock. Asks nobody. */
  assertHeld(): void;
  /** Looks at it in the cluster. Throws `lease_lost`. */
  confirm(signal: AbortSignal): Promise<void>;
}

export interface ExecutionResult {
  readonly state: "succeeded" | "failed" | "cancelled" | "stale" | "unknown" | "interrupted";
  readonly outcome: Outcome;
  readonly steps: readonly StepProgress[];
}

/** How long putting things back may take, on a deadline of its own: the failed step may have used up any other. */
export const undoDeadlineMs = 60_000;

/**
 * Carries a plan out, step by step. A step that the world shows as done is not done again, so that running it once more
 * finishes what a crash left half done.
 * People may stop or pause it at its safe points. `shutdown` stops it while nothing has been changed, and at safe points
 * (`interrupted`: another process may take it up); otherwise it runs to its end.
 */
export async function runSteps(options: {
  run: OperationRun;
  lease: ExecutionLease;
  reporter: ExecutionReporter;
  clock: Clock;
  /** True when an earlier process committed already. */
  committed: boolean;
  /** Who is asked at safe points; left out: nobody. */
  safePoints?: SafePoints;
  shutdown: AbortSignal;
}): Promise<ExecutionResult> {
  const { run, lease, reporter, clock, safePoints, shutdown } = options;
  const progress = new Progress(run.steps, reporter);
  let { committed } = options;
  // What an earlier process left half done is finished before anybody may stop it: the world is at no safe point.
  let halfDone = committed && safePoints?.isHeld() === false;
  for (const step of run.steps) {
    if (!committed && shutdown.aborted) return progress.result("interrupted", nothingChanged(clock, []));
    try {
      const isBehind = step.safePoint && options.committed && (await isSeenDone(step, lease));
      if (safePoints !== undefined && step.safePoint && !halfDone && !isBehind) {
        const passed = await passSafePoint(safePoints, clock, lease.lost, shutdown);
        if (passed.kind === "leave") return progress.result("interrupted", nothingChanged(clock, []));
        if (passed.kind === "stop" && step.stoppable && committed) {
          throw fail("stopped_in_step", { by: passed.by, step: step.title });
        }
        if (passed.kind === "stop") return stoppedByPerson(passed.by, committed, run, progress, clock);
      }
      if (step.pointOfNoReturn && !committed) {
        await reporter.commit(lease.lost);
        committed = true;
      }
      lease.assertHeld();
      const signal = AbortSignal.any([lease.lost, ...(committed ? [] : [shutdown])]);
      progress.set(step, "running");
      const beforeAct = async () => (safePoints?.isHeld() ? await safePoints.goOn(lease.lost) : undefined);
      const tell = (text: string) => progress.set(step, "running", text);
      const work = (bounded: AbortSignal) => actUnlessDone(step, lease, bounded, beforeAct, tell);
      const note = await unlessStopped(step, committed ? safePoints : undefined, clock, signal, work);
      progress.set(step, note.done ? "skipped" : "done", note.text);
      if (!note.done) halfDone = false;
    } catch (error) {
      if (!committed && shutdown.aborted) return progress.result("interrupted", nothingChanged(clock, []));
      const failure = problemOf(error, `“${step.title}”`);
      progress.set(step, "failed", failure.what);
      return await stopped(failure, committed, run, lease, progress, clock);
    }
  }
  const { summary, writesStoppedMs } = run.result();
  return progress.result("succeeded", { atMs: clock.nowMs(), summary, writesStoppedMs, problems: [] });
}

/** Does it; where people may stop it in its middle, it listens for that meanwhile. Throws `stopped_in_step`. */
async function unlessStopped<T>(
  step: Step,
  safePoints: SafePoints | undefined,
  clock: Clock,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (step.stoppable !== true || safePoints === undefined) return await work(signal);
  const stop = new AbortController();
  const over = new AbortController();
  const watching = watchForStop(safePoints, clock, AbortSignal.any([signal, over.signal])).then((by) => {
    if (by !== null) stop.abort(fail("stopped_in_step", { by, step: step.title }));
  });
  try {
    return await work(AbortSignal.any([signal, stop.signal]));
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    throw error;
  } finally {
    over.abort();
    await watching;
  }
}

/** Which steps there are, before any of them has begun. */
export function pendingSteps(steps: readonly Step[]): StepProgress[] {
  return steps.map(({ id, title, safePoint, stoppable }) => ({
    id,
    title,
    state: "pending",
    ...(safePoint ? { safePoint } : {}),
    ...(stoppable ? { stoppable } : {}),
  }));
}

function stoppedByPerson(
  by: string,
  committed: boolean,
  run: OperationRun,
  progress: Progress,
  clock: Clock,
): ExecutionResult {
  if (!committed) {
    const { what } = problem("cancelled_before_start", { by });
    return progress.result("cancelled", { ...nothingChanged(clock, []), summary: what });
  }
  const { summary, writesStoppedMs } = run.result();
  const why = problem("stopped_by_person", { by, done: summary });
  return progress.result("cancelled", { atMs: clock.nowMs(), summary: why.what, writesStoppedMs, problems: [why] });
}

async function stopped(
  failure: Problem,
  committed: boolean,
  run: OperationRun,
  lease: ExecutionLease,
  progress: Progress,
  clock: Clock,
): Promise<ExecutionResult> {
  if (failure.code === "cancelled_before_start") {
    return progress.result("cancelled", { ...nothingChanged(clock, []), summary: failure.what });
  }
  if (!committed) return progress.result("failed", nothingChanged(clock, [failure]));
  // Without the lease nothing may be changed any more, not even put back: its new holder does that.
  if (failure.code === "lease_lost") {
    const summary = "Stopped: the lease was lost, and whoever holds it finishes or undoes this.";
    return progress.result("unknown", { atMs: clock.nowMs(), summary, writesStoppedMs: null, problems: [failure] });
  }
  const undone = await undo(run, lease, failure);
  const { writesStoppedMs } = run.result();
  if (undone.kind === "finished") {
    return progress.result("succeeded", { atMs: clock.nowMs(), summary: undone.note, writesStoppedMs, problems: [] });
  }
  const outcome = {
    atMs: clock.nowMs(),
    summary: undone.problem.what,
    writesStoppedMs,
    problems: distinct([undone.problem, failure]),
  };
  if (undone.kind === "unknown") return progress.result("unknown", outcome);
  return progress.result(failure.code === "stopped_in_step" ? "cancelled" : "failed", outcome);
}

async function undo(run: OperationRun, lease: ExecutionLease, failure: Problem) {
  const signal = AbortSignal.any([lease.lost, AbortSignal.timeout(undoDeadlineMs)]);
  try {
    await lease.confirm(signal);
    return await run.undo(failure, signal);
  } catch (error) {
    return { kind: "unknown", problem: problemOf(error, "putting things back") } as const;
  }
}

function actUnlessDone(
  step: Step,
  lease: ExecutionLease,
  signal: AbortSignal,
  beforeAct: () => Promise<void>,
  tell: (note: string) => void,
): Promise<{ done: boolean; text: string | null }> {
  return withinDeadline(step, lease, signal, async (bounded) => {
    const [done] = await Promise.all([
      step.isDone(bounded),
      step.changesTarget ? lease.confirm(bounded) : Promise.resolve(),
    ]);
    if (done) return { done: true, text: "was done already" };
    await beforeAct();
    return { done: false, text: await step.act(bounded, tell) };
  });
}

/** What cannot be told counts as not done: the step itself asks again. */
function isSeenDone(step: Step, lease: ExecutionLease): Promise<boolean> {
  return withinDeadline(step, lease, lease.lost, (bounded) => step.isDone(bounded)).catch(() => false);
}

async function withinDeadline<T>(
  step: Step,
  lease: ExecutionLease,
  signal: AbortSignal,
  work: (bounded: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(step.deadlineMs);
  try {
    return await work(AbortSignal.any([signal, deadline]));
  } catch (error) {
    if (lease.lost.aborted && lease.lost.reason instanceof HandoverError) throw lease.lost.reason;
    if (!deadline.aborted || error instanceof HandoverError) throw error;
    const state = "Whether it was done is looked at next.";
    throw fail("step_timed_out", { step: step.title, seconds: step.deadlineMs / 1000, state }, { cause: error });
  }
}

function nothingChanged(clock: Clock, problems: Problem[]): Outcome {
  return { atMs: clock.nowMs(), summary: "Nothing was changed.", writesStoppedMs: null, problems };
}

function distinct(problems: readonly Problem[]): Problem[] {
  return problems.filter((one, index) => problems.findIndex((other) => other.what === one.what) === index);
}

class Progress {
  #steps: StepProgress[];
  readonly #reporter: ExecutionReporter;

  constructor(steps: readonly Step[], reporter: ExecutionReporter) {
    this.#steps = pendingSteps(steps);
    this.#reporter = reporter;
  }

  set(step: Step, state: StepProgress["state"], note: string | null = null): void {
    this.#steps = this.#steps.map((one) => {
      if (one.id !== step.id) return one;
      const { note: _before, ...rest } = one;
      return { ...rest, state, ...(note === null ? {} : { note }) };
    });
    this.#reporter.progress(this.#steps);
  }

  result(state: ExecutionResult["state"], outcome: Outcome): ExecutionResult {
    return { state, outcome, steps: this.#steps };
  }
}
