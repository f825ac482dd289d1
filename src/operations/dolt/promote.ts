import { isDeepStrictEqual } from "node:util";
import { fail, type Problem, problem } from "../../domain/errors.ts";
import type { Acceptance, Plan, PlanWarning } from "../../domain/plan.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import { lineToType } from "../line-to-type.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { describeNodes, highestEpoch, isAnswering, rolloutRuns } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import { type ListenedLook, listen, readFreshness } from "./freshness-look.ts";
import { type DoltNode, type DoltView, lookAtDolt } from "./look.ts";
import { objectionsToPromotion } from "./promote-assess.ts";
import { choosePromoted, type PromoteChoice, unfitToLead } from "./promote-choice.ts";
import {
  acceptLossFlag,
  type PromoteParameters,
  promoteDefinition,
  promoteParametersSchema,
} from "./promote-definition.ts";
import { type PromoteDetails, promoteDetailsSchema, promoteSteps } from "./promote-details.ts";
import { PromoteRun } from "./promote-run.ts";
import { heldBy } from "./promote-state.ts";
import { holdingsLines, lossFigures, returnText } from "./promote-text.ts";
import { roleLabel } from "./role-labels.ts";

/** The unplanned promotion: the primary is gone, and a person accepts by name what that loses. */
export const promoteOperation: Operation = {
  name: promoteDefinition.name,

  async plan(context, given, approved) {
    const parameters = promoteParametersSchema.parse(given);
    const approvedDetails = promoteDetailsSchema.safeParse(approved?.details).data;
    const first = await lookAtDolt(context);
    const early = [...strangers(parameters, first), ...objectionsToPromotion(context, first, [])];
    // What forbids it is said at once, without listening for a primary first.
    if (early.length > 0) return refusal(early);
    const listened = await listen(context, first, approvedDetails?.contacts);
    const { view } = listened;
    const late = objectionsToPromotion(context, view, listened.reached);
    if (late.length > 0) return refusal(late);
    const lost = lostPrimary(view);
    if (parameters.expectedPrimary !== undefined && parameters.expectedPrimary !== lost) {
      const primary = lost ?? "gone, and which pod it was cannot be told";
      return refusal([problem("dolt_primary_not_expected", { expected: parameters.expectedPrimary, primary })]);
    }
    const again = await planAgain(context, parameters, listened, approved, approvedDetails);
    if (again !== null) return again;
    const freshness = await readFreshness(context, view);
    const choice = choosePromoted(view, freshness, parameters, approvedDetails?.candidate.name);
    if (choice.kind === "none") return refusal([problem("dolt_no_candidate", { rejected: choice.rejected })]);
    if (choice.kind === "unclear") return refusal([unclear(context, parameters, choice)]);
    const held = await heldOrWhyNot(context, view, choice.node.name);
    if ("why" in held) return refusal([problem("dolt_no_candidate", { rejected: [held.why] })]);
    const details = detailsOf(listened, choice.node, lost, held.text);
    const figures = lossFigures(view, freshness, choice.node.name, lost);
    return {
      kind: "plan",
      draft: {
        facts: factsOf(view, details, parameters),
        now: [...describeNodes(view), ...holdingsLines(view, freshness), ...choice.why, ...labelLine(details)],
        steps: promoteSteps(details),
        cost: `${choice.node.name} takes writes at once. Writes that only ${lost ?? "the lost primary"} has are lost. ${returnText(lost, choice.node.name)}`,
        bounds: [`no primary reaches a standby`, `${choice.node.name} holds what it holds now`],
        warnings: [...warningsOf(view, choice.node, parameters), ...freshnessWarnings(choice)],
        acceptance: acceptanceOf(choice.node.name, lost, figures, parameters),
        details,
      },
    };
  },

  begin(context, plan, resumed) {
    const details = promoteDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a promotion" });
    return new PromoteRun(context, details.data, resumed);
  },
};

/**
 * The approved plan as it is now, where no standby was reached since and the chosen one holds what it held: then which is the
 * newest cannot have changed, and is not judged anew by times that differ a little at each look. Null: it has to be planned.
 */
