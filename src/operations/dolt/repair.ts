import { fail, type Problem, problem } from "../../domain/errors.ts";
import type { Acceptance, PlanDraft, PlanWarning } from "../../domain/plan.ts";
import type { BranchState } from "../../ports/dolt-evidence.ts";
import { lineToType } from "../line-to-type.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { describeNodes, highestEpoch, isAnswering, rolloutRuns } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import { type Evidence, readEvidence } from "./divergence-read.ts";
import { describeDivergence } from "./divergence-text.ts";
import { keepApartCommand, keepApartPolicy, letMeetCommand } from "./keep-apart.ts";
import { type DoltNode, type DoltView, lookAtDolt } from "./look.ts";
import { decideLabels } from "./relabel-decision.ts";
import { divergencesFrom, findHolderOfAll, reasonsForRepair, type Stake, stakesOf } from "./repair-choice.ts";
import {
  acceptLossFlag,
  type RepairParameters,
  repairDefinition,
  repairParametersSchema,
} from "./repair-definition.ts";
import { type RepairDetails, repairDetailsSchema, repairSteps, type SavedDatabase } from "./repair-details.ts";
import { RepairRun } from "./repair-run.ts";
import { routedPods } from "./role-labels.ts";

/** Of each database; a plan is kept beside the lease, which is small. */
const headsAtMost = 20;

export const repairOperation: Operation = {
  name: repairDefinition.name,

  async plan(context, given, approved) {
    const parameters = repairParametersSchema.parse(given);
    const view = await lookAtDolt(context);
    const objections = repairObjections(context, parameters, view);
    if (objections.length > 0) return { kind: "refused", problems: objections };
    const evidence = await readEvidence(context, view);
    const approvedDetails = repairDetailsSchema.safeParse(approved?.details).data;
    return planRepair(context, parameters, view, evidence, approvedDetails?.chosen.name);
  },

  begin(context, plan, resumed) {
    const details = repairDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a repair" });
    return new RepairRun(context, details.data, resumed);
  },
};

/** Why nothing can be planned at all. */
export function repairObjections(
  context: Pick<OperationContext, "surface" | "target" | "targetName">,
  parameters: RepairParameters,
  view: DoltView,
): Problem[] {
  const pods = view.nodes.map(({ name }) => name);
  const { to, restoreAs, saveTo } = parameters;
  if (to !== undefined && !pods.includes(to)) return [problem("dolt_candidate_unknown", { given: to, pods })];
  if (restoreAs !== undefined && saveTo === undefined) {
    const expected = "a suffix only beside --save-to, because what is restored has to be saved first";
    return [problem("flag_value", { flag: "--restore-as", given: restoreAs, expected })];
  }
  const silent = view.nodes.filter(({ answer }) => answer === null);
  const why = (pod: string) => silent.find(({ name }) => name === pod)?.silence?.text ?? "no reason known";
  if (silent.length === pods.length) {
    return [problem("dolt_nobody_answers", { roles: pods.map((pod) => `${pod}: ${why(pod)}`) })];
  }
  if (to !== undefined && silent.some(({ name }) => name === to)) {
    return [problem("dolt_chosen_silent", { pod: to, why: why(to) })];
  }
  const chosen = view.nodes.find(({ name }) => name === to);
  const empty = chosen === undefined || saveTo !== undefined ? null : emptinessOf(context, chosen, view);
  if (empty !== null) return [empty];
  if (reasonsForRepair(view).length > 0) return [];
  return [problem("dolt_nothing_to_repair", { nodes: describeNodes(view), ...whatIsForIt(context, view) })];
}

/** A server that lost its volume was hardly meant, however the loss was accepted before. With everything saved it can be chosen. */
function emptinessOf(
  context: Parameters<typeof repairObjections>[0],
  chosen: DoltNode,
  view: DoltView,
): Problem | null {
  if (chosen.answer === null || chosen.answer.databases.length > 0) return null;
  const holders = view.nodes.filter(isAnswering).filter(({ answer }) => answer.databases.length > 0);
  if (holders.length === 0) return null;
  const databases = [...new Set(holders.flatMap(({ answer }) => answer.databases))].sort();
  const commandLines = holders.map(({ name }) => lineToType(context, "dolt", "repair", "--to", name));
  return problem("dolt_chosen_is_empty", { pod: chosen.name, databases, commandLines });
}

