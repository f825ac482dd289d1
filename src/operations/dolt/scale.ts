import { fail, type Problem, problem } from "../../domain/errors.ts";
import type { Fact } from "../../domain/plan.ts";
import type { ScalingRight } from "../../ports/scaling.ts";
import { lineToType } from "../line-to-type.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { describeNodes, findOnlyPrimary } from "./assess.ts";
import { type AnsweringNode, chooseCandidate, lagText } from "./candidate.ts";
import { lookAndCompare } from "./compare-states.ts";
import { planFailover } from "./failover.ts";
import { failoverParametersSchema } from "./failover-definition.ts";
import { type FailoverDetails, failoverDetailsSchema } from "./failover-details.ts";
import type { DoltView } from "./look.ts";
import { narrowedView } from "./narrowed.ts";
import { podOfRemote } from "./remotes.ts";
import { planRestart } from "./restart.ts";
import { type RestartParameters, restartParametersSchema } from "./restart-definition.ts";
import { type RestartDetails, restartDetailsSchema } from "./restart-details.ts";
import { roleLabel } from "./role-labels.ts";
import { filesFromServers, yamlFromServers, yamlToApply } from "./scale-advice.ts";
import { type ScaleParameters, scaleDefinition, scaleParametersSchema } from "./scale-definition.ts";
import { type ScaleDetails, scaleDetailsSchema, scaleSteps } from "./scale-details.ts";
import { ScaleRun } from "./scale-run.ts";
import { contentOf, differingRemotes, podNames, readSituation, type ScaleSituation } from "./scale-situation.ts";
import { nodeOf } from "./server-calls.ts";
import { configChange } from "./server-config.ts";

/** How often the cluster is looked at before it is said that the pods cannot stand in for one another. */
const looksAtMost = 5;
const lookAgainAfterMs = 400;
/** How far the epoch moves with a failover that comes before restarts: more than one that many workers carry out uses up. */
const handoverEpochs = 20;
/** Refusals that may be over in a moment: lag moves under writes. */
const passing = ["dolt_no_candidate", "dolt_restart_unfit"];

export const scaleOperation: Operation = {
  name: scaleDefinition.name,

  async plan(context, given, approved) {
    const parameters = scaleParametersSchema.parse(given);
    const approvedDetails = scaleDetailsSchema.safeParse(approved?.details).data;
    for (let look = 1; ; look += 1) {
      const result = await planScale(context, parameters, approvedDetails);
      const mayPass = result.kind === "refused" && result.problems.every((one) => passing.includes(one.code));
      if (look === looksAtMost || !mayPass) return result;
      await context.clock.sleep(lookAgainAfterMs, context.signal);
    }
  },

  begin(context, plan, resumed) {
    const details = scaleDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a scaling" });
    return new ScaleRun(context, details.data, resumed);
  },
};

async function planScale(
  context: OperationContext,
  parameters: ScaleParameters,
  approved: ScaleDetails | undefined,
): Promise<PlanResult> {
  const view = await lookAndCompare(context);
  const from = view.workload.replicas;
  const to = parameters.replicas;
  if (to === undefined || to < 2) return refusal([problem("dolt_scale_number", { given: to ?? null, now: from })]);
  const found = findOnlyPrimary(view);
  if ("problems" in found) return refusal(found.problems);
  const { primary } = found;
  if (primary.answer.databases.length === 0) return refusal([problem("dolt_scale_empty", { pod: primary.name })]);
  const leaving = view.nodes.map(({ name }) => name).slice(to);
  const situation = await readSituation(context, view, to, leaving);
  const { change } = situation;
  if ("why" in change) return refusal([hiddenProblem(context, view, situation, to, change.why)]);
  const joining = joiningPods(view, primary, situation.wanted);
  const stale = stalePods(view, situation.wanted, joining, change.remoteNames);
  const configures = Object.keys(change.files).length > 0;
  const tidies = change.leftOver.length > 0;
  if (from === to && !configures && joining.length === 0 && stale.length === 0) {
    return refusal([problem("dolt_scale_done", { replicas: to, nodes: describeNodes(view) })]);
  }
  const objections = await objectionsTo(context, situation, { from, to, writesConfig: configures || tidies });
  if (objections.length > 0) return refusal(objections);
  const roll = rollOf(context, view, { parameters, primary, joining, stale, leaving, approved });
  if (roll.kind === "refused") return roll;
  const details: ScaleDetails = {
    from,
    to,
    joining,
    leaving,
    configures,
    services: change.services.map(({ name }) => name),
    content: contentOf(situation.configMap),
    handover: roll.handover,
    roll: roll.details,
    waitMs: parameters.waitMs,
    maxLagMs: parameters.maxLagMs,
  };
  return {
    kind: "plan",
    draft: {
      facts: factsOf(view, primary, situation, details),
      now: [...describeNodes(view), ...configurationLines(situation), ...roll.now],
      steps: scaleSteps(details),
      cost: costOf(details, roll.cost),
      bounds: roll.bounds,
      warnings: [...roll.warnings],
      details,
    },
  };
}

