import { type Problem, problem } from "../../domain/errors.ts";
import type { Fact, PlanWarning } from "../../domain/plan.ts";
import type { RolloutAction, RolloutConstraints, RolloutView, TemplateRevision } from "../../ports/rollouts.ts";
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
import { restartDefinition, restartParametersSchema } from "./restart-definition.ts";
import { type RestartDetails, restartDetailsSchema, restartSteps } from "./restart-details.ts";
import { RestartRun } from "./restart-run.ts";
import { livingPods, stateText } from "./rollout-state.ts";

/** Replaces the pods of a workload as `kubectl rollout restart` does, or goes back as `kubectl rollout undo` does, and sees it through. */
export const restartOperation: Operation = {
  name: restartDefinition.name,

  async plan(context, given) {
    const parameters = restartParametersSchema.parse(given);
    const view = await lookAtRollout(context);
    const objections = commonObjections(context, view, parameters.undo);
    if (view.wanted === 0) objections.push(problem("workload_no_pods", { workload: nameOf(context) }));
    if (objections.length > 0) return { kind: "refused", problems: objections };
    const former = parameters.undo ? await formerRevision(context, view) : null;
    if (parameters.undo && former === null) {
      return { kind: "refused", problems: [problem("workload_no_former", { workload: nameOf(context) })] };
    }
    const details = detailsOf(context, view, former, parameters.waitMs);
    const constraints = await context.workloads.rollouts.constraints(view, context.signal);
    const problems = [
      ...(await missingRights(context, "restart", actionsOf(view, details))),
      ...objectionsOf(context, view, details, constraints),
    ];
    if (problems.length > 0) return { kind: "refused", problems };
    return draftOf(view, details, former, constraints);
  },

  begin(context, plan, resumed) {
    return new RestartRun(context, restartDetailsSchema.parse(plan.details), resumed);
  },
};

/** The newest one that is older than the template as it is. */
async function formerRevision(context: OperationContext, view: RolloutView): Promise<TemplateRevision | null> {
  const revisions = await context.workloads.rollouts.revisions(view, context.signal);
  const { digest, restartedAt } = view.template;
  const now = revisions.findIndex((one) => one.digest === digest && one.restartedAt === restartedAt);
  return (now < 0 ? revisions[0] : revisions[now + 1]) ?? null;
}

function detailsOf(
  context: OperationContext,
  view: RolloutView,
  former: TemplateRevision | null,
  waitMs: number,
): RestartDetails {
  const evicts = needsEvictions(view, former !== null);
  const write = (): RestartDetails["write"] => {
    if (former !== null) {
      const { digest, restartedAt, name: revision } = former;
      return { kind: "former", revision, template: { digest, restartedAt } };
    }
    // It tells this roll-out from every other one, so that whoever takes it up knows it.
    return evicts ? null : { kind: "restart", at: new Date(context.clock.nowMs()).toISOString() };
  };
  return {
    uid: view.uid,
    before: view.template,
    write: write(),
    evicted: evicts ? evictedPods(view, former !== null) : [],
    pods: view.wanted,
    waitMs,
  };
}

/** Nothing rolls by itself with OnDelete; and a new template would reach only the pods from a partition on. */
function needsEvictions({ strategy }: RolloutView, isUndo: boolean): boolean {
  return strategy.kind === "on_delete" || (strategy.kind === "rolling" && strategy.partition > 0 && !isUndo);
}

/** From the last place to the first, as a StatefulSet's controller does it. Those that have the former template already stay. */
function evictedPods(view: RolloutView, isUndo: boolean): RestartDetails["evicted"] {
  return livingPods(view)
    .filter(({ isUpdated }) => !isUndo || isUpdated !== false)
    .map(({ name, uid }) => ({ name, uid }))
    .toReversed();
}

/** A StatefulSet's controller waits for a broken pod for ever: it takes an eviction to get on. */
function actionsOf({ kind }: RolloutView, { write, evicted }: RestartDetails): RolloutAction[] {
  return [
    ...(write === null ? [] : ["patch" as const]),
    ...(evicted.length > 0 || kind === "StatefulSet" ? ["evict" as const] : []),
  ];
}

