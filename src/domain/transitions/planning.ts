import { type Problem, problem } from "../errors.ts";
import { mention, personKey } from "../people.ts";
import type { Plan } from "../plan.ts";
import type { Outcome, RequestRecord } from "../request.ts";
import { grantEndsAtMs, scheduleText, waitingEndsAtMs } from "../schedule.ts";
import type { Signed } from "../signing.ts";
import { done, next, notNow, outcome, settled, type Transition, touched } from "./change.ts";

export function planned(record: RequestRecord, signed: Signed, plan: Plan, nowMs: number): Transition {
  if (record.state !== "planning") return notNow(record);
  const needsApproval = record.rule.approvals > 0;
  const { expiresAfterMinutes } = record.rule;
  const expiresAtMs = needsApproval
    ? waitingEndsAtMs(plan.schedule, nowMs, expiresAfterMinutes)
    : grantEndsAtMs(plan.schedule, nowMs, expiresAfterMinutes);
  if (plan.schedule !== undefined && nowMs >= plan.schedule.endsAtMs) {
    return refused(record, [problem("time_over", { when: scheduleText(plan.schedule) })], nowMs);
  }
  const { acceptance } = plan;
  const byFlag = acceptance?.given
    ? ` ${mention(record.requester)} accepted by --${acceptance.flag}: ${acceptance.title}`
    : "";
  const when = plan.schedule === undefined ? "" : ` To begin ${scheduleText(plan.schedule)}.`;
  const story = `Plan made: ${plan.steps.length} steps. ${plan.cost}${byFlag}${when}`;
  const state = needsApproval ? "awaiting_approval" : "approved";
  // From when on escalation counts, by the signed plan; no reminder may say that somebody may approve who may not yet.
  const sinceMs = Math.max(nowMs, plan.madeAtMs);
  const waiting = needsApproval ? { waiting: { sinceMs, reminded: 0, escalated: 0, notices: [] } } : {};
  // The worker has asked Slack who that is: from now on a second account of the same person is known. A plan for somebody else
  // stays one, for whoever judges it.
  const isOwn = personKey(plan.requester) === personKey(record.requester);
  const known = { requester: isOwn ? plan.requester : record.requester, plan: signed };
  return done({ ...next(record, nowMs, state, story), ...known, expiresAtMs, ...waiting });
}

/** A question that changes nothing is settled by its answer: what was seen, or, of a dry run, what would be done. */
export function answered(record: RequestRecord, signed: Signed, nowMs: number): Transition {
  if (record.state !== "planning") return notNow(record);
  return done({
    ...touched(record, nowMs),
    state: "succeeded",
    expiresAtMs: null,
    outcome: outcome(nowMs, `${record.dryRun === true ? "Dry run" : "Answered"}. Nothing was changed.`, []),
    plan: signed,
  });
}

/** The preflight, or the admission, found reasons against it. Nothing was changed. */
export function refused(
  record: RequestRecord,
  problems: Outcome["problems"] | readonly Problem[],
  nowMs: number,
): Transition {
  if (record.state !== "planning" && record.state !== "approved") return notNow(record);
  // Each reason says itself that nothing was changed.
  const summary = problems.length === 0 ? "Refused. Nothing was changed." : "Refused.";
  return done(settled(record, nowMs, "refused", outcome(nowMs, summary, problems)));
}

/** Planning itself broke. Nothing was changed. */
export function planningFailed(record: RequestRecord, why: Problem, nowMs: number): Transition {
  if (record.state !== "planning") return notNow(record);
  return done(settled(record, nowMs, "failed", outcome(nowMs, "No plan could be made. Nothing was changed.", [why])));
}