async function planAgain(
  context: OperationContext,
  parameters: PromoteParameters,
  { view, contacts }: ListenedLook,
  approved: Plan | undefined,
  details: PromoteDetails | undefined,
): Promise<PlanResult | null> {
  if (approved === undefined || details === undefined) return null;
  const node = view.nodes.filter(isAnswering).find(({ name }) => name === details.candidate.name);
  if (node === undefined || unfitToLead(node, parameters) !== null) return null;
  if (!isDeepStrictEqual(contacts, details.contacts)) return null;
  const held = await heldOrWhyNot(context, view, node.name);
  if ("why" in held || held.text !== details.holds) return null;
  const now = detailsOf({ view, contacts }, node, lostPrimary(view), held.text);
  const { steps, cost, bounds, acceptance } = approved;
  const judged = approved.warnings.filter(({ code }) => isOfFreshness(code));
  return {
    kind: "plan",
    draft: {
      facts: factsOf(view, now, parameters),
      now: describeNodes(view),
      steps,
      cost,
      bounds,
      warnings: [...warningsOf(view, node, parameters), ...judged],
      ...(acceptance === undefined ? {} : { acceptance }),
      details: now,
    },
  };
}

function strangers(parameters: PromoteParameters, view: DoltView): Problem[] {
  const pods = view.nodes.map((node) => node.name);
  return [parameters.to, parameters.avoid, parameters.expectedPrimary]
    .filter((name) => name !== undefined)
    .filter((name) => !pods.includes(name))
    .map((given) => problem("dolt_candidate_unknown", { given, pods }));
}

/** The silent pod that carries the primary's label; without one, the only silent one. */
function lostPrimary(view: DoltView): string | null {
  const silent = view.nodes.filter(({ answer }) => answer === null);
  const labelled = silent.filter(({ pod }) => pod?.labels[roleLabel] === "primary");
  const [only, ...others] = labelled.length > 0 ? labelled : silent;
  return others.length === 0 ? (only?.name ?? null) : null;
}

function unclear(
  context: OperationContext,
  parameters: PromoteParameters,
  { why, fit }: PromoteChoice & { kind: "unclear" },
): Problem {
  const accepted = parameters.acceptLoss ? [`--${acceptLossFlag}`] : [];
  const commandLines = fit.map((pod) => lineToType(context, "dolt", "promote", "--to", pod, ...accepted));
  return problem("dolt_newest_unclear", { why, commandLines });
}

async function heldOrWhyNot(
  context: OperationContext,
  view: DoltView,
  name: string,
): Promise<{ readonly text: string } | { readonly why: string }> {
  try {
    return { text: await heldBy(context, view, name) };
  } catch (error) {
    if (!(error instanceof DoltError)) throw error;
    return { why: `${name}: what it holds could not be read (${error.message})` };
  }
}

function detailsOf(
  { view, contacts }: Pick<ListenedLook, "view" | "contacts">,
  node: AnsweringNode,
  lost: string | null,
  holds: string,
): PromoteDetails {
  const answering = view.nodes.filter(isAnswering).map(({ name }) => name);
  return {
    candidate: { name: node.name, uid: node.pod?.uid ?? "" },
    silent: view.nodes.filter(({ answer }) => answer === null).map(({ name }) => name),
    lost,
    labelled: view.nodes.flatMap(({ name, pod }) =>
      name !== node.name && pod?.labels[roleLabel] === "primary" ? [{ name, uid: pod.uid }] : [],
    ),
    epoch: highestEpoch(view),
    contacts,
    holds,
    standbys: answering.filter((name) => name !== node.name),
  };
}

function factsOf(view: DoltView, details: PromoteDetails, parameters: PromoteParameters) {
  const { workload } = view;
  const uidOf = (name: string) => view.nodes.find((node) => node.name === name)?.pod?.uid ?? "missing";
  return [
    { name: "target", value: `${workload.namespace}/${workload.name} ${workload.uid}` },
    { name: "lost primary", value: details.lost === null ? "unknown" : `${details.lost} ${uidOf(details.lost)}` },
    { name: "epoch", value: String(details.epoch) },
    { name: "candidate", value: `${details.candidate.name} ${details.candidate.uid}` },
    { name: "answering", value: [details.candidate.name, ...details.standbys].sort().join(", ") },
    { name: "labelled", value: details.labelled.map(({ name }) => name).join(", ") },
    { name: "loss accepted by flag", value: String(parameters.acceptLoss) },
  ];
}

