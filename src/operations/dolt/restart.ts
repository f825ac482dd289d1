import { fail, type Problem, problem } from "../../domain/errors.ts";
import type { Fact, PlanWarning } from "../../domain/plan.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { describeNodes, emptinessObjection, findOnlyPrimary, isAnswering } from "./assess.ts";
import { type AnsweringNode, chooseCandidate, lagText } from "./candidate.ts";
import { lookAndCompare } from "./compare-states.ts";
import { durabilityWarning } from "./durability.ts";
import type { DoltView } from "./look.ts";
import { chooseRestarts, type RestartChoice } from "./restart-choice.ts";
import { type RestartParameters, restartDefinition, restartParametersSchema } from "./restart-definition.ts";
import { type RestartDetails, restartDetailsSchema, restartSteps } from "./restart-details.ts";
import { controllerMayDelete, reasonsAgainst } from "./restart-fitness.ts";
import { RestartRun } from "./restart-run.ts";
import { routedPods } from "./role-labels.ts";

/** How long a target that is not fit is looked at again before that is said: under load lag and answers have their moments. */
const patienceMs = 20_000;
const lookAgainAfterMs = 400;

export const restartOperation: Operation = {
  name: restartDefinition.name,

  async plan(context, given, approved) {
    const parameters = restartParametersSchema.parse(given);
    const candidate = restartDetailsSchema.safeParse(approved?.details).data?.candidate ?? undefined;
    const giveUpAtMs = context.clock.monotonicMs() + patienceMs;
    for (;;) {
      const result = planRestart(context, parameters, await lookAndCompare(context), candidate);
      if (!isPassing(result) || context.clock.monotonicMs() >= giveUpAtMs) return result;
      await context.clock.sleep(lookAgainAfterMs, context.signal);
    }
  },

  begin(context, plan, resumed) {
    const details = restartDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a restart" });
    return new RestartRun(context, details.data, resumed);
  },
};

const passing: ReadonlySet<string> = new Set([
  "dolt_no_candidate",
  "dolt_no_primary",
  "dolt_other_primary_possible",
  "dolt_primary_lacks",
  "dolt_restart_unfit",
]);

/** Lag moves under writes, the first write after a quiet hour makes it an hour for a moment, and a server that starts is silent. */
function isPassing(result: PlanResult): boolean {
  return result.kind === "refused" && result.problems.every((one) => passing.has(one.code));
}

/** @param approvedCandidate the pod that people approved; it stays the candidate as long as it is fit */
export function planRestart(
  context: Pick<OperationContext, "clock">,
  parameters: RestartParameters,
  view: DoltView,
  approvedCandidate?: string,
): PlanResult {
  const pods = view.nodes.map(({ name }) => name);
  const strangers = parameters.only?.split(",").filter((name) => !pods.includes(name)) ?? [];
  if (strangers.length > 0)
    return refusal(strangers.map((given) => problem("dolt_candidate_unknown", { given, pods })));
  const found = findOnlyPrimary(view);
  if ("problems" in found) return refusal(found.problems);
  const { primary } = found;
  const choice = chooseRestarts(view, primary, parameters);
  const objections = objectionsTo(view, primary, choice, parameters);
  if (objections.length > 0) return refusal(objections);
  const candidate = choice.includesPrimary ? candidateFor(view, primary, choice, parameters, approvedCandidate) : null;
  if (candidate?.kind === "none") return refusal([problem("dolt_no_candidate", { rejected: candidate.rejected })]);
  const details: RestartDetails = {
    revision: view.workload.updateRevision,
    primary: { name: primary.name, uid: primary.pod?.uid ?? "" },
    epoch: primary.answer.epoch,
    batches: choice.batches.map((batch) => [...batch]),
    candidate: candidate?.node.name ?? null,
    minCaughtUp: parameters.minCaughtUp,
    maxLagMs: parameters.maxLagMs,
    waitMs: parameters.waitMs,
    beforeMs: parameters.beforeMs ?? context.clock.nowMs(),
    answering: view.nodes.filter(isAnswering).map(({ name }) => name),
  };
  return {
    kind: "plan",
    draft: {
      facts: factsOf(view, details),
      now: [
        ...describeNodes(view),
        ...choice.skipped.map((why) => `Not restarted: ${why}`),
        ...(candidate === null ? [] : [`Takes over as primary: ${candidate.node.name}, ${lagText(candidate.lagMs)}`]),
        ...(candidate?.rejected.map((why) => `Not ${why}`) ?? []),
      ],
      steps: restartSteps(details),
      cost: costOf(details),
      bounds: boundsOf(details),
      warnings: [
        ...warningsOf(view, primary, details),
        ...(candidate === null ? [] : durabilityWarning(primary, candidate.node)),
      ],
      details,
    },
  };
}