/** Those that there shall be and that are not there, that the primary does not replicate to, or that reads are not routed to yet. */
function joiningPods(view: DoltView, primary: AnsweringNode, wanted: readonly string[]): string[] {
  const replicatedTo = new Set(
    primary.answer.replication.map((row) => podOfRemote({ name: row.remote, url: row.remoteUrl }, view.workload.pods)),
  );
  return wanted.filter((name) => {
    if (name === primary.name) return false;
    const node = nodeOf(view, name);
    return node === null || !replicatedTo.has(name) || node.pod?.labels[roleLabel] === undefined;
  });
}

/** Servers that run with other remotes than their configuration says, or will say. */
function stalePods(
  view: DoltView,
  wanted: readonly string[],
  joining: readonly string[],
  remoteNames: ReadonlyMap<string, readonly string[]>,
): string[] {
  return view.nodes.flatMap(({ name, answer }) => {
    if (answer === null || !wanted.includes(name) || joining.includes(name)) return [];
    return differingRemotes(answer.replication, remoteNames.get(name) ?? []).length === 0 ? [] : [name];
  });
}

type Refusal = Extract<PlanResult, { kind: "refused" }>;
type Draft = Extract<PlanResult, { kind: "plan" }>["draft"];

interface Roll extends Pick<Draft, "bounds" | "warnings" | "cost"> {
  readonly kind: "roll";
  readonly handover: FailoverDetails | null;
  readonly details: RestartDetails | null;
  readonly now: readonly string[];
}

interface RollRequest {
  readonly parameters: ScaleParameters;
  readonly primary: AnsweringNode;
  readonly joining: readonly string[];
  readonly stale: readonly string[];
  readonly leaving: readonly string[];
  readonly approved: ScaleDetails | undefined;
}

/** The restarts that it takes, as `restart` plans them for the pods that stay, and who takes the primary role over before them. */
function rollOf(context: OperationContext, view: DoltView, request: RollRequest): Roll | Refusal {
  const { primary, stale, leaving, parameters, approved } = request;
  if (leaving.includes(primary.name)) return rollAfterHandover(context, view, request);
  const nothing: Roll = { kind: "roll", handover: null, details: null, now: [], cost: "", bounds: [], warnings: [] };
  if (stale.length === 0) return nothing;
  const only = restartOf(parameters, stale, minCaughtUp(view, primary));
  const planned = planRestart(context, only, narrowedTo(view, request), approved?.roll?.candidate ?? undefined);
  if (planned.kind === "refused") return planned;
  const { draft } = planned;
  const now = draft.now.filter((line) => line.startsWith("Takes over"));
  return { ...nothing, ...bare(draft), details: restartDetailsSchema.parse(draft.details), now };
}