function labelLine({ labelled }: PromoteDetails): string[] {
  return labelled.length === 0 ? ["No other pod carries the primary's label"] : [];
}

function acceptanceOf(
  candidate: string,
  lost: string | null,
  figures: readonly string[],
  { acceptLoss }: PromoteParameters,
): Acceptance {
  const title = `Writes that only ${lost ?? "the lost primary"} has are lost when ${candidate} is promoted.`;
  return { title, figures: [...figures], flag: acceptLossFlag, given: acceptLoss };
}

/** What the choice rests on. Their codes are known by `isOfFreshness`. */
function freshnessWarnings({ node, passedOver, basis }: PromoteChoice & { kind: "chosen" }): PlanWarning[] {
  const warnings = passedOver.map(({ pod, kind, why }): PlanWarning => {
    const text =
      kind === "newer"
        ? `${pod} holds newer data than ${node.name}, and it is overwritten: ${why}.`
        : `Whether ${pod} holds newer data than ${node.name} cannot be told: ${why}. Where they differ, ${pod} is overwritten.`;
    return { code: `${kind}:${pod}`, text };
  });
  if (basis === "contact" || basis === "rows") {
    const by = basis === "contact" ? "by its later contact with the primary" : "by the rows that it has";
    warnings.push({
      code: `judged_by_${basis}`,
      text: `${node.name} counts as the newest ${by}; commits do not prove it.`,
    });
  }
  return warnings;
}

function isOfFreshness(code: string): boolean {
  return /^(newer:|unclear:|judged_by_)/.test(code);
}

function warningsOf(view: DoltView, node: AnsweringNode, parameters: PromoteParameters): PlanWarning[] {
  const warnings: PlanWarning[] = view.nodes.filter(({ answer }) => answer === null).map(silenceWarning);
  const answering = view.nodes.filter(isAnswering);
  if (answering.length === 1 && view.nodes.length > 1) {
    const text = `Only ${node.name} answers: others may hold newer data, and it is overwritten when they return.`;
    warnings.push({ code: "alone", text });
  }
  const heard = answering.filter(({ answer }) => answer.replication.some(({ lastUpdateMs }) => lastUpdateMs !== null));
  if (heard.length === 0) {
    const text =
      "No standby has heard of any primary since it started, so none can bear witness that the lost one is dead: be sure of it by the cloud's console or its node.";
    warnings.push({ code: "no_witness", text });
  }
  if (node.pod?.ready !== true) {
    warnings.push({ code: "not_ready", text: `${node.name} is not Ready: Services send nothing to it until it is.` });
  }
  if (rolloutRuns(view)) {
    const text = `The StatefulSet ${view.workload.name} is being rolled out: its controller may still delete ${node.name}.`;
    warnings.push({ code: "rollout", text });
  }
  if (parameters.to === undefined && parameters.avoid !== undefined) {
    warnings.push({ code: `avoided:${parameters.avoid}`, text: `${parameters.avoid} was left out, as asked.` });
  }
  return warnings;
}

/** One code for both, because a container that crash-loops goes to and fro between them. */
function silenceWarning({ name, silence }: DoltNode): PlanWarning {
  const text =
    silence?.kind === "stopped"
      ? `${name} does not run: its container was seen ended (${silence.text}). Should it start again before it meets the new primary, it takes writes that are lost.`
      : `${name} does not answer (${silence?.text ?? "no reason known"}), and its container was not seen ended: it may live, and clients that still reach it may write there until it meets the new primary. Those writes are lost; open connections cannot be cut from outside.`;
  return { code: `silent:${name}`, text };
}

function refusal(problems: readonly Problem[]): PlanResult {
  return { kind: "refused", problems };
}
