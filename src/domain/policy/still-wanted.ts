import type { Approval } from "../approval.ts";
import type { Memberships } from "../memberships.ts";
import type { Person } from "../people.ts";
import { distinctPrincipals, principalKey } from "../principals.ts";
import { requirementsAt } from "./judging.ts";
import type { RecordedRule } from "./recorded-rule.ts";
import { standingOf } from "./standing.ts";

/**
 * The user ids of those whose approval would bring a plan nearer to enough now, as it lists them: whom to remind. Whoever asked, or has
 * approved already, is not among them.
 * @param planMembers of the signed plan: who each principal was when the plan was made
 */
export function approversStillWanted(
  rule: RecordedRule,
  about: { readonly requester: Person; readonly approvals: readonly Approval[]; readonly plannedAtMs: number },
  planMembers: Memberships,
  nowMs: number,
): readonly string[] {
  const { missing } = standingOf(rule, about.approvals);
  const wanted = new Set(missing.flatMap(({ anyOf }) => anyOf));
  const requirements = requirementsAt(rule, about.plannedAtMs, nowMs).filter((_, index) => wanted.has(index));
  const principals = distinctPrincipals(requirements.flatMap((one) => one.principals));
  const members = principals.flatMap((principal) => {
    const membership = planMembers.get(principalKey(principal));
    return membership === undefined || "unknown" in membership ? [] : membership.members;
  });
  const out = new Set(about.approvals.map(({ approver }) => approver.userId));
  if (!rule.selfApproval) out.add(about.requester.userId);
  return [...new Set(members)].filter((userId) => !out.has(userId));
}
