import { z } from "zod";
import type { RequestRecord } from "../../src/domain/request.ts";
import { shownPlan } from "../../src/domain/transitions.ts";
import { actionButton, actions, type Block, limits, linkButton } from "./blocks.ts";

export const approveActionId = "handover_approve";
export const denyActionId = "handover_deny";
export const runbookActionId = "handover_runbook";

/** What a button carries: which plan of which request it is for. The record decides everything else. */
export const buttonValueSchema = z.strictObject({
  cluster: z.string().min(1),
  requestId: z.string().min(1),
  fingerprint: z.string().length(64),
});
export type ButtonValue = z.infer<typeof buttonValueSchema>;

/** Null for a value that no button of this version carries. */
export function readButtonValue(text: string): ButtonValue | null {
  try {
    return buttonValueSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The buttons of a face: Approve and Deny as long as a click would count, and the runbook. Empty when there are none. */
export function faceButtons(record: RequestRecord, runbook: string | null): readonly Block[] {
  const buttons = [...decisionButtons(record), ...(isLinkable(runbook) ? [runbookButton(runbook)] : [])];
  return buttons.length === 0 ? [] : [actions(`handover-${record.revision}`, buttons)];
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
  const value: ButtonValue = {
    cluster: record.target.cluster,
    requestId: record.id,
    fingerprint: plan.fingerprint,
  };
  const what = `${record.operation.replace(".", " ")} of ${record.target.name} in ${record.target.cluster}`;
  return [
    actionButton({
      actionId: approveActionId,
      label: "Approve",
      value: JSON.stringify(value),
      style: "primary",
      confirm: { title: "Approve this plan?", text: `${what}. ${plan.cost}`, yes: "Approve" },
    }),
    actionButton({
      actionId: denyActionId,
      label: "Deny",
      value: JSON.stringify(value),
      style: "danger",
      confirm: { title: "Deny this request?", text: `${what} will not be done.`, yes: "Deny" },
    }),
  ];
}
