import { entry, list } from "./entry.ts";

/** Who may do what. */
export const permissionProblems = {
  requester_not_allowed: entry<{ operation: string; target: string }>(
    "refused",
    (d) => `The policy does not let you ask for ${d.operation} on ${d.target}. Nothing was done.`,
    () => "Ask somebody whom the policy names as a requester, or have the policy in handover.yaml changed.",
  ),
  approver_is_requester: entry<Record<never, never>>(
    "refused",
    () => "You asked for this, so you cannot approve it. Your click changed nothing.",
    () => "Another person whom the policy names as an approver has to click Approve.",
  ),
  approver_not_allowed: entry<{ approvers: readonly string[] }>(
    "refused",
    () => "The policy does not name you as an approver here. Your click changed nothing.",
    (d) => `Approvers: ${list(d.approvers)}.`,
  ),
  approver_twice: entry<Record<never, never>>(
    "refused",
    () => "You have approved this already; one person counts once. Your click changed nothing.",
    () => "Another approver has to click Approve.",
  ),
  approver_came_later: entry<{ of: string }>(
    "refused",
    (d) =>
      `You were not among ${d.of} when this plan was made; who joins afterwards cannot approve it. Your click changed nothing.`,
    (d) => `Somebody who was among ${d.of} before can approve; or type the command again for a new plan.`,
  ),
  approval_not_needed: entry<{ missing: string }>(
    "refused",
    (d) => `Your approval would not bring it nearer: what is missing is ${d.missing}. Your click changed nothing.`,
    (d) => `Ask ${d.missing} to click Approve.`,
  ),
  nobody_can_approve: entry<{ missing: string }>(
    "refused",
    (d) =>
      `Too few people could approve this for you: it would still need ${d.missing}, and nobody approves what they asked for themselves. Nothing was done.`,
    () => "Let somebody else ask for it, or have people added to that group.",
  ),
  approver_no_longer_stands: entry<{ approver: string; why: string }>(
    "refused",
    (d) => `The approval of ${d.approver} does not stand any more: ${d.why}. Nothing was changed.`,
    () => "Ask for a new plan and have it approved by somebody who may.",
  ),
  person_not_trusted: entry<{ why: string }>(
    "refused",
    (d) => `This account cannot use Handover: ${d.why}. Nothing was done.`,
    () => "Use a full account of this workspace; docs/threat-model.md says why others are refused.",
  ),
  frozen_by_policy: entry<{ target: string; window: string; reason: string | null; until: string }>(
    "frozen",
    (d) =>
      `The policy freezes ${d.target} until ${d.until}: ${d.window}${d.reason === null ? "" : ` (${d.reason})`}. Nothing was changed.`,
    () => "Ask again when it has ended. What cannot wait is done by break-glass, on the command line: docs/policy.md.",
  ),
  break_glass_not_allowed: entry<{ user: string; operation: string; target: string; why: string }>(
    "refused",
    (d) =>
      `The policy does not let ${d.user} do ${d.operation} on ${d.target} without Slack: ${d.why}. Nothing was done.`,
    () => "Ask for it in Slack, or have somebody do it whom breakGlass names in handover.yaml.",
  ),
  people_lookup_failed: entry<{ person: string; why: string; commandLine?: string }>(
    "refused",
    (d) =>
      `It could not be found out whether ${d.person} may do this (${d.why}); no answer is no. Nothing was changed.`,
    (d) =>
      d.commandLine === undefined
        ? "Try again in a minute; if it is urgent, use the command line named in the runbook."
        : `Try again in a minute; if it is urgent, in a terminal: ${d.commandLine}`,
  ),
} as const;
