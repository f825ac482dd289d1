import { type Approval, approvalSchema, type Grant } from "../approval.ts";
import { type Plan, planSchema } from "../plan.ts";
import type { RequestRecord } from "../request.ts";
import { readUnverified } from "../signing.ts";

/** The grant that an approved record holds; null for any other. */
export function grantOf(record: RequestRecord): Grant | null {
  if (record.plan === undefined || record.expiresAtMs === null) return null;
  return {
    plan: record.plan,
    approvals: record.approvals,
    requester: record.requester,
    expiresAtMs: record.expiresAtMs,
  };
}

/** The plan as it is shown. Its signature is judged where something is decided: at admission. */
export function shownPlan(record: RequestRecord): Plan | null {
  return record.plan === undefined ? null : readUnverified(record.plan, planSchema);
}

/** The approvals as they are shown. */
export function approvalsOf(record: RequestRecord): Approval[] {
  return record.approvals.flatMap((signed) => readUnverified(signed, approvalSchema) ?? []);
}
