import { problem } from "../errors.ts";
import { mention } from "../people.ts";
import { isSettled, type Outcome, type RequestRecord, type StepProgress, type StoryEntry } from "../request.ts";
import { done, next, notNow, settled, type Transition, touched } from "./change.ts";

/** The grant is used: the cluster has the execution on record, and from here only the holder of the lease writes. */
export function started(
  record: RequestRecord,
  execution: { id: string; worker: string; steps: readonly StepProgress[] },
  nowMs: number,
): Transition {
  if (record.state !== "approved") return notNow(record);
  const running = next(record, nowMs, "running", `Started by worker ${execution.worker}.`);
  return done({
    ...running,
    expiresAtMs: null,
    execution: { ...execution, steps: [...execution.steps], startedAtMs: nowMs, committed: false },
  });
}

/** Another worker holds the lease now: what the one before writes from here on is refused. */
export function takenUp(record: RequestRecord, worker: string, nowMs: number): Transition {
  if (record.state !== "running" || record.execution === undefined) return notNow(record);
  const running = next(record, nowMs, "running", `Taken up by worker ${worker}.`);
  return done({ ...running, execution: { ...record.execution, worker } });
}

export function progressed(record: RequestRecord, steps: readonly StepProgress[], nowMs: number): Transition {
  if (record.execution === undefined || isSettled(record)) return notNow(record);
  return done({
    ...touched(record, nowMs),
    execution: { ...record.execution, steps: [...steps] },
    story: [...record.story, ...storyOf(record.execution.steps, steps, nowMs)],
  });
}

/** Before the first step that cannot be undone. A wish to cancel that is already there wins. */
export function committed(record: RequestRecord, nowMs: number): Transition {
  if (record.state !== "running" || record.execution === undefined) return notNow(record);
  if (record.wish?.kind === "cancel") {
    return { ok: false, problem: problem("cancelled_before_start", { by: mention(record.wish.by) }) };
  }
  return done({ ...touched(record, nowMs), execution: { ...record.execution, committed: true } });
}

/**
 * The execution ended, well or not. From `unknown` it can still be found out. `stale`: the cluster was not what was approved
 * any more when another worker took it up, and nothing had been changed.
 */
export function ended(
  record: RequestRecord,
  state: "succeeded" | "failed" | "cancelled" | "stale" | "unknown",
  result: Outcome,
  steps: readonly StepProgress[],
  nowMs: number,
): Transition {
  if ((record.state !== "running" && record.state !== "unknown") || record.execution === undefined)
    return notNow(record);
  const late = state === "succeeded" || state === "failed" ? lateWish(record, nowMs) : [];
  const told = { ...record, story: [...record.story, ...storyOf(record.execution.steps, steps, nowMs), ...late] };
  const execution = { ...record.execution, steps: [...steps] };
  const stopped = state === "cancelled" && record.wish?.kind === "cancel" ? { settledBy: record.wish.by } : {};
  return done({ ...settled(told, nowMs, state, result), execution, ...stopped });
}

/** What is new to tell of the steps: those that ended since. */
function storyOf(before: readonly StepProgress[], after: readonly StepProgress[], nowMs: number): StoryEntry[] {
  const was = new Map(before.map((step) => [step.id, step.state]));
  return after
    .filter((step) => step.state !== "pending" && step.state !== "running" && was.get(step.id) !== step.state)
    .map((step) => ({ atMs: nowMs, text: stepText(step) }));
}

/** Who wished to stop it is told why it was not stopped. */
function lateWish({ state, wish }: RequestRecord, nowMs: number): StoryEntry[] {
  if (state !== "running" || wish?.kind !== "cancel") return [];
  return [{ atMs: nowMs, text: `The wish of ${mention(wish.by)} to stop it came after the last place for that.` }];
}

function stepText(step: StepProgress): string {
  const signs = { done: "✓", failed: "✗", undone: "↩", skipped: "–", pending: "·", running: "…" } as const;
  return `${signs[step.state]} ${step.title}${step.note === undefined ? "" : ` — ${step.note}`}`;
}
