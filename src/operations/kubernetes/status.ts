import type { RolloutConstraints, RolloutView } from "../../ports/rollouts.ts";
import type { Seen } from "../../ports/surroundings.ts";
import { lineToType } from "../line-to-type.ts";
import type { Operation, OperationContext } from "../operation.ts";
import { lookAtRollout, nameOf } from "./look.ts";
import { isRolling, livingPods, placeOf, stateText } from "./rollout-state.ts";
import { statusDefinition } from "./status-definition.ts";
import { diagnosis } from "./watch-rollout.ts";

/** Pods that are asked for their events and logs: more would be more than anybody reads. */
const explainedPods = 2;

/** What the workload's pods are, what holds them up, and who else changes them; it changes nothing and needs no approval. */
export const statusOperation: Operation = {
  name: statusDefinition.name,

  async plan(context) {
    const view = await lookAtRollout(context);
    const { rollouts } = context.workloads;
    const [constraints, autoscalers, explained] = await Promise.all([
      rollouts.constraints(view, context.signal),
      rollouts.autoscalers(view, context.signal),
      explanations(context, view),
    ]);
    const around = { ...constraints, autoscalers };
    const now = [...headLines(context, view), ...podLines(view), ...explained, ...aroundLines(view, around)];
    return {
      kind: "plan",
      draft: { facts: [], now, steps: [], cost: "", bounds: [], warnings: [], details: { view, around } },
    };
  },

  begin() {
    return {
      steps: [],
      undo: async () => {
        throw new Error("a status has no steps, so none of them can fail");
      },
      result: () => ({ summary: "Answered.", writesStoppedMs: null }),
      close: async () => {},
    };
  },
};

function headLines(context: OperationContext, view: RolloutView): string[] {
  const { template, paused } = view;
  const undoLine = lineToType(context, "kubernetes", "restart", "--undo");
  return [
    `${nameOf(context)}: ${stateText(view)}.`,
    ...(paused ? ["It is paused: its controller replaces no pod."] : []),
    ...(isRolling(view) ? [`A roll-out is under way. To go back to what ran before: ${undoLine}`] : []),
    ...(template.restartedAt === null ? [] : [`Last restarted ${template.restartedAt}.`]),
    ...strategyLines(view),
  ];
}

function strategyLines({ strategy }: RolloutView): string[] {
  if (strategy.kind === "on_delete")
    return ["Its pods are not replaced by themselves when its template changes (OnDelete)."];
  if (strategy.kind === "recreate") return ["A change ends all pods before the first new one starts (Recreate)."];
  return strategy.partition === 0
    ? []
    : [`Only pods from place ${strategy.partition} on get a new template (partition).`];
}

function podLines(view: RolloutView): string[] {
  return view.pods.map((pod) => {
    const version = pod.isUpdated === false ? ", former version" : "";
    const restarts = pod.restarts === 0 ? "" : `, restarted ${pod.restarts} times`;
    if (pod.terminating) return `${pod.name}: ending${version}`;
    return `${pod.name}: ${pod.ready ? "ready" : (pod.trouble ?? "not ready")}${version}${pod.ready ? restarts : ""}`;
  });
}

async function explanations(context: OperationContext, view: RolloutView): Promise<string[]> {
  const unready = livingPods(view).filter(({ ready }) => !ready);
  const told = await Promise.all(
    unready.slice(0, explainedPods).map(async (pod) => {
      const lines = await diagnosis(context, view, pod);
      return lines.map((line) => `${pod.name}: ${line}`);
    }),
  );
  return told.flat();
}

function aroundLines(
  view: RolloutView,
  { autoscalers, budgets, quotas }: RolloutConstraints & { readonly autoscalers: Seen<readonly string[]> },
): string[] {
  const unseen = [autoscalers, budgets, quotas].flatMap((part) => (part.seen ? [] : [part.why]));
  return [
    ...(view.manager === null ? [] : [`${view.manager.name} writes it too (${view.manager.sign}).`]),
    ...(autoscalers.seen ? autoscalers.value.map((name) => `${name} decides how many pods it has.`) : []),
    ...(budgets.seen
      ? budgets.value.map(
          ({ name, rule, disruptionsAllowed }) =>
            `PodDisruptionBudget ${name} (${rule}): ${disruptionsAllowed} may be missing now.`,
        )
      : []),
    ...(view.deletesVolumesWhenScaled && view.claimTemplates.length > 0
      ? ["Volumes of pods that go when it is scaled down are deleted (whenScaled: Delete)."]
      : []),
    ...gapLines(view),
    ...unseen,
  ];
}

/** Places of a StatefulSet without a pod. */
function gapLines(view: RolloutView): string[] {
  if (view.kind !== "StatefulSet") return [];
  const there = new Set(view.pods.map((pod) => placeOf(view, pod)));
  const gaps = Array.from({ length: view.wanted }, (_, index) => view.firstOrdinal + index).filter(
    (place) => !there.has(place),
  );
  return gaps.length === 0 ? [] : [`No pod at ${gaps.map((place) => `${view.name}-${place}`).join(", ")}.`];
}
