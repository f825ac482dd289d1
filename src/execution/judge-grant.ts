import type { Approval } from "../domain/approval.ts";
import { type Problem, problem } from "../domain/errors.ts";
import type { Membership, Memberships } from "../domain/memberships.ts";
import { mention, type Person, samePerson } from "../domain/people.ts";
import type { Plan } from "../domain/plan.ts";
import { policyHashOf } from "../domain/policy/hash.ts";
import {
  type ApproverJudgement,
  approvingPrincipals,
  judgeApprover,
  judgeRequester,
  requestersToLookUp,
  rightText,
} from "../domain/policy/judging.ts";
import { decidingRule } from "../domain/policy/matching.ts";
import { planMembersOf } from "../domain/policy/planned-approval.ts";
import { missingApprovals } from "../domain/policy/requirements.ts";
import type { Policy, PolicyRule } from "../domain/policy/rule.ts";
import { missingText } from "../domain/policy/standing.ts";
import { distinctPrincipals } from "../domain/principals.ts";
import { grantEndsAtMs, isTooEarly, scheduleText } from "../domain/schedule.ts";
import { commandOfPlan } from "../operations/command-of-plan.ts";
import type { OperationContext } from "../operations/operation.ts";
import type { People } from "../ports/chat.ts";
import type { MembershipSource } from "../ports/memberships.ts";
import { frozenAt, labelsNow } from "./judge-plan.ts";
import { type Looked, lookAtPerson } from "./look-at-person.ts";

export interface GrantRules {
  readonly policy: Policy;
  readonly people: People;
  readonly memberships: MembershipSource;
}

/** What was signed of a grant, its signatures checked. */
export interface OpenedGrant {
  readonly plan: Plan;
  readonly approvals: readonly Approval[];
  readonly requester: Person;
}

/** For the audit: by which policy and rule it was let in, and as whom each approver counted. */
export interface JudgedBy {
  readonly policyHash: string;
  readonly rule: string;
  /** `U0123 as usergroup:S0123 (looked up 2026-11-21T19:20:00.000Z)`, one an approval. */
  readonly approvers: readonly string[];
}

export type JudgedGrant =
  /** `expiresAtMs`: until when the grant could have been used, by what is signed. */
  | { readonly ok: true; readonly expiresAtMs: number; readonly by: JudgedBy }
  | { readonly ok: false; readonly problems: readonly Problem[] };

interface Times {
  /** Redis' clock. */
  readonly storeNowMs: number;
  readonly ownNowMs: number;
}

/** How far this process' clock and Redis' may be apart before an expiry is believed too late. */
const clockSkewMs = 60_000;

/**
 * The policy judged again, from this worker's own configuration, just before the start: the requester, a freeze, the expiry, each
 * approver by a membership asked anew and by the one the plan lists, and whether together they are enough.
 * @throws {HandoverError} `kubernetes_away`, `kubernetes_refused`
 */
export async function judgeGrant(
  grant: OpenedGrant,
  times: Times,
  context: OperationContext,
  rules: GrantRules,
): Promise<JudgedGrant> {
  const { plan, approvals, requester } = grant;
  if (!samePerson(requester, plan.requester)) {
    return no(problem("grant_invalid", { why: "the requester is not the one the plan was made for" }));
  }
  const rule = decidingRule(rules.policy, plan.operation, { ...plan.target, labels: await labelsNow(context) });
  if (rule === null) return no(notAllowed(plan));
  const expiry = judgeExpiry(plan, approvals, rule, times);
  if ("problem" in expiry) return no(expiry.problem);
  const frozen = frozenAt(rule, plan.target.name, times.storeNowMs);
  if (frozen !== null) return no(frozen);
  const principals = distinctPrincipals([...requestersToLookUp(rule, plan.requester), ...approvingPrincipals(rule)]);
  const checked = [
    { person: plan.requester, atMs: plan.madeAtMs },
    ...approvals.map(({ approver, atMs }) => ({ person: approver, atMs })),
  ];
  const [fresh, accounts] = await Promise.all([
    rules.memberships.look(principals, context.signal),
    Promise.all(checked.map(({ person }) => lookAtPerson(person, rules.people, context.signal))),
  ]);
  const objections = [
    ...objectionsToRequester(plan, rule, fresh, times.storeNowMs),
    ...checked.flatMap(({ person, atMs }, index) => {
      const looked = accounts[index];
      const isLately = isCheckedLately(rule, atMs, times.storeNowMs);
      return looked === undefined ? [] : objectionsToAccount(person, looked, isLately, plan);
    }),
  ];
  if (objections.length > 0) return { ok: false, problems: objections };
  const judged = approvals.map((approval) => ({ approval, ...judgeApproval(approval, plan, rule, fresh, times) }));
  const fallen = judged.flatMap(({ approval, judgement }) => objectionToApproval(approval, judgement, plan));
  if (fallen.length > 0) return { ok: false, problems: fallen };
  const rights = judged.map(({ judgement }) => (judgement.kind === "may" ? judgement.rights : []));
  const missing = missingApprovals(
    rule.requirements.map(({ count }) => count),
    rights.map((own) => own.map(({ requirement }) => requirement)),
  );
  if (missing.length > 0) {
    const why = `it has ${approvals.length} approvals, and still needs ${missingText(missing, rule.requirements)}`;
    return no(problem("grant_invalid", { why }));
  }
  const by = {
    policyHash: policyHashOf(rules.policy),
    rule: rule.name,
    approvers: judged.map(({ approval, judgement }) => rightsText(approval, judgement)),
  };
  return { ok: true, expiresAtMs: expiry.expiresAtMs, by };
}

