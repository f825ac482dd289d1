import { type Problem, problem } from "../../domain/errors.ts";
import type { Acceptance, Fact, PlanWarning } from "../../domain/plan.ts";
import type { RolloutConstraints, RolloutView } from "../../ports/rollouts.ts";
import type { Seen } from "../../ports/surroundings.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import {
  commonObjections,
  managerWarning,
  missingRights,
  mostMissing,
  quotaTexts,
  unreadyWarning,
  unseenWarning,
} from "./judge.ts";
import { lookAtRollout, nameOf } from "./look.ts";
import { livingPods, stateText, unreadyPods } from "./rollout-state.ts";
import {
  acceptVolumeDeletionFlag,
  acceptZeroFlag,
  type ScaleParameters,
  scaleDefinition,
  scaleParametersSchema,
} from "./scale-definition.ts";
import { type ScaleDetails, scaleDetailsSchema, scaleSteps } from "./scale-details.ts";
import { ScaleRun } from "./scale-run.ts";

/** Sets the number of a workload's pods through its scale, if it is still what was looked at, and sees it through. */
export const scaleOperation: Operation = {
  name: scaleDefinition.name,

  async plan(context, given) {
    const parameters = scaleParametersSchema.parse(given);
    const view = await lookAtRollout(context);
    const workload = nameOf(context);
    if (view.kind === "DaemonSet") return refusal([problem("workload_not_scalable", { workload })]);
    const { replicas: to } = parameters;
    if (to === undefined) return refusal([problem("workload_number", { now: view.wanted })]);
    if (to === view.wanted) return refusal([problem("workload_scaled", { workload, replicas: to })]);
    const { rollouts } = context.workloads;
    const [constraints, autoscalers] = await Promise.all([
      rollouts.constraints(view, context.signal),
      rollouts.autoscalers(view, context.signal),
    ]);
    const around = { ...constraints, autoscalers };
    const objections = [
      ...commonObjections(context, view),
      ...objectionsOf(context, view, to, around),
      ...(await missingRights(context, "scale", ["scale"])),
    ];
    return objections.length > 0 ? refusal(objections) : draftOf(view, to, parameters, around);
  },

  begin(context, plan) {
    return new ScaleRun(context, scaleDetailsSchema.parse(plan.details));
  },
};

/** What is around the workload that a number of pods may run into. */
interface Around extends RolloutConstraints {
  readonly autoscalers: Seen<readonly string[]>;
}

function refusal(problems: readonly Problem[]): PlanResult {
  return { kind: "refused", problems };
}

function objectionsOf(context: OperationContext, view: RolloutView, to: number, constraints: Around): Problem[] {
  const workload = nameOf(context);
  const { manager, wanted } = view;
  const autoscalers = constraints.autoscalers.seen ? constraints.autoscalers.value : [];
  const quotas = quotaTexts(constraints, view, to - wanted);
  return [
    ...(manager?.kind === "gitops"
      ? [problem("workload_gitops", { workload, manager: manager.name, sign: manager.sign, replicas: to })]
      : []),
    ...(autoscalers.length > 0 ? [problem("workload_autoscaled", { workload, autoscalers })] : []),
    ...(to > wanted && quotas.length > 0 ? [problem("workload_quota", { workload, pods: to - wanted, quotas })] : []),
  ];
}

function draftOf(view: RolloutView, to: number, parameters: ScaleParameters, constraints: Around): PlanResult {
  const details: ScaleDetails = {
    uid: view.uid,
    from: view.wanted,
    to,
    unready: unreadyPods(view).map(({ uid }) => uid),
    waitMs: parameters.waitMs,
  };
  const leaving = leavingPods(view, to);
  const volumes = deletedVolumes(view, to);
  const accepted = acceptanceOf(view, to, volumes, parameters);
  return {
    kind: "plan",
    draft: {
      facts: factsOf(view, volumes),
      now: [stateText(view), ...(leaving.length === 0 ? [] : [`These pods go: ${leaving.join(", ")}`])],
      steps: scaleSteps(details),
      cost: costOf(view, to),
      bounds: [],
      warnings: warningsOf(view, to, constraints),
      ...(accepted === null ? {} : { acceptance: accepted }),
      details,
    },
  };
}

/** A StatefulSet's last places go; which pods of a Deployment go is its controller's choice. */
function leavingPods(view: RolloutView, to: number): string[] {
  if (view.kind !== "StatefulSet" || to >= view.wanted) return [];
  return places(view, to).map((place) => `${view.name}-${place}`);
}

function places({ firstOrdinal, wanted }: RolloutView, to: number): number[] {
  return Array.from({ length: Math.max(0, wanted - to) }, (_, index) => firstOrdinal + to + index);
}

/** The claims of the pods that go, where their StatefulSet deletes them (`persistentVolumeClaimRetentionPolicy.whenScaled`). */
function deletedVolumes(view: RolloutView, to: number): string[] {
  if (!view.deletesVolumesWhenScaled) return [];
  return places(view, to).flatMap((place) => view.claimTemplates.map((claim) => `${claim}-${view.name}-${place}`));
}

function acceptanceOf(
  view: RolloutView,
  to: number,
  volumes: readonly string[],
  parameters: ScaleParameters,
): Acceptance | null {
  const workload = `${view.kind} ${view.namespace}/${view.name}`;
  if (volumes.length > 0) {
    return {
      title: `The volumes of the pods that go are deleted, and what is on them is lost for good${to === 0 ? "; nothing of it runs any more" : ""}.`,
      figures: volumes.map((name) => `PersistentVolumeClaim ${name}`),
      flag: acceptVolumeDeletionFlag.name,
      given: parameters.acceptVolumeDeletion,
    };
  }
  if (to > 0) return null;
  return {
    title: `Nothing of ${workload} runs any more.`,
    figures: livingPods(view).map(({ name }) => `${name} ends`),
    flag: acceptZeroFlag.name,
    given: parameters.acceptZero,
  };
}

function factsOf({ kind, uid, wanted }: RolloutView, volumes: readonly string[]): Fact[] {
  return [
    { name: "workload", value: `${kind} ${uid}` },
    { name: "pods wanted", value: String(wanted) },
    ...(volumes.length === 0 ? [] : [{ name: "volumes deleted", value: volumes.join(", ") }]),
  ];
}

function costOf({ wanted }: RolloutView, to: number): string {
  if (to > wanted) return "Nothing is interrupted.";
  if (to === 0) return "Nobody answers any more.";
  return `${wanted - to} of ${wanted} pods end; their connections end with them.`;
}

function warningsOf(view: RolloutView, to: number, constraints: Around): PlanWarning[] {
  const { budgets } = constraints;
  const blocked =
    to === 0 || to > view.wanted || !budgets.seen
      ? []
      : budgets.value.filter((budget) => mostMissing(budget, to) < 1 && mostMissing(budget, view.wanted) >= 1);
  const names = blocked.map(({ name, rule }) => `PodDisruptionBudget ${name} (${rule})`).join(", ");
  return [
    ...managerWarning(view, `its next run may set ${view.wanted} again.`),
    ...unreadyWarning(view),
    ...(blocked.length === 0
      ? []
      : [
          {
            code: "budget_stuck",
            text: `With ${to} pods, ${names} allows no pod to be missing: nodes could not be drained.`,
          },
        ]),
    ...unseenWarning([
      ["HorizontalPodAutoscalers and ScaledObjects", constraints.autoscalers],
      ["PodDisruptionBudgets", constraints.budgets],
      ["ResourceQuotas", constraints.quotas],
    ]),
  ];
}
