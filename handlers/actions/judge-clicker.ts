import type { Memberships } from "../../src/domain/memberships.ts";
import { noMemberships, oldestMembershipMs } from "../../src/domain/memberships.ts";
import type { Person } from "../../src/domain/people.ts";
import { type ApproverJudgement, judgeApprover, principalsOf } from "../../src/domain/policy/judging.ts";
import { decidingRule } from "../../src/domain/policy/matching.ts";
import { planMembersOf } from "../../src/domain/policy/planned-approval.ts";
import type { Policy } from "../../src/domain/policy/rule.ts";
import { needsLookup } from "../../src/domain/principals.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import { shownPlan } from "../../src/domain/transitions/reading.ts";
import type { MembershipSnapshots } from "../../src/ports/memberships.ts";

/** What the workers know of who is in which group; empty, without asking, where the policy names nobody who has to be looked up. */
export async function readMemberships(policy: Policy, snapshots: MembershipSnapshots): Promise<Memberships> {
  if (!principalsOf(policy).some(needsLookup)) return noMemberships;
  return (await snapshots.read()).memberships;
}

/**
 * Whether this person may approve the plan: by the policy as it is now, by the rule as it was when the request was made, and as one
 * of those whom the signed plan names. The rights are those of the record's rule, by which approvals are counted.
 */
export function judgeClicker(
  person: Person,
  record: RequestRecord,
  policy: Policy,
  memberships: Memberships,
  nowMs: number,
): ApproverJudgement {
  const rule = decidingRule(policy, record.operation, record.target);
  const plan = shownPlan(record);
  if (rule === null || plan === null) return { kind: "not_named" };
  const click = { approver: person, requester: record.requester, atMs: nowMs, plannedAtMs: plan.madeAtMs };
  const then = planMembersOf(plan.approval);
  const known = { memberships, notBeforeMs: nowMs - oldestMembershipMs };
  const byPolicy = judgeApprover(rule, click, then, known);
  return byPolicy.kind === "may" ? judgeApprover(record.rule, click, then, known) : byPolicy;
}
