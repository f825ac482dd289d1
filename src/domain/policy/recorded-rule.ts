import { z } from "zod";
import type { TargetKey } from "../target.ts";
import { escalationSchema, linkSchema, type PolicyRule, requirementSchema } from "./rule.ts";

/**
 * The deciding rule as a request keeps it: what was asked for when the request was made. It draws the message and its timers;
 * who may do what is judged by the policy itself, again, at each click and at the start.
 */
export const recordedRuleSchema = z.object({
  name: z.string(),
  /** `policyHashOf` the policy that the rule was of. */
  policyHash: z.string(),
  /** How many approvals are needed in all; 0: none. */
  approvals: z.number().int().min(0),
  /** All have to be met, each approval counting for one of them. */
  requirements: z.array(requirementSchema),
  selfApproval: z.boolean(),
  expiresAfterMinutes: z.number().int().min(1),
  /** When those who can approve are reminded, counted from when the plan was made; growing. */
  remindAfterMinutes: z.array(z.number().int().min(1)),
  /** Who is told when it still waits after so long, counted from when the plan was made; growing. */
  escalation: z.array(escalationSchema),
  /** The policy's runbook for it, where the target has none of its own. */
  runbook: z.string().optional(),
  dashboards: z.array(linkSchema),
});
export type RecordedRule = z.infer<typeof recordedRuleSchema>;

/** @param about `changesTarget`: what only reads needs nobody's leave but the policy's */
export function recordedRule(
  rule: PolicyRule,
  policyHash: string,
  about: { readonly operation: string; readonly target: TargetKey; readonly changesTarget: boolean },
): RecordedRule {
  const requirements = about.changesTarget ? rule.requirements : [];
  const filled = (url: string) => filledIn(url, about.operation, about.target);
  return {
    name: rule.name,
    policyHash,
    approvals: requirements.reduce((sum, { count }) => sum + count, 0),
    requirements: [...requirements],
    selfApproval: rule.selfApproval,
    expiresAfterMinutes: rule.expiresAfterMinutes,
    remindAfterMinutes: [...rule.remindAfterMinutes],
    escalation: [...rule.escalation],
    ...(rule.runbook === null ? {} : { runbook: filled(rule.runbook) }),
    dashboards: rule.dashboards.map(({ title, url }) => ({ title, url: filled(url) })),
  };
}

/** An address of the policy with what it is about in the place of `{target}` and the like. */
function filledIn(url: string, operation: string, target: TargetKey): string {
  const values: Readonly<Record<string, string>> = {
    "{cluster}": target.cluster,
    "{namespace}": target.namespace,
    "{target}": target.name,
    "{operation}": operation,
  };
  return url.replaceAll(/\{[a-z]+\}/g, (place) => encodeURIComponent(values[place] ?? place));
}