function objectionsOf(
  context: OperationContext,
  view: RolloutView,
  { evicted }: RestartDetails,
  constraints: RolloutConstraints,
): Problem[] {
  const { strategy, wanted } = view;
  const workload = nameOf(context);
  const objections: Problem[] = [];
  const forbidding = budgetsForbidding(constraints, wanted, 1);
  if (evicted.length > 0 && forbidding.length > 0) {
    objections.push(problem("workload_budget", { workload, budgets: forbidding }));
  }
  const needsRoom = evicted.length === 0 && strategy.kind === "rolling" && strategy.unavailable === 0;
  const quotas = needsRoom ? quotaTexts(constraints, view, 1) : [];
  if (quotas.length > 0) objections.push(problem("workload_quota", { workload, pods: 1, quotas }));
  return objections;
}

function budgetsForbidding({ budgets }: RolloutConstraints, pods: number, missing: number): string[] {
  if (!budgets.seen) return [];
  return budgets.value
    .filter((budget) => mostMissing(budget, Math.max(pods, budget.expectedPods)) < missing)
    .map(({ name, rule }) => `PodDisruptionBudget ${name} (${rule})`);
}

function draftOf(
  view: RolloutView,
  details: RestartDetails,
  former: TemplateRevision | null,
  constraints: RolloutConstraints,
): PlanResult {
  return {
    kind: "plan",
    draft: {
      facts: factsOf(view, details),
      now: [stateText(view), ...strategyLines(view), ...formerLines(former)],
      steps: restartSteps(details),
      cost: costOf(view, details),
      bounds: [],
      warnings: warningsOf(view, details, constraints),
      details,
    },
  };
}

function factsOf(view: RolloutView, { write, evicted }: RestartDetails): Fact[] {
  const { kind, uid, template, strategy } = view;
  return [
    { name: "workload", value: `${kind} ${uid}` },
    { name: "version", value: `${template.digest}, restarted ${template.restartedAt ?? "never"}` },
    { name: "strategy", value: `${strategy.kind}${strategy.kind === "rolling" ? ` from ${strategy.partition}` : ""}` },
    ...(write?.kind === "former"
      ? [{ name: "former version", value: `${write.revision} ${write.template.digest}` }]
      : []),
    ...(evicted.length === 0
      ? []
      : [{ name: "pods", value: evicted.map(({ name, uid }) => `${name} ${uid}`).join(", ") }]),
  ];
}

function strategyLines({ strategy, kind }: RolloutView): string[] {
  switch (strategy.kind) {
    case "on_delete":
      return [`Nothing of this ${kind} is replaced by itself (OnDelete): its pods are evicted one after another.`];
    case "recreate":
      return [];
    case "rolling":
      if (strategy.partition === 0) return [];
      return [
        `Only pods from place ${strategy.partition} on get a new version (partition): all are evicted one after another, and each comes back with the version that its place has.`,
      ];
  }
}

function formerLines(former: TemplateRevision | null): string[] {
  if (former === null) return [];
  const images = Object.entries(former.images).map(([container, image]) => `${container} ${image}`);
  return [`Goes back to ${former.name}: ${images.join(", ")}`];
}

function costOf({ strategy, wanted }: RolloutView, { evicted }: RestartDetails): string {
  if (strategy.kind === "recreate") return "All pods end before the first new one starts: nobody answers in between.";
  const atOnce = evicted.length > 0 || strategy.kind === "on_delete" ? 1 : strategy.unavailable;
  if (atOnce === 0) return "Each pod ends only when its successor is ready; its connections end with it.";
  const missing = Math.min(atOnce, wanted);
  if (missing >= wanted) return "Nobody answers until the new pods are ready.";
  return `Up to ${missing} of ${wanted} pods ${missing === 1 ? "is" : "are"} missing at a time; their connections end.`;
}

function warningsOf(view: RolloutView, { evicted }: RestartDetails, constraints: RolloutConstraints): PlanWarning[] {
  const { strategy, wanted } = view;
  const rolls = evicted.length === 0;
  const missing = strategy.kind === "rolling" && rolls ? strategy.unavailable : wanted;
  const overrun = rolls && strategy.kind !== "on_delete" ? budgetsForbidding(constraints, wanted, missing) : [];
  const text = `A roll-out does not ask the budgets, and this one goes beyond ${overrun.join(", ")}.`;
  return [
    ...managerWarning(view, "if it puts the template back, all pods are replaced once more."),
    ...unreadyWarning(view),
    ...(missing === 0 || overrun.length === 0 ? [] : [{ code: "budget_overrun", text }]),
    ...unseenWarning([
      ["PodDisruptionBudgets", constraints.budgets],
      ["ResourceQuotas", constraints.quotas],
    ]),
  ];
}