/** What does help where there is nothing to repair: mostly the labels are wrong, after somebody else made another server primary. */
function whatIsForIt(context: Parameters<typeof repairObjections>[0], view: DoltView) {
  const decision = decideLabels(view);
  if (decision.kind === "undecided")
    return { labels: "undecided", line: lineToType(context, "dolt", "status") } as const;
  const { route, standbys } = decision.details;
  return route.needed || standbys.length > 0
    ? ({ labels: "wrong", line: lineToType(context, "dolt", "relabel") } as const)
    : ({ labels: "right", line: lineToType(context, "dolt", "failover") } as const);
}

/** @param approvedChoice the pod that people approved; it is chosen again as long as it holds everything */
export function planRepair(
  context: Pick<OperationContext, "surface" | "target" | "targetName" | "clock">,
  parameters: RepairParameters,
  view: DoltView,
  evidence: Evidence,
  approvedChoice?: string,
): PlanResult {
  const name = parameters.to ?? findHolderOfAll(view, evidence, approvedChoice);
  const chosen = view.nodes.filter(isAnswering).find((node) => node.name === name);
  const reasons = reasonsForRepair(view).map(({ text }) => `Wrong: ${text}`);
  if (chosen === undefined) return { kind: "plan", draft: evidenceOnly(context, parameters, view, evidence, reasons) };
  const stakes = stakesOf(view, evidence, chosen.name);
  const heads = headsOf(evidence, chosen.name);
  const details = detailsOf(context, parameters, view, chosen, stakes, heads);
  const taken = details.saves.flatMap(({ restoreAs }) => (restoreAs === null ? [] : [restoreAs]));
  const collisions = taken.filter((database) => chosen.answer.databases.includes(database));
  if (collisions.length > 0) {
    return {
      kind: "refused",
      problems: [problem("dolt_restore_name_taken", { pod: chosen.name, databases: collisions })],
    };
  }
  const acceptance = acceptanceOf(chosen.name, stakes, details, parameters);
  return {
    kind: "plan",
    draft: {
      facts: factsOf(parameters, view, chosen),
      now: [
        ...describeNodes(view),
        ...reasons,
        `Chosen: ${chosen.name}${parameters.to === undefined ? ", which holds everything that the others hold" : ""}`,
        ...(details.apart ? apartLines(view) : []),
        ...divergencesFrom(evidence, chosen.name).flatMap(describeDivergence),
        ...unreadLines(evidence),
      ],
      steps: repairSteps(details),
      cost: costOf(chosen, details),
      bounds: ["no other server holds more than this plan says"],
      warnings: warningsOf(view, chosen, details, stakes),
      ...(acceptance === null ? {} : { acceptance }),
      details,
    },
  };
}

/** Nobody but a person can choose here: what each side holds, and what to type for each. */
function evidenceOnly(
  context: Pick<OperationContext, "surface" | "target" | "targetName">,
  parameters: RepairParameters,
  view: DoltView,
  evidence: Evidence,
  reasons: readonly string[],
): PlanDraft {
  const save = ["--save-to", parameters.saveTo ?? "URL"];
  const choices = view.nodes
    .filter(isAnswering)
    .map(({ name }) => `To keep what ${name} holds: ${lineToType(context, "dolt", "repair", "--to", name, ...save)}`);
  return {
    facts: [],
    now: [
      ...describeNodes(view),
      ...reasons,
      "No server holds everything, so a person has to choose. What the others hold beside it is saved first, if you say where (--save-to).",
      ...choices,
      ...(isApart(view) ? apartLines(view) : []),
      ...evidence.divergences.flatMap(describeDivergence),
      ...unreadLines(evidence),
    ],
    steps: [],
    cost: "",
    bounds: [],
    warnings: [],
    details: null,
  };
}

