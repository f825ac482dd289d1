import { z } from "zod";
import { type Memberships, membershipSchema } from "../memberships.ts";
import { principalKey } from "../principals.ts";
import { approvingPrincipals } from "./judging.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * Of a signed plan: the rule by which it waits for approval, and who could give one when it was made. Whoever is not listed here
 * cannot approve this plan, whatever group they join.
 */
export const plannedApprovalSchema = z.object({
  rule: z.string(),
  policyHash: z.string(),
  members: z.array(z.object({ principal: z.string(), membership: membershipSchema })),
});
export type PlannedApproval = z.infer<typeof plannedApprovalSchema>;

/** @param known who the rule's principals are, as was just found out */
export function plannedApproval(
  rule: PolicyRule,
  policyHash: string,
  known: Memberships,
  nowMs: number,
): PlannedApproval {
  const members = approvingPrincipals(rule).map((principal) => {
    const key = principalKey(principal);
    if (principal.kind === "user") {
      return { principal: key, membership: { members: [principal.userId], asOfMs: nowMs } };
    }
    return { principal: key, membership: known.get(key) ?? { unknown: "nobody has looked it up yet" } };
  });
  return { rule: rule.name, policyHash, members };
}

export function planMembersOf(approval: PlannedApproval | undefined): Memberships {
  return new Map((approval?.members ?? []).map(({ principal, membership }) => [principal, membership]));
}
