import type { Approval } from "../approval.ts";
import { type Problem, problem } from "../errors.ts";
import { mention, type Person, samePerson } from "../people.ts";
import type { ApproverJudgement } from "../policy/judging.ts";
import { wouldHelp } from "../policy/requirements.ts";
import { standingOf } from "../policy/standing.ts";
import type { RequestRecord } from "../request.ts";
import { grantEndsAtMs } from "../schedule.ts";
import { digestOf, type Signed } from "../signing.ts";
import { done, next, notNow, objectionToSettled, outcome, settled, type Transition } from "./change.ts";
import { approvalsOf, shownPlan } from "./reading.ts";

/**
 * What the edge checks of a click before it signs an approval. Null when it may be signed.
 * @param judged what the policy says of this person here
 */
export function objectionToApproval(
  record: RequestRecord,
  judged: ApproverJudgement,
  approver: Person,
  fingerprint: string,
): Problem | null {
  if (record.state !== "awaiting_approval") return objectionToSettled(record);
  if (shownPlan(record)?.fingerprint !== fingerprint) return problem("plan_replaced", { requestId: record.id });
  const given = approvalsOf(record);
  if (given.some((approval) => samePerson(approval.approver, approver))) return problem("approver_twice", {});
  if (judged.kind !== "may") return whyNotApprover(record, judged, approver);
  const { missing, missingText } = standingOf(record.rule, given);
  const rights = judged.rights.map(({ requirement }) => requirement);
  return wouldHelp(missing, rights) ? null : problem("approval_not_needed", { missing: missingText });
}

/** Why somebody's word does not count as an approver's, in words. */
export function whyNotApprover(
  record: RequestRecord,
  judged: Exclude<ApproverJudgement, { kind: "may" }>,
  person: Person,
): Problem {
  switch (judged.kind) {
    case "is_requester":
      return problem("approver_is_requester", {});
    case "not_named":
      return problem("approver_not_allowed", { approvers: record.rule.requirements.map(({ of }) => of) });
    case "came_later":
      return problem("approver_came_later", { of: judged.of });
    case "unknown":
      return problem("people_lookup_failed", { person: mention(person), why: `${judged.of}: ${judged.why}` });
  }
}

/** One signed approval more; enough of them approve the request and start the grant's time. */
export function approve(record: RequestRecord, signed: Signed, approval: Approval, nowMs: number): Transition {
  if (record.state !== "awaiting_approval" || record.plan === undefined) return notNow(record);
  if (approval.planDigest !== digestOf(record.plan)) {
    return { ok: false, problem: problem("plan_replaced", { requestId: record.id }) };
  }
  const approvals = [...record.approvals, signed];
  const { isEnough: enough, missingText } = standingOf(record.rule, [...approvalsOf(record), approval]);
  const accepted = approval.accepted === true ? ` They accepted by name: ${acceptedText(record)}` : "";
  const story = `Approved by ${mention(approval.approver)} (${approvals.length} of ${record.rule.approvals}${enough ? "" : `; still needs ${missingText}`}).${accepted}`;
  const state = enough ? "approved" : "awaiting_approval";
  const { expiresAfterMinutes } = record.rule;
  const expiresAtMs = enough
    ? grantEndsAtMs(shownPlan(record)?.schedule, nowMs, expiresAfterMinutes)
    : record.expiresAtMs;
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
  judged: ApproverJudgement,
  person: Person,
  fingerprint: string,
): Problem | null {
  if (record.state !== "awaiting_approval") return objectionToSettled(record);
  if (shownPlan(record)?.fingerprint !== fingerprint) return problem("plan_replaced", { requestId: record.id });
  if (samePerson(record.requester, person)) return null;
  return judged.kind === "may" ? null : whyNotApprover(record, judged, person);
}
