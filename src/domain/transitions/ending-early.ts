import { type Problem, problem } from "../errors.ts";
import { mention, type Person, samePerson } from "../people.ts";
import type { RequestRecord } from "../request.ts";
import { scheduleText } from "../schedule.ts";
import { canExpire, done, next, notNow, objectionToSettled, outcome, settled, type Transition } from "./change.ts";

/** The state at this time: what waits for people expires at each read, whether or not a timer ever fired. */
export function judgeExpiry(record: RequestRecord, nowMs: number): RequestRecord {
  if (!canExpire(record.state) || record.expiresAtMs === null || nowMs < record.expiresAtMs) return record;
  return next(record, nowMs, "expired", `Expired: ${whyExpired(record)}. Nothing was changed.`);
}

function whyExpired({ state, schedule }: RequestRecord): string {
  if (state === "planning") return "no worker has made a plan in time";
  if (state === "awaiting_approval") return "not settled in time, and no answer is no";
  return schedule === undefined
    ? "approved, but not begun in time"
    : `approved, but not begun in its time (${scheduleText(schedule)})`;
}

/** Taken back before anything began, because `why`. Nothing was changed. */
export function withdrawn(record: RequestRecord, why: string, nowMs: number): Transition {
  if (!canExpire(record.state)) return notNow(record);
  const summary = `Withdrawn: ${why}. Nothing was changed.`;
  return done(settled(record, nowMs, "withdrawn", outcome(nowMs, summary, [])));
}

/**
 * What the edge checks of a click on Withdraw: the person who asked may take it back until it runs. What is approved and only waits
 * for its time can be stopped by those who can approve it, too: nobody else's click could. Null when it counts.
 */
export function objectionToWithdrawal(record: RequestRecord, isApprover: boolean, person: Person): Problem | null {
  if (!canExpire(record.state)) {
    return record.state === "running"
      ? problem("withdrawn_too_late", { requestId: record.id })
      : objectionToSettled(record);
  }
  if (samePerson(record.requester, person)) return null;
  if (record.state === "approved" && isApprover) return null;
  return problem("withdrawal_not_allowed", { requester: mention(record.requester) });
}

/** A person takes it back before anything began. */
export function takenBack(record: RequestRecord, by: Person, nowMs: number): Transition {
  const transition = withdrawn(record, `${mention(by)} took it back`, nowMs);
  return transition.ok ? done({ ...transition.record, settledBy: by }) : transition;
}

/** The cluster is not what was approved. Nothing was changed. */
export function wentStale(record: RequestRecord, changes: readonly string[], nowMs: number): Transition {
  if (record.state !== "approved") return notNow(record);
  const why = problem("plan_stale", { changes, line: null });
  return done(
    settled(record, nowMs, "stale", outcome(nowMs, "Stale: approve a new plan. Nothing was changed.", [why])),
  );
}
