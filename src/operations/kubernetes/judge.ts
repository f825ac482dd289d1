import { type Problem, problem } from "../../domain/errors.ts";
import type { PlanWarning } from "../../domain/plan.ts";
import type { Budget, RolloutAction, RolloutConstraints, RolloutView } from "../../ports/rollouts.ts";
import type { Seen } from "../../ports/surroundings.ts";
import { lineToType } from "../line-to-type.ts";
import type { OperationContext } from "../operation.ts";
import { nameOf } from "./look.ts";
import { holderTexts, isRolling, stateText, unreadyPods } from "./rollout-state.ts";

/** What forbids a change whatever it is. */
export function commonObjections(context: OperationContext, view: RolloutView, isUndo = false): Problem[] {
  const workload = nameOf(context);
  const { manager, paused } = view;
  const objections: Problem[] = [];
  if (manager?.kind === "operator") objections.push(problem("workload_operator", { workload, manager: manager.name }));
  if (paused) {
    const commandLine = `kubectl rollout resume deployment ${view.name} -n ${view.namespace}`;
    objections.push(problem("workload_paused", { workload, commandLine }));
  }
  if (!paused && !isUndo && isRolling(view)) {
    const undoLine = lineToType(context, "kubernetes", "restart", "--undo");
    objections.push(
      problem("workload_rolling", { workload, state: stateText(view), holders: holderTexts(view), undoLine }),
    );
  }
  return objections;
}

const actionTexts: Readonly<Record<RolloutAction, string>> = {
  patch: "change",
  scale: "scale",
  evict: "evict pods of",
};

/** What this process' account lacks for it, told before anything is begun. */
export async function missingRights(
  context: OperationContext,
  operation: string,
  actions: readonly RolloutAction[],
): Promise<Problem[]> {
  const missing = await context.workloads.rollouts.missing(context.target, actions, context.signal);
  if (missing.length === 0) return [];
  const { namespace } = context.target;
  const told = missing.map((action) => actionTexts[action]);
  return [problem("workload_rights", { workload: nameOf(context), actions: told, operation, namespace })];
}

/** How many pods may be missing at most while the budget is kept, if all of these are healthy. */
export function mostMissing({ minimum }: Budget, pods: number): number {
  const share = (round: (value: number) => number) =>
    minimum.isPercent ? round((minimum.value / 100) * pods) : minimum.value;
  // Kubernetes rounds both shares up (pkg/controller/disruption: getExpectedPodCount).
  return minimum.kind === "atLeast" ? pods - share(Math.ceil) : share(Math.ceil);
}

/** Quotas that so many more pods do not fit into, with the numbers. */
export function quotaTexts({ quotas }: RolloutConstraints, { podDemand }: RolloutView, pods: number): string[] {
  if (!quotas.seen) return [];
  return quotas.value.flatMap(({ name, left }) => {
    const lacking = Object.entries(left).flatMap(([resource, amount]) => {
      const wanted = (podDemand[resource] ?? 0) * pods;
      return wanted > amount + 1e-9 ? [`${resource} ${amountText(wanted)} wanted, ${amountText(amount)} left`] : [];
    });
    return lacking.length === 0 ? [] : [`ResourceQuota ${name}: ${lacking.join(", ")}`];
  });
}

/** Bytes by the mebibyte, the rest as it is. */
function amountText(amount: number): string {
  const mebibytes = amount / 2 ** 20;
  return Math.abs(mebibytes) >= 1 ? `${Math.round(mebibytes)}Mi` : String(Math.round(amount * 1_000) / 1_000);
}

/** What could not be read, so that people know what was not judged. */
export function unseenWarning(parts: readonly (readonly [string, Seen<unknown>])[]): PlanWarning[] {
  const unseen = parts.flatMap(([name, part]) => (part.seen ? [] : [name]));
  if (unseen.length === 0) return [];
  const text = `Handover may not read ${unseen.join(" or ")} here, so nothing of them was looked at.`;
  return [{ code: "not_seen", text }];
}

/** Pods that are in trouble already. */
export function unreadyWarning(view: RolloutView): PlanWarning[] {
  const unready = unreadyPods(view);
  if (unready.length === 0) return [];
  const told = unready.map(({ name, trouble }) => `${name} (${trouble ?? "not ready"})`);
  return [{ code: "pods_not_ready", text: `Not ready even now: ${told.join("; ")}.` }];
}

/** Who else writes the workload, where that does not forbid it. */
export function managerWarning({ manager }: RolloutView, effect: string): PlanWarning[] {
  if (manager === null || manager.kind === "operator") return [];
  return [{ code: "managed", text: `${manager.name} writes it too (${manager.sign}): ${effect}` }];
}
