import { z } from "zod";
import { operationWords } from "../../src/domain/operation-words.ts";
import { needsAcceptance, type Plan } from "../../src/domain/plan.ts";
import {
  canStillStop,
  type Follows,
  hasSafePointAhead,
  isPaused,
  type RequestRecord,
  type WishKind,
} from "../../src/domain/request.ts";
import { followKind } from "../../src/domain/transitions/following.ts";
import { shownPlan } from "../../src/domain/transitions/reading.ts";
import { actionButton, actions, type Block, limits, linkButton } from "./blocks.ts";

export const approveActionId = "handover_approve";
export const denyActionId = "handover_deny";
export const withdrawActionId = "handover_withdraw";
export const followActionIds: Readonly<Record<Follows["kind"], string>> = {
  replan: "handover_replan",
  retry: "handover_retry",
};
export const runbookActionId = "handover_runbook";
/** Before a number: of several dashboards each has an id of its own. */
export const dashboardActionId = "handover_dashboard_";
export const wishActionIds: Readonly<Record<WishKind, string>> = {
  cancel: "handover_cancel",
  pause: "handover_pause",
  resume: "handover_resume",
};

/** What a button carries: which plan of which request it is for. The record decides everything else. */
export const buttonValueSchema = z.strictObject({
  cluster: z.string().min(1),
  requestId: z.string().min(1),
  fingerprint: z.string().length(64),
});
export type ButtonValue = z.infer<typeof buttonValueSchema>;

/** What Re-plan and Retry carry: the request may have had no plan at all. */
export const followValueSchema = z.strictObject({ cluster: z.string().min(1), requestId: z.string().min(1) });
export type FollowValue = z.infer<typeof followValueSchema>;

/** Null for a value that no button of this version carries. */
export function readButtonValue(text: string): ButtonValue | null {
  try {
    return buttonValueSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/**
 * The buttons of a face: each as long as a click would count, and its links. Empty when there are none.
 * @param draw tells a second draw of the same revision apart
 */
export function faceButtons(record: RequestRecord, links: readonly FaceLink[], draw = ""): readonly Block[] {
  const buttons = [
    ...decisionButtons(record),
    ...withdrawButtons(record),
    ...steeringButtons(record),
    ...followButtons(record),
    ...links.filter(({ url }) => isLinkable(url)).map(({ actionId, label, url }) => linkButton(actionId, label, url)),
  ];
  return buttons.length === 0 ? [] : [actions(`handover-${record.revision}${draw}`, buttons)];
}

/** An address that a face leads to. */
export interface FaceLink {
  readonly actionId: string;
  readonly label: string;
  readonly url: string;
}

export function runbookButton(url: string): Block {
  return linkButton(runbookActionId, "Runbook", url);
}

/** Slack refuses a whole message for one address it does not understand. */
export function isLinkable(url: string | null): url is string {
  return url !== null && url.length <= limits.buttonUrl && /^https?:\/\/[^\s]+$/.test(url) && URL.canParse(url);
}

function decisionButtons(record: RequestRecord): readonly Block[] {
  const plan = shownPlan(record);
  if (record.state !== "awaiting_approval" || plan === null) return [];
  const value = buttonValue(record, plan);
  const what = whatOf(record);
  return [
    actionButton({
      actionId: approveActionId,
      label: "Approve",
      value,
      style: "primary",
      // What has to be accepted by name opens a modal, which asks.
      confirm: needsAcceptance(plan)
        ? null
        : { title: "Approve this plan?", text: `${what}. ${plan.cost}`, yes: "Approve" },
    }),
    actionButton({
      actionId: denyActionId,
      label: "Deny",
      value,
      style: "danger",
      // It opens a modal, which asks why.
      confirm: null,
    }),
  ];
}

/** What has not begun can be taken back. */
function withdrawButtons(record: RequestRecord): readonly Block[] {
  const plan = shownPlan(record);
  const isWaiting = record.state === "awaiting_approval" || record.state === "approved";
  if (!isWaiting || plan === null) return [];
  const text = `${whatOf(record)} will not be done. For those who asked; who approves clicks Deny.`;
  const confirm = { title: "Withdraw this request?", text, yes: "Withdraw" };
  const value = buttonValue(record, plan);
  return [actionButton({ actionId: withdrawActionId, label: "Withdraw", value, style: null, confirm })];
}

/** What came to nothing can be asked for again, once, by whoever may ask. */
function followButtons(record: RequestRecord): readonly Block[] {
  const kind = followKind(record);
  if (kind === null || record.followedBy !== undefined) return [];
  const value: FollowValue = { cluster: record.target.cluster, requestId: record.id };
  const [label, title] = kind === "replan" ? ["Re-plan", "Plan it anew?"] : ["Retry", "Try it again?"];
  const when =
    record.schedule === undefined ? "" : " If its time is over by then, it begins as soon as it is approved.";
  const text = `You ask for ${whatOf(record)}. The cluster is looked at anew, and the new plan needs its own approvals.${when}`;
  const confirm = { title, text, yes: label };
  return [actionButton({ actionId: followActionIds[kind], label, value: JSON.stringify(value), style: null, confirm })];
}

/** What can still be wished of something that runs. After a wish to cancel there is nothing left to wish. */
function steeringButtons(record: RequestRecord): readonly Block[] {
  const { state, execution, wish } = record;
  const plan = shownPlan(record);
  if (state !== "running" || execution === undefined || plan === null || wish?.kind === "cancel") return [];
  const value = buttonValue(record, plan);
  const what = whatOf(record);
  const buttons: Block[] = [];
  if (isPaused(record)) {
    const text = `${what} goes on from where it was paused.`;
    const confirm = { title: "Let it go on?", text, yes: "Resume" };
    buttons.push(actionButton({ actionId: wishActionIds.resume, label: "Resume", value, style: "primary", confirm }));
  } else if (hasSafePointAhead(execution.steps)) {
    const text = `${what} finishes what it is at, and then holds until somebody resumes or stops it.`;
    const confirm = { title: "Pause it?", text, yes: "Pause" };
    buttons.push(actionButton({ actionId: wishActionIds.pause, label: "Pause", value, style: null, confirm }));
  }
  if (canStillStop(execution)) buttons.push(cancelButton(execution.committed, what, value));
  return buttons;
}

/** Once something was changed it is a stop: what was done is not taken back. */
function cancelButton(isCommitted: boolean, what: string, value: string): Block {
  const actionId = wishActionIds.cancel;
  const text = isCommitted
    ? `${what} finishes what it is at, and then ends. What was done stands; the same command goes on from there.`
    : `${what} is cancelled if it has not begun to change anything by then. Otherwise it is finished, or undone.`;
  const [label, title] = isCommitted ? ["Stop", "Stop it there?"] : ["Cancel", "Cancel it?"];
  return actionButton({ actionId, label, value, style: "danger", confirm: { title, text, yes: label } });
}

function whatOf(record: RequestRecord): string {
  return `${operationWords(record.operation)} of ${record.target.name} in ${record.target.cluster}`;
}

function buttonValue(record: RequestRecord, plan: Plan): string {
  const value: ButtonValue = {
    cluster: record.target.cluster,
    requestId: record.id,
    fingerprint: plan.fingerprint,
  };
  return JSON.stringify(value);
}