function unreadLines(evidence: Evidence): string[] {
  return [...evidence.unread].map(([pod, why]) => `What ${pod} holds could not be read: ${why}`);
}

/** Two primaries that answer at the same time cannot have met: at their first contact one yields, or both break. */
function isApart(view: DoltView): boolean {
  return view.nodes.filter(({ answer }) => answer?.role === "primary").length > 1;
}

function apartLines(view: DoltView): string[] {
  const primaries = view.nodes.filter(isAnswering).filter(({ answer }) => answer.role === "primary");
  const names = primaries.map(({ name, answer }) => `${name} (epoch ${answer.epoch})`).join(" and ");
  const lowest = Math.min(...primaries.map(({ answer }) => answer.epoch));
  const lower = primaries.filter(({ answer }) => answer.epoch === lowest).map(({ name }) => name);
  const contact =
    lower.length === primaries.length
      ? "at their first contact both stop taking writes, and nothing is overwritten yet"
      : `at their first contact ${lower.join(", ")} is overwritten at once, whether this was approved or not`;
  return [
    `${names} cannot reach one another now; ${contact}.`,
    `To keep them apart until the side to lose is saved: ${keepApartCommand(view)}`,
    `To let them meet again, once it is saved: ${letMeetCommand(view)}`,
  ];
}

function detailsOf(
  context: Pick<OperationContext, "clock">,
  parameters: RepairParameters,
  view: DoltView,
  chosen: AnsweringNode,
  stakes: readonly Stake[],
  heads: RepairDetails["chosen"]["heads"],
): RepairDetails {
  const saved = stakes.filter(({ savedWith }) => savedWith === null);
  return {
    chosen: { name: chosen.name, uid: chosen.pod?.uid ?? "", databases: [...chosen.answer.databases], heads },
    highestEpoch: highestEpoch(view),
    others: view.nodes
      .filter(({ name }) => name !== chosen.name)
      .map(({ name, answer }) => ({
        name,
        role: answer?.role ?? null,
        writable: answer?.role === "primary" && !answer.readOnly,
      })),
    routed: routedPods(view.workload),
    atStake: stakes.flatMap(({ pod, databases }) => (databases ?? []).map((database) => `${pod}/${database}`)),
    saves: parameters.saveTo === undefined ? [] : savesOf(context, parameters, parameters.saveTo, view, saved),
    drops: dropsOf(view, chosen),
    apart: isApart(view),
    policy: keepApartPolicy(view),
  };
}

function headsOf({ sides }: Evidence, chosen: string): RepairDetails["chosen"]["heads"] {
  const databases = sides.find(({ pod }) => pod === chosen)?.databases ?? new Map<string, readonly BranchState[]>();
  return [...databases].flatMap(([database, branches]) =>
    branches.slice(0, headsAtMost).map(({ name: branch, head }) => ({ database, branch, head })),
  );
}

/** Each database has a URL of its own, under the time of the plan: what a URL held before is replaced. */
function savesOf(
  { clock }: Pick<OperationContext, "clock">,
  { restoreAs }: RepairParameters,
  saveTo: string,
  view: DoltView,
  stakes: readonly Stake[],
): SavedDatabase[] {
  const time = new Date(clock.nowMs())
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "");
  const folder = `${saveTo}/${view.workload.namespace}-${view.workload.name}-${time}`;
  const saved = stakes.flatMap(({ pod, databases }) => (databases ?? []).map((database) => ({ pod, database })));
  return saved.map(({ pod, database }) => {
    const isAlone = saved.filter((other) => other.database === database).length === 1;
    const suffix = isAlone ? restoreAs : `${restoreAs}_${pod.slice(pod.lastIndexOf("-") + 1)}`;
    return {
      pod,
      database,
      url: `${folder}/${pod}/${encodeURIComponent(database)}`,
      restoreAs: restoreAs === undefined ? null : `${database}_${suffix}`,
    };
  });
}

