import { HandoverError, type Problem, problem } from "../../domain/errors.ts";
import { timeText } from "../new-enough.ts";
import type { OperationContext, UndoResult } from "../operation.ts";
import { describeNodes } from "./assess.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import type { RestartDetails, RestartedPod } from "./restart-details.ts";
import type { RestartFailover } from "./restart-failover.ts";
import { primaryIn } from "./restart-pods.ts";

const lookAgainAfterMs = 500;

/**
 * A restarted standby is nothing to undo: what was done stands, and the same command goes on from there. Only a failover
 * that is under way is finished or undone first. Looks until a primary is seen; without one, nothing is called good.
 */
export async function undoRestart(
  context: OperationContext,
  details: RestartDetails,
  failover: RestartFailover,
  failure: Problem,
): Promise<UndoResult> {
  const { primary, candidate, epoch } = details;
  if (failover.isUnderWay) return await undoFailover(context, details, failover, failure);
  let seen: DoltView | null = null;
  for (;;) {
    const view = await lookOrNull(context);
    seen = view ?? seen;
    if (view !== null && isPrimary(view, primary.name, epoch)) {
      return stopped(view, details, failure, `${primary.name} is primary as before; writes go on.`);
    }
    if (view !== null && candidate !== null && isPrimary(view, candidate, epoch + 1) && failover.hasEnded) {
      return stopped(view, details, failure, `${candidate} is primary; writes go on.`);
    }
    // An earlier process may have ended in the middle of it.
    if (view !== null && failover.mayHaveBegunBefore) return await undoFailover(context, details, failover, failure);
    if (context.signal.aborted) return unknown(seen, details, failure);
    await context.clock.sleep(lookAgainAfterMs, context.signal).catch(() => undefined);
  }
}

async function undoFailover(
  context: OperationContext,
  details: RestartDetails,
  failover: RestartFailover,
  failure: Problem,
): Promise<UndoResult> {
  const undone = await failover.undo(failure, context.signal);
  if (undone.kind === "unknown") return undone;
  const view = await lookOrNull(context);
  switch (undone.kind) {
    case "finished":
      return stopped(view, details, failure, undone.note);
    case "nothing_changed":
      return stopped(view, details, failure, `${details.primary.name} is primary as before; writes go on.`);
    case "undone":
    case "stopped":
      return stopped(view, details, failure, undone.problem.what, true);
  }
}

/** @param isChanged whether more than pods was changed */
function stopped(
  view: DoltView | null,
  details: RestartDetails,
  failure: Problem,
  state: string,
  isChanged = false,
): UndoResult {
  const planned = [...details.batches.flat(), ...(details.candidate === null ? [] : [details.primary])];
  const [done, left] = [true, false].map((wanted) =>
    planned.filter((pod) => view !== null && isReplaced(pod, view) === wanted).map(({ name }) => name),
  );
  const isHandedOver = view !== null && !isPrimary(view, details.primary.name, details.epoch);
  if (view !== null && done?.length === 0 && !isHandedOver && !isChanged) {
    return { kind: "nothing_changed", problem: failure };
  }
  const before = timeText(details.beforeMs);
  return {
    kind: "stopped",
    problem: problem("dolt_restart_stopped", { done: done ?? [], left: left ?? [], state, before }),
  };
}

function unknown(view: DoltView | null, details: RestartDetails, failure: Problem): UndoResult {
  const now = view === null ? "the cluster does not answer" : describeNodes(view).join("; ");
  const todo = `See that one server is primary and carries the primary's label. Then type the same command with --before ${timeText(details.beforeMs)}: it goes on with the pods that are left.`;
  return { kind: "unknown", problem: problem("dolt_outcome_unknown", { state: `${failure.what} Now: ${now}.`, todo }) };
}

function isPrimary(view: DoltView, name: string, epoch: number): boolean {
  return primaryIn(view, { name, epoch }) !== null;
}

function isReplaced({ name, uid }: RestartedPod, view: DoltView): boolean {
  const pod = view.nodes.find((node) => node.name === name)?.pod ?? null;
  return pod?.uid !== uid || pod.terminating;
}

async function lookOrNull(context: OperationContext): Promise<DoltView | null> {
  try {
    const view = await lookAtDolt(context);
    // What an aborted look says of the servers is its own end, not theirs.
    return context.signal.aborted ? null : view;
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    return null;
  }
}
