import { fail, type Problem, type ProblemCode, problem } from "../../domain/errors.ts";
import type { PlanWarning } from "../../domain/plan.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { describeNodes, emptinessObjection, findOnlyPrimary, isAnswering, rolloutRuns } from "./assess.ts";
import { type AnsweringNode, chooseCandidate, lagText } from "./candidate.ts";
import { lookAndCompare } from "./compare-states.ts";
import { durabilityWarning } from "./durability.ts";
import { type FailoverParameters, failoverDefinition, failoverParametersSchema } from "./failover-definition.ts";
import { type FailoverDetails, failoverDetailsSchema, failoverSteps } from "./failover-details.ts";
import { labellingStandbys, unlabelledPods } from "./failover-labels.ts";
import { FailoverRun } from "./failover-run.ts";
import { costOf, fitnessOf, objectionToBound, type StandbyFitness } from "./failover-standbys.ts";
import type { DoltView } from "./look.ts";
import { routedPods } from "./role-labels.ts";

/** How often the cluster is looked at before it is said that no standby can take over. */
const looksAtMost = 5;
const lookAgainAfterMs = 400;

/** The first Dolt with `dolt_cluster_transition_to_standby` (dolt.md). */
const firstWithTransition = [1, 6] as const;

export const failoverOperation: Operation = {
  name: failoverDefinition.name,

  async plan(context, given, approved) {
    const parameters = failoverParametersSchema.parse(given);
    const approvedDetails = failoverDetailsSchema.safeParse(approved?.details).data;
    const { clock, signal } = context;
    // Once there is a plan, its bounds are looked after by its own first step.
    const untilMs = clock.monotonicMs() + (approved === undefined ? waitFor(context, parameters) : 0);
    for (let look = 1; ; look += 1) {
      const view = await lookAndCompare(context);
      const result = planFailover(context, parameters, view, approvedDetails?.candidate.name);
      const isWorthIt = (look < looksAtMost && isPassing(result, view)) || clock.monotonicMs() < untilMs;
      if (result.kind === "plan" || !isWorthIt || !result.problems.every(mayPass)) return result;
      await clock.sleep(lookAgainAfterMs, signal);
    }
  },

  begin(context, plan, resumed) {
    const details = failoverDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a failover" });
    return labellingStandbys(new FailoverRun(context, details.data, resumed), context, details.data);
  },
};

/** How long a person asked to wait for a target that is not fit yet. In Slack a plan has to be there within 30 s. */
function waitFor({ surface }: OperationContext, { timeoutMs = 0 }: FailoverParameters): number {
  return surface === "slack" ? Math.min(timeoutMs, 20_000) : timeoutMs;
}

/**
 * Whether a refusal may be over in a moment: lag is counted from the last push, so the first write after a quiet hour
 * makes it an hour for as long as the push takes (seen on Dolt 2.2.3: 28 864 ms).
 */
function isPassing(result: PlanResult, view: DoltView): boolean {
  if (result.kind === "plan") return false;
  const codes = view.nodes.every(isAnswering) ? ["dolt_no_candidate", "dolt_too_few_standbys"] : ["dolt_no_candidate"];
  return result.problems.every(({ code }) => codes.includes(code));
}

/** What waiting may help against, as pods and servers come back. Anything else a person has to change. */
const passing: ReadonlySet<ProblemCode> = new Set([
  "dolt_no_candidate",
  "dolt_too_few_standbys",
  "dolt_other_primary_possible",
  "dolt_no_primary",
  "dolt_no_databases",
  "dolt_rollout_running",
]);

function mayPass({ code }: Problem): boolean {
  return passing.has(code);
}

