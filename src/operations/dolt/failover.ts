import { fail, type Problem, problem } from "../../domain/errors.ts";
import type { PlanWarning } from "../../domain/plan.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { describeNodes, findOnlyPrimary, isAnswering, rolloutRuns } from "./assess.ts";
import { type AnsweringNode, chooseCandidate, lagText } from "./candidate.ts";
import { lookAndCompare } from "./compare-states.ts";
import { type FailoverParameters, failoverDefinition, failoverParametersSchema } from "./failover-definition.ts";
import { type FailoverDetails, failoverDetailsSchema, failoverSteps } from "./failover-details.ts";
import { FailoverRun } from "./failover-run.ts";
import type { DoltView } from "./look.ts";
import { routedPods } from "./role-labels.ts";

/** How often the cluster is looked at before it is said that no standby can take over. */
const looksAtMost = 5;
const lookAgainAfterMs = 400;

export const failoverOperation: Operation = {
  name: failoverDefinition.name,

  async plan(context, given, approved) {
    const parameters = failoverParametersSchema.parse(given);
    const approvedDetails = failoverDetailsSchema.safeParse(approved?.details).data;
    for (let look = 1; ; look += 1) {
      const result = planFailover(context, parameters, await lookAndCompare(context), approvedDetails?.candidate.name);
      if (look === looksAtMost || !isPassing(result)) return result;
      await context.clock.sleep(lookAgainAfterMs, context.signal);
    }
  },

  begin(context, plan, resumed) {
    const details = failoverDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a failover" });
    return new FailoverRun(context, details.data, resumed);
  },
};

/**
 * Whether a refusal may be over in a moment: lag is counted from the last push, so the first write after a quiet hour
 * makes it an hour for as long as the push takes (seen on Dolt 2.2.3: 28 864 ms).
 */
function isPassing(result: PlanResult): boolean {
  return result.kind === "refused" && result.problems.every((one) => one.code === "dolt_no_candidate");
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
  const objections = objectionsTo(context, parameters, view, primary);
  if (objections.length > 0) return refusal(objections);
  const choice = chooseCandidate(view, primary, parameters, approvedCandidate);
  if (choice.kind === "none") return refusal([problem("dolt_no_candidate", { rejected: choice.rejected })]);
  const candidate = choice.node;
  const answering = view.nodes.filter(isAnswering).map((node) => node.name);
  const details: FailoverDetails = {
    primary: { name: primary.name, uid: primary.pod?.uid ?? "" },
    epoch: primary.answer.epoch,
    candidate: { name: candidate.name, uid: candidate.pod?.uid ?? "" },
    minCaughtUp: parameters.minCaughtUp,
    maxLagMs: parameters.maxLagMs,
    answering,
  };
  const stopped = view.nodes.filter((node) => node.silence?.kind === "stopped");
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
      cost: costOf(stopped.map((node) => `${node.name} (${node.silence?.text ?? "stopped"})`)),
      bounds: [`lag of ${candidate.name} ≤ ${parameters.maxLagMs / 1000} s`],
      warnings: warningsOf(
        view,
        primary,
        stopped.map((node) => node.name),
      ),
      details,
    },
  };
}

function objectionsTo(
  context: OperationContext,
  parameters: FailoverParameters,
  view: DoltView,
  primary: AnsweringNode,
): Problem[] {
  const problems: Problem[] = [];
  if (parameters.expectedPrimary !== undefined && parameters.expectedPrimary !== primary.name) {
    const { expectedPrimary: expected } = parameters;
    problems.push(problem("dolt_primary_not_expected", { expected, primary: primary.name }));
  }
  if (parameters.to === primary.name) problems.push(problem("dolt_candidate_is_primary", { pod: primary.name }));
  if (rolloutRuns(view)) problems.push(problem("dolt_rollout_running", { workload: view.workload.name }));
  if (primary.answer.databases.length === 0) problems.push(problem("dolt_no_databases", { pod: primary.name }));
  const configured = new Set(primary.answer.replication.map((row) => row.remote)).size;
  const answering = view.nodes.filter((node) => node.answer?.role === "standby").length;
  const needed = parameters.minCaughtUp === 0 ? Math.max(configured, view.nodes.length - 1) : parameters.minCaughtUp;
  if (answering < needed) {
    const silent = view.nodes.filter((node) => node.answer === null).map((node) => node.name);
    const wanted = parameters.minCaughtUp === 0 ? `All ${needed}` : String(needed);
    const commandLine = `/dolt failover ${context.targetName} --min-caught-up ${Math.max(1, answering)}`;
    problems.push(problem("dolt_too_few_standbys", { wanted, answering, silent, commandLine }));
  }
  return problems;
}

function costOf(stopped: readonly string[]): string {
  if (stopped.length === 0)
    return "Writes stop for well under a second; every open connection to the primary is cut once.";
  return `Writes stop for about 10 s: Dolt waits that long for ${stopped.join(", ")}, which cannot answer. Mend it first to have well under a second. Every open connection to the primary is cut once.`;
}

function warningsOf(view: DoltView, primary: AnsweringNode, stopped: readonly string[]): PlanWarning[] {
  const warnings: PlanWarning[] = stopped.map((name) => ({
    code: `standby_stopped:${name}`,
    text: `${name} does not run. It will be behind until it is back, and it makes writes stop for 10 s.`,
  }));
  const routed = routedPods(view.workload);
  if (routed.length !== 1 || routed[0] !== primary.name) {
    const text = `The label of the primary is on ${routed.join(", ") || "no pod"}, while ${primary.name} is primary. Afterwards it will be on the new primary only.`;
    warnings.push({ code: "labels_differ", text });
  }
  return warnings;
}

function refusal(problems: readonly Problem[]): PlanResult {
  return { kind: "refused", problems };
}