function factsOf(view: DoltView, details: RestartDetails): Fact[] {
  const { primary, batches, candidate } = details;
  const named = batches.map((batch) => batch.map(({ name, uid }) => `${name} ${uid}`).join(" with "));
  return [
    { name: "target", value: `${view.workload.namespace}/${view.workload.name} ${view.workload.uid}` },
    { name: "revision", value: details.revision },
    { name: "primary", value: `${primary.name} ${primary.uid}` },
    { name: "epoch", value: String(details.epoch) },
    { name: "standbys to restart", value: named.join(", then ") || "none" },
    { name: "candidate", value: candidate ?? "none, the primary is not restarted" },
    { name: "answering", value: details.answering.join(", ") },
    { name: "min caught up", value: String(details.minCaughtUp) },
    { name: "max lag ms", value: String(details.maxLagMs) },
    { name: "wait ms", value: String(details.waitMs) },
  ];
}

function objectionsTo(
  view: DoltView,
  primary: AnsweringNode,
  choice: RestartChoice,
  parameters: RestartParameters,
): Problem[] {
  const { workload } = view;
  const problems: Problem[] = [];
  if (view.nodes.length === 1) problems.push(problem("dolt_no_standby", { pod: primary.name }));
  if (controllerMayDelete(view)) {
    const partition = workload.rollsFromOrdinal ?? 0;
    const commandLine = patchToOnDelete(view);
    problems.push(problem("dolt_controller_restarts", { workload: workload.name, partition, commandLine }));
  } else if (workload.rollsFromOrdinal !== null) {
    const old = workload.pods.filter(({ pod }) => pod !== null && pod.revision !== workload.updateRevision);
    if (old.length > 0) {
      const commandLine = patchToOnDelete(view);
      const names = old.map(({ name }) => name);
      problems.push(problem("dolt_partition_keeps_revision", { workload: workload.name, pods: names, commandLine }));
    }
  }
  const empty = emptinessObjection(view, primary);
  if (empty !== null) problems.push(empty);
  if (problems.length > 0) return problems;
  if (choice.batches.length === 0 && !choice.includesPrimary) {
    return [problem("dolt_nothing_to_restart", { skipped: choice.skipped })];
  }
  const [first = []] = choice.batches;
  const names = first.map(({ name }) => name);
  const reasons = reasonsAgainst(view, primary, names, parameters);
  return reasons.length === 0 ? [] : [problem("dolt_restart_unfit", { reasons })];
}

/** Standbys come back with the new template before one of them takes over, so their revision is no reason against them. */
function candidateFor(
  view: DoltView,
  primary: AnsweringNode,
  choice: RestartChoice,
  { minCaughtUp, maxLagMs }: RestartParameters,
  approved: string | undefined,
) {
  const restarted = new Set(choice.batches.flat().map(({ name }) => name));
  const { updateRevision } = view.workload;
  const nodes = view.nodes.map((node) =>
    restarted.has(node.name) && node.pod !== null ? { ...node, pod: { ...node.pod, revision: updateRevision } } : node,
  );
  return chooseCandidate({ ...view, nodes }, primary, { minCaughtUp, maxLagMs }, approved);
}

/** What takes the StatefulSet's controller's hands off: it forbids `rollingUpdate` beside OnDelete. */
function patchToOnDelete({ workload }: DoltView): string {
  const patch = '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}';
  return `kubectl -n ${workload.namespace} patch statefulset ${workload.name} --type=merge -p '${patch}'`;
}

function costOf({ batches, candidate, primary, waitMs }: RestartDetails): string {
  const standbys = batches.flat().length;
  const each = `Each pod takes as long as it needs to start and to catch up, ${waitMs / 1_000} s at most`;
  const standbyCost = standbys === 0 ? "" : "Connections to a standby are cut when it restarts.";
  if (candidate === null) return `Writes go on throughout. ${standbyCost} ${each}.`;
  return [
    `Writes stop once, for well under a second, when ${candidate} takes over; every open connection to ${primary.name} is cut then.`,
    standbyCost,
    `${each}.`,
  ]
    .filter((text) => text !== "")
    .join(" ");
}

function boundsOf({ maxLagMs, minCaughtUp, candidate }: RestartDetails): string[] {
  const others = minCaughtUp === 0 ? "every other standby" : `${minCaughtUp} other standbys`;
  const caughtUp = `before each restart ${others} caught up, lag ≤ ${maxLagMs / 1_000} s`;
  return candidate === null
    ? [caughtUp]
    : [caughtUp, `lag of ${candidate} ≤ ${maxLagMs / 1_000} s before it takes over`];
}

function warningsOf(view: DoltView, primary: AnsweringNode, details: RestartDetails): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  const standbys = view.nodes.length - 1;
  const most = Math.max(0, ...details.batches.map((batch) => batch.length));
  if (most === standbys) {
    const names = details.batches.flat().map(({ name }) => name);
    const text = `${names.join(", ")} is the only standby: while it restarts, nothing could take over from ${primary.name}.`;
    warnings.push({ code: "no_standby_meanwhile", text });
  }
  const routed = routedPods(view.workload);
  if (routed.length !== 1 || routed[0] !== primary.name) {
    const text = `The label of the primary is on ${routed.join(", ") || "no pod"}, while ${primary.name} is primary.`;
    warnings.push({ code: "labels_differ", text });
  }
  return warnings;
}

function refusal(problems: readonly Problem[]): PlanResult {
  return { kind: "refused", problems };
}