/** @param approvedCandidate the pod that people approved; it stays the candidate as long as it is fit */
export function planFailover(
  context: OperationContext,
  parameters: FailoverParameters,
  view: DoltView,
  approvedCandidate?: string,
): PlanResult {
  const pods = view.nodes.map((node) => node.name);
  const strangers = [parameters.to, parameters.avoid, parameters.expectedPrimary].filter(
    (name) => name !== undefined && !pods.includes(name),
  );
  if (strangers.length > 0) {
    return refusal(strangers.map((given) => problem("dolt_candidate_unknown", { given: given ?? "", pods })));
  }
  const found = findOnlyPrimary(view);
  if ("problems" in found) return refusal(found.problems);
  const { primary } = found;
  const fitness = fitnessOf(context, view, primary, parameters.maxLagMs);
  const objections = objectionsTo(context, parameters, view, primary, fitness);
  const choice = chooseCandidate(view, primary, parameters, approvedCandidate);
  if (choice.kind === "none" && choice.rejected.length > 0) {
    return refusal([...objections, problem("dolt_no_candidate", { rejected: choice.rejected })]);
  }
  if (choice.kind === "none" || objections.length > 0) return refusal(objections);
  const candidate = choice.node;
  const answering = view.nodes.filter(isAnswering).map((node) => node.name);
  const unlabelled = unlabelledPods(view.workload, candidate.name);
  const details: FailoverDetails = {
    primary: { name: primary.name, uid: primary.pod?.uid ?? "" },
    epoch: primary.answer.epoch,
    candidate: { name: candidate.name, uid: candidate.pod?.uid ?? "" },
    minCaughtUp: parameters.minCaughtUp,
    maxLagMs: parameters.maxLagMs,
    answering,
    ...(unlabelled.length === 0 ? {} : { unlabelled }),
  };
  return {
    kind: "plan",
    draft: {
      facts: [
        { name: "target", value: `${view.workload.namespace}/${view.workload.name} ${view.workload.uid}` },
        { name: "revision", value: view.workload.updateRevision },
        { name: "primary", value: `${primary.name} ${details.primary.uid}` },
        { name: "epoch", value: String(details.epoch) },
        { name: "candidate", value: `${candidate.name} ${details.candidate.uid}` },
        { name: "answering", value: answering.join(", ") },
        { name: "min caught up", value: String(parameters.minCaughtUp) },
        { name: "max lag ms", value: String(parameters.maxLagMs) },
      ],
      now: [
        ...describeNodes(view),
        `Candidate ${candidate.name}: ${lagText(choice.lagMs)}`,
        ...choice.rejected.map((why) => `Not ${why}`),
      ],
      steps: failoverSteps(details),
      cost: costOf(fitness),
      bounds: [`lag of ${candidate.name} ≤ ${parameters.maxLagMs / 1000} s`],
      warnings: warningsOf(view, primary, candidate, fitness),
      details,
    },
  };
}

function objectionsTo(
  context: OperationContext,
  parameters: FailoverParameters,
  view: DoltView,
  primary: AnsweringNode,
  fitness: StandbyFitness,
): Problem[] {
  const problems: Problem[] = [];
  if (parameters.expectedPrimary !== undefined && parameters.expectedPrimary !== primary.name) {
    const { expectedPrimary: expected } = parameters;
    problems.push(problem("dolt_primary_not_expected", { expected, primary: primary.name }));
  }
  if (parameters.to === primary.name) problems.push(problem("dolt_candidate_is_primary", { pod: primary.name }));
  if (view.nodes.length === 1) return [...problems, problem("dolt_no_standby", { pod: primary.name })];
  const { version } = primary.answer;
  if (isOlderThan(version, firstWithTransition)) problems.push(problem("dolt_too_old", { pod: primary.name, version }));
  const { namespace, name: workload } = view.workload;
  if (rolloutRuns(view)) problems.push(problem("dolt_rollout_running", { namespace, workload }));
  const empty = emptinessObjection(view, primary);
  const bound = objectionToBound(context, view, fitness, parameters.minCaughtUp);
  return [...problems, ...[empty, bound].filter((one) => one !== null)];
}

/** Of `X.Y.Z`; what cannot be read as that is taken for new: development builds say other things. */
function isOlderThan(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)\.\d+/.exec(version) ?? [];
  if (ownMajor === undefined || ownMinor === undefined) return false;
  return Number(ownMajor) < major || (Number(ownMajor) === major && Number(ownMinor) < minor);
}

function warningsOf(
  view: DoltView,
  primary: AnsweringNode,
  candidate: AnsweringNode,
  { unable }: StandbyFitness,
): PlanWarning[] {
  const warnings: PlanWarning[] = unable.flatMap(({ name, isStopped }) =>
    isStopped
      ? {
          code: `standby_stopped:${name}`,
          text: `${name} does not run. It will be behind until it is back, and it makes writes stop for 10 s.`,
        }
      : [],
  );
  const routed = routedPods(view.workload);
  if (routed.length !== 1 || routed[0] !== primary.name) {
    const text = `The label of the primary is on ${routed.join(", ") || "no pod"}, while ${primary.name} is primary. Afterwards it will be on the new primary only.`;
    warnings.push({ code: "labels_differ", text });
  }
  if (primary.answer.databases.length === 0) {
    const text = `No server holds a database yet. If ${primary.name} should, its volume is empty: do not go on.`;
    warnings.push({ code: "no_databases", text });
  }
  return [...warnings, ...durabilityWarning(primary, candidate)];
}

function refusal(problems: readonly Problem[]): PlanResult {
  return { kind: "refused", problems };
}