function judgeExpiry(
  plan: Plan,
  approvals: readonly Approval[],
  rule: PolicyRule,
  { storeNowMs, ownNowMs }: Times,
): { problem: Problem } | { expiresAtMs: number } {
  const { schedule, requestId } = plan;
  const lastMs = Math.max(plan.madeAtMs, ...approvals.map((approval) => approval.atMs));
  const expiresAtMs = grantEndsAtMs(schedule, lastMs, rule.expiresAfterMinutes);
  if (storeNowMs >= expiresAtMs || ownNowMs >= expiresAtMs + clockSkewMs) {
    return {
      problem:
        schedule === undefined
          ? problem("request_expired", { requestId, minutes: rule.expiresAfterMinutes })
          : problem("time_over", { when: scheduleText(schedule) }),
    };
  }
  if (schedule !== undefined && isTooEarly(schedule, storeNowMs)) {
    return { problem: problem("grant_invalid", { why: `its time has not come: ${scheduleText(schedule)}` }) };
  }
  return { expiresAtMs };
}

function objectionsToRequester(plan: Plan, rule: PolicyRule, fresh: Memberships, nowMs: number): Problem[] {
  const judged = judgeRequester(rule, plan.requester, { memberships: fresh, notBeforeMs: null });
  switch (judged.kind) {
    case "yes":
      return [];
    case "no":
      return [notAllowed(plan)];
    case "unknown":
      return isCheckedLately(rule, plan.madeAtMs, nowMs)
        ? []
        : [lookupFailed(plan, plan.requester, `${rule.requesters.text}: ${judged.why}`)];
  }
}

/** @param isLately whether the policy lets what was known of this account earlier count when Slack does not say now */
function objectionsToAccount(person: Person, looked: Looked, isLately: boolean, plan: Plan): Problem[] {
  switch (looked.kind) {
    case "trusted":
      return [];
    case "untrusted":
      return samePerson(person, plan.requester)
        ? [problem("person_not_trusted", { why: looked.why })]
        : [problem("approver_no_longer_stands", { approver: mention(person), why: looked.why })];
    case "unknown":
      return isLately ? [] : [lookupFailed(plan, person, looked.why)];
  }
}

function judgeApproval(
  approval: Approval,
  plan: Plan,
  rule: PolicyRule,
  fresh: Memberships,
  { storeNowMs }: Times,
): { readonly judgement: ApproverJudgement } {
  const { approver, atMs } = approval;
  const then = planMembersOf(plan.approval);
  const memberships = isCheckedLately(rule, atMs, storeNowMs) ? withChecked(fresh, approval) : fresh;
  const click = { approver, requester: plan.requester, atMs, plannedAtMs: plan.madeAtMs };
  return { judgement: judgeApprover(rule, click, then, { memberships, notBeforeMs: null }) };
}

/** Whether the policy lets what was checked at that time count when nobody can be asked now. */
function isCheckedLately({ whenSlackIsAway }: PolicyRule, atMs: number, nowMs: number): boolean {
  return whenSlackIsAway.kind === "acceptCheckedWithin" && nowMs - atMs <= whenSlackIsAway.minutes * 60_000;
}

/** What was asked anew, and, of groups that nobody could say anything about, what the edge had checked and signed at the click. */
function withChecked(fresh: Memberships, { approver, rights }: Approval): Memberships {
  const checked = new Map(rights.map(({ principal, asOfMs }) => [principal, asOfMs]));
  const merged = [...fresh].map(([key, membership]): [string, Membership] => {
    const asOfMs = checked.get(key);
    const isOpen = "unknown" in membership && asOfMs !== undefined && asOfMs !== null;
    return [key, isOpen ? { members: [approver.userId], asOfMs } : membership];
  });
  return new Map(merged);
}

function objectionToApproval({ approver }: Approval, judgement: ApproverJudgement, plan: Plan): Problem[] {
  const fell = (why: string) => [problem("approver_no_longer_stands", { approver: mention(approver), why })];
  switch (judgement.kind) {
    case "may":
      return [];
    case "is_requester":
      return fell("the requester cannot approve");
    case "not_named":
      return fell("the policy does not name them, or their group is without them now");
    case "came_later":
      return fell(`they were not among ${judgement.of} when the plan was made`);
    case "unknown":
      return [lookupFailed(plan, approver, `${judgement.of}: ${judgement.why}`)];
  }
}

function lookupFailed(plan: Plan, person: Person, why: string): Problem {
  const commandLine = commandOfPlan(plan);
  const line = commandLine === null ? {} : { commandLine };
  return problem("people_lookup_failed", { person: mention(person), why, ...line });
}

function notAllowed({ operation, target }: Plan): Problem {
  return problem("requester_not_allowed", { operation, target: target.name });
}

function rightsText({ approver }: Approval, judgement: ApproverJudgement): string {
  const rights = judgement.kind === "may" ? judgement.rights : [];
  return `${approver.userId} as ${[...new Set(rights.map(rightText))].join(", ")}`;
}

function no(why: Problem): JudgedGrant {
  return { ok: false, problems: [why] };
}