/** Dolt neither drops nor overwrites what the new primary does not know (seen on 2.2.3): it would come back with a later failover. */
function dropsOf(view: DoltView, chosen: AnsweringNode): string[] {
  const others = view.nodes.filter(isAnswering).flatMap(({ answer }) => answer.databases);
  return [...new Set(others)].filter((database) => !chosen.answer.databases.includes(database)).sort();
}

function factsOf(parameters: RepairParameters, view: DoltView, chosen: AnsweringNode): PlanDraft["facts"] {
  return [
    { name: "target", value: `${view.workload.namespace}/${view.workload.name} ${view.workload.uid}` },
    { name: "chosen", value: `${chosen.name} ${chosen.pod?.uid ?? ""}` },
    ...view.nodes.map(({ name, pod, answer }) => ({
      name: `server ${name}`,
      value: answer === null ? "does not answer" : `${answer.role} at epoch ${answer.epoch}, ${pod?.uid ?? ""}`,
    })),
    { name: "save to", value: parameters.saveTo ?? "nowhere" },
    { name: "restore as", value: parameters.restoreAs ?? "not" },
  ];
}

function acceptanceOf(
  chosen: string,
  stakes: readonly Stake[],
  details: RepairDetails,
  parameters: RepairParameters,
): Acceptance | null {
  if (stakes.length === 0) return null;
  const saved = new Set(details.saves.map(({ pod }) => pod));
  const fates = stakes.flatMap(({ pod, databases, figures, savedWith }) => {
    const fate =
      databases !== null && saved.has(savedWith ?? pod)
        ? `${pod} is overwritten; its databases are saved first`
        : `${pod} is overwritten, and not saved`;
    return [`${fate}:`, ...figures];
  });
  return {
    title: `Only what ${chosen} holds stays. What the others hold beside it is overwritten.`,
    figures: fates,
    flag: acceptLossFlag,
    given: parameters.acceptLoss,
  };
}

function costOf(chosen: AnsweringNode, { others, saves }: RepairDetails): string {
  const writable = others.filter((other) => other.writable).map(({ name }) => name);
  if (writable.length > 0) {
    const save = saves.length === 0 ? "" : ", and for as long as it takes to save what was written during the save";
    return `Writes stop for about a second${save}: they go to ${chosen.name} from then on, and every open connection to ${writable.join(", ")} is cut. A client that finds ${writable.join(", ")} by itself can still write there until the two meet; that is lost.`;
  }
  return chosen.answer.role === "primary"
    ? "Writes go on; no connection is cut."
    : "Nobody can write now, and writes go on at the end. Every open connection is cut.";
}

function warningsOf(
  view: DoltView,
  chosen: AnsweringNode,
  details: RepairDetails,
  stakes: readonly Stake[],
): PlanWarning[] {
  const warnings: PlanWarning[] = view.nodes
    .filter(({ answer }) => answer === null)
    .map(({ name, silence }) => ({
      code: `not_answering:${name}`,
      text: `${name} does not answer (${silence?.text ?? "no reason known"}). When it comes back it follows ${chosen.name} and is overwritten. If it is a primary somewhere out of sight, clients that reach it still write to it, and that is lost.`,
    }));
  if (details.apart) {
    const text = `Two primaries take writes. Dolt overwrites one at their first contact, and nothing holds that up but keeping them apart.`;
    warnings.push({ code: "two_primaries", text });
  }
  const unsaved = stakes.filter(({ databases }) => databases !== null && databases.length > 0);
  if (unsaved.length > 0 && details.saves.length === 0) {
    const text = `Nothing is saved: say where with --save-to URL, and what ${unsaved.map(({ pod }) => pod).join(", ")} holds is kept.`;
    warnings.push({ code: "not_saved", text });
  }
  if (stakes.some(({ databases }) => databases !== null)) {
    const text = `Users, grants and branch control of the others are overwritten too, and are no part of what is saved.`;
    warnings.push({ code: "users_not_saved", text });
  }
  if (rolloutRuns(view)) {
    const text = `The StatefulSet is being rolled out: its controller may delete a pod in the middle of this.`;
    warnings.push({ code: "rollout_running", text });
  }
  return warnings;
}
