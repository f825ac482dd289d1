import { type Approval, type Grant, openGrant } from "../domain/approval.ts";
import { type Problem, problem, problemOf } from "../domain/errors.ts";
import { mention, samePerson } from "../domain/people.ts";
import { changedFacts, fingerprintOf, type Plan } from "../domain/plan.ts";
import { decidingRule, judgeApprover, mayRequest, type Policy } from "../domain/policy.ts";
import type { RequestRecord } from "../domain/request.ts";
import type { PublicKeys } from "../domain/signing.ts";
import { grantOf } from "../domain/transitions/reading.ts";
import type { Operation, OperationContext } from "../operations/operation.ts";
import type { People } from "../ports/chat.ts";
import { sameReference } from "../ports/workloads.ts";
import { preflight } from "./preflight.ts";

export interface AdmissionRules {
  readonly policy: Policy;
  readonly clusterKeys: PublicKeys;
  readonly edgeKeys: PublicKeys;
  readonly people: People;
}

export type Admission =
  /** `expiresAtMs`: until when the grant could have been used, by what is signed. */
  | { readonly kind: "admitted"; readonly plan: Plan; readonly expiresAtMs: number }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] }
  | { readonly kind: "stale"; readonly changes: readonly string[] };

/** How far this process' clock and Redis' may be apart before an expiry is believed too late. */
const clockSkewMs = 60_000;

/**
 * The one admission of a grant, before the first act: every signature, the expiry (from what is signed, not from the
 * record), the policy as this worker has it, whether each approver still stands, a freeze, and the cluster's facts.
 * That the grant was not used before is decided where it is used: in the compare-and-set of the lease.
 */
export async function admit(
  record: RequestRecord,
  storeNowMs: number,
  operation: Operation,
  context: OperationContext,
  rules: AdmissionRules,
): Promise<Admission> {
  const grant = grantOf(record);
  if (grant === null) return refusedFor(problem("grant_invalid", { why: "it has no plan or no expiry" }));
  const opened = openGrant(grant, rules.clusterKeys, rules.edgeKeys);
  if (!opened.ok) return refusedFor(problem("grant_invalid", { why: opened.why }));
  const { plan, approvals } = opened;
  const mismatch = mismatchOf(record, plan);
  if (mismatch !== null) return refusedFor(problem("grant_invalid", { why: mismatch }));
  const byPolicy = judgeByPolicy(plan, grant, approvals, rules.policy, storeNowMs, context.clock.nowMs());
  if ("problem" in byPolicy) return refusedFor(byPolicy.problem);
  const fallen = await approversThatFell(approvals, rules.people, context.signal);
  if (fallen.length > 0) return { kind: "refused", problems: fallen };
  return await judgeFacts(plan, byPolicy.expiresAtMs, operation, context);
}

/** The record is anybody's who can write to Redis; what is signed decides, and the two must say the same. */
function mismatchOf(record: RequestRecord, plan: Plan): string | null {
  if (plan.requestId !== record.id) return "the plan is of another request";
  if (plan.operation !== record.operation) return "the plan is for another operation";
  if (!sameTarget(plan.target, record.target)) return "the plan is for another target";
  if (plan.fingerprint !== fingerprintOf(plan.facts, plan.warnings))
    return "the plan's fingerprint is not that of its facts";
  return null;
}

function sameTarget(planned: Plan["target"], asked: RequestRecord["target"]): boolean {
  return planned.cluster === asked.cluster && planned.name === asked.name && sameReference(planned, asked);
}

function judgeByPolicy(
  plan: Plan,
  grant: Grant,
  approvals: readonly Approval[],
  policy: Policy,
  storeNowMs: number,
  ownNowMs: number,
): { problem: Problem } | { expiresAtMs: number } {
  const rule = decidingRule(policy, plan.operation, plan.target);
  if (rule === null || !mayRequest(rule, plan.requester)) {
    return { problem: problem("requester_not_allowed", { operation: plan.operation, target: plan.target.name }) };
  }
  if (!samePerson(grant.requester, plan.requester)) {
    return { problem: problem("grant_invalid", { why: "the requester is not the one the plan was made for" }) };
  }
  for (const { approver } of approvals) {
    const judgement = judgeApprover(rule, approver, plan.requester);
    if (judgement !== "allowed") {
      const why =
        judgement === "is_requester" ? "the requester cannot approve" : "the policy does not name them any more";
      return { problem: problem("approver_no_longer_stands", { approver: mention(approver), why }) };
    }
  }
  if (approvals.length < rule.approvals) {
    return { problem: problem("grant_invalid", { why: `it has ${approvals.length} of ${rule.approvals} approvals` }) };
  }
  const lastMs = Math.max(plan.madeAtMs, ...approvals.map((approval) => approval.atMs));
  const expiresAtMs = lastMs + rule.expiresAfterMinutes * 60_000;
  if (storeNowMs >= expiresAtMs || ownNowMs >= expiresAtMs + clockSkewMs) {
    return { problem: problem("request_expired", { requestId: plan.requestId, minutes: rule.expiresAfterMinutes }) };
  }
  return { expiresAtMs };
}

async function approversThatFell(
  approvals: readonly Approval[],
  people: People,
  signal: AbortSignal,
): Promise<Problem[]> {
  const judged = await Promise.all(
    approvals.map(async ({ approver }): Promise<Problem[]> => {
      try {
        const { objection: why } = await people.look(approver, signal);
        return why === null ? [] : [problem("approver_no_longer_stands", { approver: mention(approver), why })];
      } catch (error) {
        const why = error instanceof Error ? error.message : "no answer";
        return [problem("people_lookup_failed", { person: mention(approver), why })];
      }
    }),
  );
  return judged.flat();
}

async function judgeFacts(
  plan: Plan,
  expiresAtMs: number,
  operation: Operation,
  context: OperationContext,
): Promise<Admission> {
  try {
    const fresh = await preflight(operation, context, plan.parameters, { approved: plan });
    if (fresh.kind === "refused") return { kind: "refused", problems: fresh.problems };
    const changes = changedFacts(plan, fresh.draft);
    return changes.length > 0 ? { kind: "stale", changes } : { kind: "admitted", plan, expiresAtMs };
  } catch (error) {
    return refusedFor(problemOf(error, "looking at the cluster again"));
  }
}

function refusedFor(why: Problem): Admission {
  return { kind: "refused", problems: [why] };
}
