import { type Problem, problem } from "../../domain/errors.ts";
import type { OperationContext, UndoResult } from "../operation.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import type { RepairDetails } from "./repair-details.ts";
import { chosenIfPromoted, describe } from "./repair-state.ts";
import { isRoutedOnlyTo, roleLabel, routedPods, routeOnce } from "./role-labels.ts";
import { undoUntilKnown } from "./undo-until-known.ts";

/**
 * After a failed step: where the chosen server is primary, that stands, and writes are routed to it. Before any promotion was
 * sent the labels are put back as they were. Between the two nobody can tell yet.
 */
export async function undoRepair(
  context: OperationContext,
  details: RepairDetails,
  failure: Problem,
  promotionSent: boolean,
): Promise<UndoResult> {
  let view: DoltView | null = null;
  const tryOnce = async (): Promise<UndoResult | null> => {
    view = await lookAtDolt(context);
    if (context.signal.aborted) return unknown(details, failure, view);
    if (chosenIfPromoted(view, details) !== null) {
      if (!isRoutedOnlyTo(details.chosen.name, view.workload)) await routeOnce(details.chosen, context, view.workload);
      return { kind: "stopped", problem: failure };
    }
    return promotionSent ? null : await putLabelsBack(context, details, failure, view);
  };
  return await undoUntilKnown(context, tryOnce, () => unknown(details, failure, view));
}

async function putLabelsBack(
  context: OperationContext,
  { routed }: RepairDetails,
  failure: Problem,
  view: DoltView,
): Promise<UndoResult> {
  const now = routedPods(view.workload);
  const isAsBefore = now.length === routed.length && routed.every((name) => now.includes(name));
  if (isAsBefore) return { kind: "nothing_changed", problem: failure };
  // Those that had it first, then the others: somebody is routed at every moment, if somebody was.
  const pods = view.workload.pods.flatMap(({ name, pod }) => (pod === null ? [] : [{ name, uid: pod.uid }]));
  const put = async (name: string, uid: string, role: string) => {
    const reference = { namespace: context.target.namespace, name, uid };
    await context.workloads.labelPod(reference, roleLabel, role, context.signal);
  };
  for (const { name, uid } of pods) if (routed.includes(name)) await put(name, uid, "primary");
  for (const { name, uid } of pods) if (!routed.includes(name) && now.includes(name)) await put(name, uid, "standby");
  return { kind: "undone", problem: problem("dolt_repair_undone", { routed, why: failure.what }) };
}

function unknown({ chosen }: RepairDetails, failure: Problem, view: DoltView | null): UndoResult {
  const now = view === null ? "the cluster does not answer" : describe(view);
  const state = `${failure.what} Now: ${now}.`;
  const todo = `${chosen.name} may become primary yet. When it answers, ask for the same repair again: it finishes this. When its volume is lost, choose another one with --to.`;
  return { kind: "unknown", problem: problem("dolt_outcome_unknown", { state, todo }) };
}
