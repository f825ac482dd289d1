import type { Approval } from "../approval.ts";
import { type Problem, problem } from "../errors.ts";
import { mention, type Person, samePerson } from "../people.ts";
import { judgeApprover, type PolicyRule } from "../policy.ts";
import type { RequestRecord } from "../request.ts";
import { digestOf, type Signed } from "../signing.ts";
import { done, next, notNow, objectionToSettled, outcome, settled, type Transition } from "./change.ts";
import { approvalsOf, shownPlan } from "./reading.ts";

/** What the edge checks of a click before it signs an approval. Null when it may be signed. */
export function objectionToApproval(
  record: RequestRecord,
  rule: PolicyRule | null,
  approver: Person,
  fingerprint: string,
): Problem | null {
  if (record.state !== "awaiting_approval") return objectionToSettled(record);
  if (shownPlan(record)?.fingerprint !== fingerprint) return problem("plan_replaced", { requestId: record.id });
  if (rule === null) return problem("approver_not_allowed", { approvers: [] });
  switch (judgeApprover(rule, approver, record.requester)) {
    case "is_requester":
      return problem("approver_is_requester", {});
    case "not_an_approver":
      return problem("approver_not_allowed", { approvers: rule.approvers.map((userId) => `<@${userId}>`) });
    case "allowed":
      return approvalsOf(record).some((given) => samePerson(given.approver, approver))
        ? problem("approver_twice", {})
        : null;
  }
}

/** One signed approval more; enough of them approve the request and start the grant's time. */
export function approve(record: RequestRecord, signed: Signed, approval: Approval, nowMs: number): Transition {
  if (record.state !== "awaiting_approval" || record.plan === undefined) return notNow(record);
  if (approval.planDigest !== digestOf(record.plan)) {
    return { ok: false, problem: problem("plan_replaced", { requestId: record.id }) };
  }
  const approvals = [...record.approvals, signed];
  const enough = approvals.length >= record.rule.approvals;
  const accepted = approval.accepted === true ? ` They accepted by name: ${acceptedText(record)}` : "";
  const story = `Approved by ${mention(approval.approver)} (${approvals.length} of ${record.rule.approvals}).${accepted}`;
  const state = enough ? "approved" : "awaiting_approval";
  const expiresAtMs = enough ? nowMs + record.rule.expiresAfterMinutes * 60_000 : record.expiresAtMs;
  return done({ ...next(record, nowMs, state, story), approvals, expiresAtMs });
}

/** What is accepted with an approval, with the figures that were shown. */
function acceptedText(record: RequestRecord): string {
  const acceptance = shownPlan(record)?.acceptance;
  return acceptance === undefined ? "" : [acceptance.title, ...acceptance.figures].join(" ");
}

/** @param reason in the person's own words */
export function deny(
  record: RequestRecord,
  by: Person,
  fingerprint: string,
  reason: string,
  nowMs: number,
): Transition {
  if (record.state !== "awaiting_approval") return notNow(record);
  if (shownPlan(record)?.fingerprint !== fingerprint) {
    return { ok: false, problem: problem("plan_replaced", { requestId: record.id }) };
  }
  const summary = `Denied by ${mention(by)}: ${asSentence(reason)} Nothing was changed.`;
  return done({
    ...settled(record, nowMs, "denied", outcome(nowMs, summary, [])),
    settledBy: by,
    settledReason: reason,
  });
}

function asSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** What the edge checks of a click on Deny: an approver of the rule may, and so may the person who asked. Null when it counts. */
export function objectionToDenial(
  record: RequestRecord,
  rule: PolicyRule | null,
  person: Person,
  fingerprint: string,
): Problem | null {
  if (record.state !== "awaiting_approval") return objectionToSettled(record);
  if (shownPlan(record)?.fingerprint !== fingerprint) return problem("plan_replaced", { requestId: record.id });
  if (samePerson(record.requester, person)) return null;
  if (rule !== null && judgeApprover(rule, person, record.requester) === "allowed") return null;
  return problem("approver_not_allowed", { approvers: (rule?.approvers ?? []).map((userId) => `<@${userId}>`) });
}
