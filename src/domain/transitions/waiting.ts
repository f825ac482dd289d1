import type { Escalation } from "../policy/rule.ts";
import { standingOf } from "../policy/standing.ts";
import type { RequestRecord } from "../request.ts";
import { done, next, notNow, type Transition, touched } from "./change.ts";
import { approvalsOf } from "./reading.ts";

/** What has come due of a request that waits for approvals, and is not on record yet. */
export interface Due {
  /** Reminders that have come due; several at once where nobody was there to walk, and they are told as one. */
  readonly reminders: number;
  readonly escalations: readonly Escalation[];
}

/** Null: nothing is due. */
export function dueOf(record: RequestRecord, nowMs: number): Due | null {
  const { waiting, rule, state } = record;
  if (state !== "awaiting_approval" || waiting === undefined) return null;
  const hasCome = (minutes: number) => nowMs >= waiting.sinceMs + minutes * 60_000;
  const reminders = rule.remindAfterMinutes.slice(waiting.reminded).filter(hasCome).length;
  const escalations = rule.escalation.slice(waiting.escalated).filter((one) => hasCome(one.afterMinutes));
  return reminders === 0 && escalations.length === 0 ? null : { reminders, escalations };
}

/** When something has to be done about this request by itself: it expires, somebody is reminded, its time comes. Null: never. */
export function nextDeadlineMs(record: RequestRecord): number | null {
  const { state, expiresAtMs, schedule, waiting, rule } = record;
  const deadlines = expiresAtMs === null ? [] : [expiresAtMs];
  if (state === "approved" && schedule !== undefined) deadlines.push(schedule.startAtMs);
  if (state === "awaiting_approval" && waiting !== undefined) {
    const minutes = [rule.remindAfterMinutes[waiting.reminded], rule.escalation[waiting.escalated]?.afterMinutes];
    deadlines.push(...minutes.flatMap((one) => (one === undefined ? [] : [waiting.sinceMs + one * 60_000])));
  }
  return deadlines.length === 0 ? null : Math.min(...deadlines);
}

/** Puts on record whatever has come due, in words for the thread, before anybody is told: so nobody is told twice. */
export function reminded(record: RequestRecord, nowMs: number): Transition {
  const due = dueOf(record, nowMs);
  if (due === null || record.waiting === undefined) return notNow(record);
  const waiting = {
    ...record.waiting,
    reminded: record.waiting.reminded + due.reminders,
    escalated: record.waiting.escalated + due.escalations.length,
  };
  const told = [
    ...(due.reminders > 0 && due.escalations.length === 0 ? [reminderText(record, nowMs)] : []),
    ...due.escalations.map((one) => escalationText(record, one, nowMs)),
  ];
  return done({ ...next(record, nowMs, "awaiting_approval", told.join("\n")), waiting });
}

/** The present occasion to tell people directly, by name; null before the first. What was not said by the next one is not said any more. */
export function occasionOf({ waiting, state }: RequestRecord): string | null {
  if (state !== "awaiting_approval" || waiting === undefined) return null;
  const { reminded, escalated } = waiting;
  return reminded + escalated === 0 ? null : `reminder ${reminded}, escalation ${escalated}`;
}

/** One person is about to be told directly: written before, and never taken back, so that it is tried once. */
export function noticed(record: RequestRecord, userId: string, nowMs: number): Transition {
  const occasion = occasionOf(record);
  if (occasion === null || record.waiting === undefined || !isYetToBeNoticed(record, userId)) return notNow(record);
  const notices = [...record.waiting.notices, { occasion, userId }];
  return done({ ...touched(record, nowMs), waiting: { ...record.waiting, notices } });
}

/** Whether this person has not been told on this occasion, and still has something to decide. */
export function isYetToBeNoticed(record: RequestRecord, userId: string): boolean {
  const occasion = occasionOf(record);
  if (occasion === null) return false;
  const isTold = record.waiting?.notices.some((one) => one.userId === userId && one.occasion === occasion) ?? false;
  const hasApproved = approvalsOf(record).some(({ approver }) => approver.userId === userId);
  return !isTold && !hasApproved;
}

/** The escalations that have come due: whom they name is told, too. */
export function escalationsOf(record: RequestRecord): readonly Escalation[] {
  return record.rule.escalation.slice(0, record.waiting?.escalated ?? 0);
}

function reminderText(record: RequestRecord, nowMs: number): string {
  const { missingText } = standingOf(record.rule, approvalsOf(record));
  return `Reminder: this still needs ${missingText}, ${leftText(record, nowMs)}.`;
}

function escalationText(record: RequestRecord, { to, afterMinutes, mayApprove }: Escalation, nowMs: number): string {
  const what = mayApprove ? `${to} may approve now, too` : `${to} is told`;
  return `Nobody has settled this for ${afterMinutes} min: ${what}. It waits for an answer, ${leftText(record, nowMs)}.`;
}

function leftText({ expiresAtMs }: RequestRecord, nowMs: number): string {
  if (expiresAtMs === null) return "without an end";
  const minutes = Math.max(1, Math.round((expiresAtMs - nowMs) / 60_000));
  return `and expires in ${minutes} min; no answer is no`;
}
