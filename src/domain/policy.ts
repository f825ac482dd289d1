import { z } from "zod";
import { type Person, samePerson } from "./people.ts";
import type { TargetKey } from "./target.ts";

/**
 * Who may ask for what, and who may approve it. Default deny; the first rule that matches decides, and only it.
 * Patterns match whole texts; `*` stands for any run of characters.
 */
export const policyRuleSchema = z.strictObject({
  name: z.string().min(1),
  operations: z.array(z.string().min(1)).min(1),
  clusters: z.array(z.string().min(1)).min(1).default(["*"]),
  namespaces: z.array(z.string().min(1)).min(1).default(["*"]),
  targets: z.array(z.string().min(1)).min(1).default(["*"]),
  /** Slack user ids. */
  requesters: z.array(z.string().min(1)).min(1),
  /** Slack user ids; may be empty only where no approval is needed. */
  approvers: z.array(z.string().min(1)).default([]),
  approvals: z.int().min(0).max(10).default(1),
  /** How long a plan waits for its approvals, and a grant for its start. */
  expiresAfterMinutes: z.int().min(1).max(1440).default(15),
});
export type PolicyRule = z.infer<typeof policyRuleSchema>;

export const policySchema = z
  .array(policyRuleSchema)
  .refine(
    (rules) => rules.every((rule) => rule.approvers.length >= rule.approvals),
    "a rule asks for more approvals than it names approvers, so nobody could ever satisfy it",
  );
export type Policy = z.infer<typeof policySchema>;

/** The rule that decides about this operation on this target, or null: nothing allows it, so it is denied. */
export function decidingRule(policy: Policy, operation: string, target: TargetKey): PolicyRule | null {
  const rule = policy.find(
    (candidate) =>
      matchesAny(candidate.operations, operation) &&
      matchesAny(candidate.clusters, target.cluster) &&
      matchesAny(candidate.namespaces, target.namespace) &&
      matchesAny(candidate.targets, target.name),
  );
  return rule ?? null;
}

export function mayRequest(rule: PolicyRule, person: Person): boolean {
  return rule.requesters.includes(person.userId);
}

export type ApproverJudgement = "allowed" | "is_requester" | "not_an_approver";

/** Whether this person may approve what the requester asked for. Nobody approves their own request. */
export function judgeApprover(rule: PolicyRule, approver: Person, requester: Person): ApproverJudgement {
  if (samePerson(approver, requester)) return "is_requester";
  return rule.approvers.includes(approver.userId) ? "allowed" : "not_an_approver";
}

function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matches(pattern, text));
}

function matches(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === text;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
