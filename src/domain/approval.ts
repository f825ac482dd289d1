import { createHash } from "node:crypto";
import { z } from "zod";
import { personSchema, samePerson } from "./people.ts";
import { needsAcceptance, type Plan, planSchema } from "./plan.ts";
import { digestOf, openSigned, type PublicKeys, type Signed, signedSchema } from "./signing.ts";

/** What the edge signs for each accepted click on Approve: who approved which plan, when, in which message. */
export const approvalSchema = z.object({
  version: z.literal(1),
  requestId: z.string().min(1),
  fingerprint: z.string().length(64),
  /** `digestOf` the signed plan: the approval is for that very text. */
  planDigest: z.string().length(64),
  approver: personSchema,
  /** By Redis' clock. */
  atMs: z.number().int(),
  message: z.object({ channelId: z.string(), ts: z.string() }),
  /**
   * By what right, as the edge judged it: which of the rule's requirements (by index) as which principal, and when it was found out
   * that the approver is one. It draws what is still missing; at the start every right is judged anew.
   */
  rights: z
    .array(
      z.object({
        requirement: z.number().int().min(0),
        principal: z.string(),
        asOfMs: z.number().int().nullable(),
      }),
    )
    .readonly(),
  /** The approver also accepted what the plan's `acceptance` says. */
  accepted: z.literal(true).optional(),
});
export type Approval = z.infer<typeof approvalSchema>;

/** The signed plan with the signed approvals it got, usable once and until it expires. */
export const grantSchema = z.object({
  plan: signedSchema,
  approvals: z.array(signedSchema),
  requester: personSchema,
  /** By Redis' clock; after it, the grant starts nothing. */
  expiresAtMs: z.number().int(),
});
export type Grant = z.infer<typeof grantSchema>;

/** Names a grant by the plan it is for, so that the same plan with another set of approvals is the same grant. */
export function grantIdOf(grant: Grant): string {
  return `g-${createHash("sha256").update(digestOf(grant.plan)).digest("hex").slice(0, 32)}`;
}

export type OpenedGrant =
  | { readonly ok: true; readonly plan: Plan; readonly approvals: readonly Approval[] }
  | { readonly ok: false; readonly why: string };

/** Checks every signature of a grant and that each approval is for this very plan, once a person. Judges neither expiry nor policy. */
export function openGrant(grant: Grant, clusterKeys: PublicKeys, edgeKeys: PublicKeys): OpenedGrant {
  const plan = openSigned(grant.plan, clusterKeys, planSchema);
  if (plan === null) return { ok: false, why: "the plan is not signed by this cluster's key" };
  const approvals: Approval[] = [];
  for (const signed of grant.approvals) {
    const approval = openSigned(signed, edgeKeys, approvalSchema);
    if (approval === null) return { ok: false, why: "an approval is not signed by a known edge" };
    if (!isFor(approval, plan, grant.plan)) return { ok: false, why: "an approval is for another plan" };
    if (approvals.some(({ approver }) => samePerson(approver, approval.approver))) {
      return { ok: false, why: "one person's approval is counted twice" };
    }
    approvals.push(approval);
  }
  if (needsAcceptance(plan) && (approvals.length === 0 || approvals.some(({ accepted }) => accepted !== true))) {
    return { ok: false, why: "nobody, or not every approver, accepted by name what the plan may cost" };
  }
  return { ok: true, plan, approvals };
}

function isFor(approval: Approval, plan: Plan, signed: Signed): boolean {
  return (
    approval.requestId === plan.requestId &&
    approval.fingerprint === plan.fingerprint &&
    approval.planDigest === digestOf(signed)
  );
}
