import { fail, type Problem, problem } from "../../domain/errors.ts";
import type { Fact } from "../../domain/plan.ts";
import type { ScalingRight } from "../../ports/scaling.ts";
import { lineToType } from "../line-to-type.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { describeNodes, findOnlyPrimary } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import { lookAndCompare } from "./compare-states.ts";
import type { DoltView } from "./look.ts";
import { narrowedView } from "./narrowed.ts";
import { podOfRemote } from "./remotes.ts";
import { planRestart } from "./restart.ts";
import { type RestartDetails, restartDetailsSchema } from "./restart-details.ts";
import { roleLabel } from "./role-labels.ts";
import { filesFromServers, yamlFromServers, yamlToApply } from "./scale-advice.ts";
import { type ScaleParameters, scaleDefinition, scaleParametersSchema } from "./scale-definition.ts";
import { hiddenPods, type ScaleDetails, scaleDetailsSchema, scaleSteps } from "./scale-details.ts";
import { ScaleRun } from "./scale-run.ts";
import { contentOf, differingRemotes, podNames, readSituation, type ScaleSituation } from "./scale-situation.ts";
import { nodeOf } from "./server-calls.ts";
import { configChange } from "./server-config.ts";

/** How often the cluster is looked at before it is said that the pods cannot stand in for one another. */
const looksAtMost = 5;
const lookAgainAfterMs = 400;
/** Refusals that may be over in a moment: lag moves under writes. */
const passing = ["dolt_no_candidate", "dolt_restart_unfit"];

export const scaleOperation: Operation = {
  name: scaleDefinition.name,

  async plan(context, given, approved) {
    const parameters = scaleParametersSchema.parse(given);
    const candidate = scaleDetailsSchema.safeParse(approved?.details).data?.roll?.candidate ?? undefined;
    for (let look = 1; ; look += 1) {
      const result = await planScale(context, parameters, candidate);
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
  approvedCandidate: string | undefined,
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
  const roll = rollOf(context, parameters, view, primary, { joining, stale, leaving, approvedCandidate });
  if (roll.kind === "refused") return roll;
  const details: ScaleDetails = {
    from,
    to,
    joining,
    leaving,
    configures,
    services: change.services.map(({ name }) => name),
    content: contentOf(situation.configMap),
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

interface Roll {
  readonly kind: "roll";
  readonly details: RestartDetails | null;
  readonly now: readonly string[];
  readonly cost: string;
  readonly bounds: string[];
  readonly warnings: Extract<PlanResult, { kind: "plan" }>["draft"]["warnings"];
}

/** The restarts that it takes are those of `restart`, for the pods that stay, and with the primary as long as it is one. */
function rollOf(
  context: OperationContext,
  { maxLagMs, waitMs }: ScaleParameters,
  view: DoltView,
  primary: AnsweringNode,
  pods: {
    joining: readonly string[];
    stale: readonly string[];
    leaving: readonly string[];
    approvedCandidate: string | undefined;
  },
): Roll | Extract<PlanResult, { kind: "refused" }> {
  const restarted = [...new Set([...pods.stale, ...(pods.leaving.includes(primary.name) ? [primary.name] : [])])];
  if (restarted.length === 0) return { kind: "roll", details: null, now: [], cost: "", bounds: [], warnings: [] };
  const hidden = hiddenPods(pods, primary.name);
  const restart = {
    only: restarted.join(","),
    outdated: false,
    maxUnavailable: 1,
    minCaughtUp: minCaughtUp(view, primary),
    maxLagMs,
    waitMs,
  };
  const planned = planRestart(context, restart, narrowedView(view, hidden), pods.approvedCandidate);
  if (planned.kind === "refused") return planned;
  const { draft } = planned;
  return {
    kind: "roll",
    details: restartDetailsSchema.parse(draft.details),
    now: draft.now.filter((line) => line.startsWith("Takes over")),
    cost: draft.cost,
    bounds: draft.bounds,
    warnings: draft.warnings,
  };
}

/** All that the primary replicates to, unless one of them does not run: that one is never caught up. */
function minCaughtUp(view: DoltView, primary: AnsweringNode): number {
  const remotes = new Map(primary.answer.replication.map((row) => [row.remote, row.remoteUrl]));
  const answering = [...remotes].filter(([name, url]) => {
    const pod = podOfRemote({ name, url }, view.workload.pods);
    return pod !== null && nodeOf(view, pod)?.answer?.role === "standby";
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
  const missing = await context.workloads.scaling.missingRights(context.target.namespace, context.signal);
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
    { name: "candidate", value: roll?.candidate ?? "none, the primary stays as it is" },
    {
      name: "configuration",
      value: `${situation.configMap?.name ?? ""} ${situation.configMap?.uid ?? ""} ${details.content}`,
    },
    { name: "services to create", value: details.services.join(", ") || "none" },
    { name: "max lag ms", value: String(details.maxLagMs) },
    { name: "wait ms", value: String(details.waitMs) },
  ];
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

function refusal(problems: readonly Problem[]): Extract<PlanResult, { kind: "refused" }> {
  return { kind: "refused", problems };
}