/** A primary that leaves hands over first, while each server still knows all others; the one that took over hands over again. */
function rollAfterHandover(context: OperationContext, view: DoltView, request: RollRequest): Roll | Refusal {
  const { primary, stale, parameters, approved } = request;
  const narrowed = narrowedTo(view, { ...request, leaving: request.leaving.filter((name) => name !== primary.name) });
  const bounds = { minCaughtUp: minCaughtUp(view, primary), maxLagMs: parameters.maxLagMs };
  const choice = chooseCandidate(narrowed, primary, bounds, approved?.handover?.candidate.name);
  if (choice.kind === "none") return refusal([problem("dolt_no_candidate", { rejected: choice.rejected })]);
  const first = choice.node.name;
  const failover = planFailover(context, failoverParametersSchema.parse({ to: first, ...bounds }), view);
  if (failover.kind === "refused") return failover;
  const handover = failoverDetailsSchema.parse(failover.draft.details);
  const now = [`Takes over as primary: ${first}, ${lagText(choice.lagMs)}`];
  const others = stale.filter((name) => name !== first);
  const { cost, bounds: limits, warnings } = failover.draft;
  const roll: Roll = { kind: "roll", handover, details: null, now, cost, bounds: limits, warnings };
  if (others.length === 0) return roll;
  const planned = planRestart(context, restartOf(parameters, others, bounds.minCaughtUp), narrowed);
  if (planned.kind === "refused") return planned;
  const details = restartDetailsSchema.parse(planned.draft.details);
  const second = stale.includes(first) ? (details.batches.flat()[0]?.name ?? null) : null;
  const isTwice = second !== null;
  return {
    ...roll,
    details: { ...details, primary: handover.candidate, epoch: handover.epoch + handoverEpochs, candidate: second },
    now: isTwice ? [...now, `Takes over from it, once restarted: ${second}`] : now,
    cost: isTwice ? `Twice: ${cost}` : cost,
    bounds: [...limits, ...planned.draft.bounds],
    warnings: [...warnings, ...planned.draft.warnings.filter(({ code }) => warnings.every((one) => one.code !== code))],
  };
}

function restartOf({ maxLagMs, waitMs }: ScaleParameters, pods: readonly string[], minimum: number): RestartParameters {
  const given = { only: pods.join(","), outdated: false, maxUnavailable: 1, minCaughtUp: minimum, maxLagMs, waitMs };
  return restartParametersSchema.parse(given);
}

function narrowedTo(view: DoltView, { joining, leaving }: Pick<RollRequest, "joining" | "leaving">): DoltView {
  return narrowedView(view, new Set([...joining, ...leaving]));
}

function bare({ bounds, warnings, cost }: Draft): Pick<Draft, "bounds" | "warnings" | "cost"> {
  return { bounds, warnings, cost };
}

/** All that the primary replicates to, unless one of them does not run or cannot be reached: that one is never caught up. */
function minCaughtUp(view: DoltView, primary: AnsweringNode): number {
  const remotes = new Map(primary.answer.replication.map((row) => [row.remote, row.remoteUrl]));
  const answering = [...remotes].filter(([name, url]) => {
    const pod = podOfRemote({ name, url }, view.workload.pods);
    const isReached = primary.answer.replication.every((row) => row.remote !== name || row.error === null);
    return isReached && pod !== null && nodeOf(view, pod)?.answer?.role === "standby";
  });
  return answering.length === remotes.size ? 0 : Math.max(1, answering.length);
}

async function objectionsTo(
  context: OperationContext,
  { layout, configMap, change }: ScaleSituation,
  { from, to, writesConfig }: { from: number; to: number; writesConfig: boolean },
): Promise<Problem[]> {
  if ("why" in change || configMap === null) return [];
  const owners = [
    ...(writesConfig && configMap.owner !== null ? [`ConfigMap ${configMap.name}: ${configMap.owner}`] : []),
    ...(writesConfig && configMap.immutable ? [`ConfigMap ${configMap.name}: it is immutable`] : []),
    ...(from !== to && layout.owner !== null ? [`StatefulSet ${context.target.workload}: ${layout.owner}`] : []),
  ];
  if (owners.length > 0) {
    const yaml = yamlToApply(change);
    const replicas = from === to ? null : to;
    return [problem("dolt_scale_not_ours", { owners, yaml, replicas, line: againLine(context, to) })];
  }
  const needed: ScalingRight[] = [
    ...(writesConfig ? ["configmaps" as const] : []),
    ...(change.services.length > 0 ? ["services" as const] : []),
    ...(from === to ? [] : ["replicas" as const]),
  ];
  const missing = await context.workloads.scaling.missingRights(context.target, configMap.name, context.signal);
  const lacking = needed.filter((right) => missing.includes(right));
  return lacking.length === 0
    ? []
    : [problem("dolt_scale_rights", { rights: lacking.map((right) => rightTexts[right]) })];
}

const rightTexts: Readonly<Record<ScalingRight, string>> = {
  configmaps: "patch configmaps",
  services: "create services",
  replicas: "patch statefulsets/scale",
};

