import { openGrant } from "../domain/approval.ts";
import { type Problem, problem, problemOf } from "../domain/errors.ts";
import { changedFacts, fingerprintOf, type Plan } from "../domain/plan.ts";
import type { RequestRecord } from "../domain/request.ts";
import { sameSchedule } from "../domain/schedule.ts";
import type { PublicKeys } from "../domain/signing.ts";
import { grantOf } from "../domain/transitions/reading.ts";
import type { Operation, OperationContext } from "../operations/operation.ts";
import { sameReference } from "../ports/workloads.ts";
import { type GrantRules, type JudgedBy, type JudgedGrant, judgeGrant } from "./judge-grant.ts";
import { preflight } from "./preflight.ts";

export interface AdmissionRules extends GrantRules {
  readonly clusterKeys: PublicKeys;
  readonly edgeKeys: PublicKeys;
}

export type Admission =
  /** `expiresAtMs`: until when the grant could have been used, by what is signed. */
  | { readonly kind: "admitted"; readonly plan: Plan; readonly expiresAtMs: number; readonly by: JudgedBy }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] }
  | { readonly kind: "stale"; readonly changes: readonly string[] };

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
  const times = { storeNowMs, ownNowMs: context.clock.nowMs() };
  const judged = await judgeOrProblem({ plan, approvals, requester: grant.requester }, times, context, rules);
  if (!judged.ok) return { kind: "refused", problems: judged.problems };
  return await judgeFacts(plan, judged, operation, context);
}

async function judgeOrProblem(...given: Parameters<typeof judgeGrant>): Promise<JudgedGrant> {
  try {
    return await judgeGrant(...given);
  } catch (error) {
    return { ok: false, problems: [problemOf(error, "judging the approval again")] };
  }
}

/** The record is anybody's who can write to Redis; what is signed decides, and the two must say the same. */
function mismatchOf(record: RequestRecord, plan: Plan): string | null {
  if (plan.requestId !== record.id) return "the plan is of another request";
  if (plan.operation !== record.operation) return "the plan is for another operation";
  if (!sameTarget(plan.target, record.target)) return "the plan is for another target";
  if (plan.dryRun === true) return "the plan was made for a dry run";
  if (!sameSchedule(plan.schedule, record.schedule)) return "the plan is for another time";
  if (plan.fingerprint !== fingerprintOf(plan.facts, plan.warnings))
    return "the plan's fingerprint is not that of its facts";
  return null;
}

function sameTarget(planned: Plan["target"], asked: RequestRecord["target"]): boolean {
  return planned.cluster === asked.cluster && planned.name === asked.name && sameReference(planned, asked);
}

async function judgeFacts(
  plan: Plan,
  { expiresAtMs, by }: Extract<JudgedGrant, { ok: true }>,
  operation: Operation,
  context: OperationContext,
): Promise<Admission> {
  try {
    const fresh = await preflight(operation, context, plan.parameters, { approved: plan });
    if (fresh.kind === "refused") return { kind: "refused", problems: fresh.problems };
    const changes = changedFacts(plan, fresh.draft);
    return changes.length > 0 ? { kind: "stale", changes } : { kind: "admitted", plan, expiresAtMs, by };
  } catch (error) {
    return refusedFor(problemOf(error, "looking at the cluster again"));
  }
}

function refusedFor(why: Problem): Admission {
  return { kind: "refused", problems: [why] };
}
