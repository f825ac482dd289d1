import { HandoverError, type Problem, problem } from "../../domain/errors.ts";
import type { RolloutView } from "../../ports/rollouts.ts";
import type { OperationContext, UndoResult } from "../operation.ts";
import { WaitingNote } from "../waiting-note.ts";
import { lookUntilAnswered, nameOf, untilAnswered } from "./look.ts";
import type { RestartDetails } from "./restart-details.ts";
import { isWritten } from "./restart-run.ts";
import { holderTexts, stateText, unreadyPods } from "./rollout-state.ts";
import { untilRolled } from "./watch-rollout.ts";

/**
 * A roll-out that does not get on is stopped by giving the workload the template that it had: of a Deployment the pods of
 * before are still there. Pods that were restarted one by one are nothing to undo, and nor is a version that somebody went
 * back to.
 */
export async function undoRestart(
  context: OperationContext,
  details: RestartDetails,
  failure: Problem,
): Promise<UndoResult> {
  try {
    const view = await lookUntilAnswered(context);
    if (details.write?.kind === "restart") return await putBack(context, details, failure, view);
    return stopped(context, details, failure, view);
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    const why = failure.what === error.problem.what ? failure.what : `${failure.what} ${error.problem.what}`;
    return { kind: "unknown", problem: problem("workload_outcome_unknown", { workload: nameOf(context), why }) };
  }
}

async function putBack(
  context: OperationContext,
  details: RestartDetails,
  failure: Problem,
  seen: RolloutView,
): Promise<UndoResult> {
  const { uid, before } = details;
  const { rollouts } = context.workloads;
  let view = seen;
  while (view.uid === uid && isWritten(details, view)) {
    const now = view;
    // Whether it was written, or somebody else was first, is looked at.
    await untilAnswered(context, () => rollouts.setRestartedAt(now, before.restartedAt, context.signal));
    view = await lookUntilAnswered(context);
  }
  if (view.uid !== uid || !isAsBefore(details, view)) return stopped(context, details, failure, view);
  const after = view;
  const revisions = await untilAnswered(context, () => rollouts.revisions(after, context.signal));
  const at = details.write?.kind === "restart" ? details.write.at : null;
  if (!revisions.some(({ restartedAt }) => restartedAt === at)) return { kind: "nothing_changed", problem: failure };
  return await untilAsBefore(context, details, failure);
}

/** As long as there is time for undoing: what is not back by then is told, and its controller goes on with it. */
async function untilAsBefore(
  context: OperationContext,
  details: RestartDetails,
  failure: Problem,
): Promise<UndoResult> {
  const workload = nameOf(context);
  const bounded = AbortSignal.any([context.signal, AbortSignal.timeout(backWithinMs)]);
  const watched = {
    uid: details.uid,
    isExpected: (view: RolloutView) => isAsBefore(details, view),
    isEnd: (view: RolloutView) => view.isRolled && unreadyPods(view).length === 0,
    doing: "put back",
    waitMs: backWithinMs,
    clearsTheWay: true,
  };
  try {
    const view = await untilRolled({ ...context, signal: bounded }, watched, new WaitingNote(context.clock, () => {}));
    const told = { workload, why: failure.what, state: `${sentenceOf(stateText(view))}.` };
    return { kind: "undone", problem: problem("workload_restart_undone", told) };
  } catch (error) {
    if (!(error instanceof HandoverError || bounded.aborted)) throw error;
    const view = await lookUntilAnswered(context);
    const what = `The restart was stopped: ${workload} has the version of before again, but not all of its pods are back.`;
    return { kind: "stopped", problem: problem("workload_stopped", { what, why: failure.what, state: nowText(view) }) };
  }
}

/** Less than the executor gives undoing, so that there is time left to say how things stand. */
const backWithinMs = 45_000;

function isAsBefore({ before }: RestartDetails, { template }: RolloutView): boolean {
  return template.digest === before.digest && template.restartedAt === before.restartedAt;
}

/** It stands where it is; nothing is put back. */
function stopped(context: OperationContext, details: RestartDetails, failure: Problem, view: RolloutView): UndoResult {
  const { write, evicted } = details;
  const left = evicted.filter((pod) => view.pods.some(({ uid, terminating }) => uid === pod.uid && !terminating));
  const isUntouched = write === null ? left.length === evicted.length : isAsBefore(details, view);
  if (isUntouched && left.length === evicted.length) return { kind: "nothing_changed", problem: failure };
  const done = evicted.filter((pod) => !left.includes(pod)).map(({ name }) => name);
  const what =
    evicted.length === 0
      ? `${nameOf(context)} was left as it is.`
      : `The restart of ${nameOf(context)} stopped. Restarted: ${done.join(", ") || "none"}. Not restarted: ${left.map(({ name }) => name).join(", ") || "none"}.`;
  return { kind: "stopped", problem: problem("workload_stopped", { what, why: failure.what, state: nowText(view) }) };
}

function nowText(view: RolloutView): string {
  const holders = holderTexts(view);
  return `Now ${stateText(view)}${holders.length === 0 ? "" : `: ${holders.join("; ")}`}.`;
}

const sentenceOf = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