/** The configuration is nowhere that could be changed; what it has to become is told from what the servers say of themselves. */
function hiddenProblem(
  context: OperationContext,
  view: DoltView,
  { layout, wanted }: ScaleSituation,
  to: number,
  why: string,
): Problem {
  const change = configChange({
    source: { configMap: "", perPod: true, keyOf: (pod) => pod },
    data: filesFromServers(view),
    pods: [
      ...view.workload.pods,
      ...podNames(view.workload.name, layout, to)
        .filter((name) => nodeOf(view, name) === null)
        .map((name) => ({ name, pod: null, hosts: [] })),
    ],
    wanted,
    leaving: [],
    workload: view.workload,
    services: [],
    storedRemotes: [],
  });
  const yaml = "why" in change ? null : yamlFromServers(view, wanted, change);
  const line = lineToType(context, "dolt", "restart");
  return problem("dolt_scale_hidden", { why, yaml, replicas: to, line });
}

function againLine(context: OperationContext, to: number): string {
  return lineToType(context, "dolt", "scale", "--replicas", String(to));
}

function factsOf(view: DoltView, primary: AnsweringNode, situation: ScaleSituation, details: ScaleDetails): Fact[] {
  const { workload } = view;
  const { roll, joining, leaving, from, to } = details;
  const batches = roll?.batches.flat().map(({ name, uid }) => `${name} ${uid}`) ?? [];
  return [
    { name: "target", value: `${workload.namespace}/${workload.name} ${workload.uid}` },
    { name: "revision", value: workload.updateRevision },
    { name: "replicas", value: `${from} to ${to}` },
    { name: "primary", value: `${primary.name} ${primary.pod?.uid ?? ""}` },
    { name: "epoch", value: String(primary.answer.epoch) },
    { name: "new", value: joining.join(", ") || "none" },
    { name: "going", value: leaving.join(", ") || "none" },
    { name: "standbys to restart", value: batches.join(", then ") || "none" },
    { name: "takes over", value: takeOvers(details).join(", then ") || "nobody" },
    {
      name: "configuration",
      value: `${situation.configMap?.name ?? ""} ${situation.configMap?.uid ?? ""} ${details.content}`,
    },
    { name: "services to create", value: details.services.join(", ") || "none" },
    { name: "max lag ms", value: String(details.maxLagMs) },
    { name: "wait ms", value: String(details.waitMs) },
  ];
}

function takeOvers({ handover, roll }: ScaleDetails): string[] {
  const first = handover === null ? [] : [`${handover.candidate.name} ${handover.candidate.uid}`];
  return roll?.candidate ? [...first, roll.candidate] : first;
}

function configurationLines({ change, configMap, layout, source }: ScaleSituation): string[] {
  if ("why" in change || configMap === null || source === null) return [];
  const changed = Object.keys(change.files);
  const isNew = (key: string) => configMap.data[key] === undefined;
  const rewritten = changed.filter((key) => !isNew(key));
  const added = changed.filter(isNew);
  const reached = [...change.reachedBy].map(([pod, url]) => `${pod} by ${url}`);
  return [
    `The configuration is in ConfigMap ${configMap.name}; ${layout.replicas} servers now`,
    ...(rewritten.length === 0 ? [] : [`Changed there: standby_remotes of ${rewritten.join(", ")}`]),
    ...(added.length === 0 ? [] : [`New there: ${added.join(", ")}, with bootstrap_role: standby`]),
    ...(reached.length === 0 ? [] : [`Reached: ${reached.join("; ")}`]),
    ...(change.services.length === 0
      ? []
      : [`New Services, like ${change.services[0]?.like.name}: ${change.services.map(({ name }) => name).join(", ")}`]),
  ];
}

function costOf({ joining, leaving }: ScaleDetails, rollCost: string): string {
  const parts = [
    rollCost === "" ? "Writes go on throughout; no server is restarted." : rollCost,
    joining.length === 0 ? "" : `${joining.join(", ")} copy everything from the primary; reads reach them only then.`,
    leaving.length === 0
      ? ""
      : `${leaving.join(", ")} fall behind once nobody replicates to them, shortly before they stop. Their volumes and Services stay.`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function refusal(problems: readonly Problem[]): Refusal {
  return { kind: "refused", problems };
}
