import { type Problem, problem } from "../errors.ts";
import { mention } from "../people.ts";
import { isSettled, type Outcome, type RequestRecord, type RequestState } from "../request.ts";

/**
 * What can happen to a request. Each function is pure: a record and what happened in, the next record or the reason
 * why not out. Nothing else changes a record. `nowMs` is always Redis' clock.
 */
export type Transition =
  | { readonly ok: true; readonly record: RequestRecord }
  | { readonly ok: false; readonly problem: Problem };

export function done(record: RequestRecord): Transition {
  return { ok: true, record };
}

export function notNow(record: RequestRecord): Transition {
  return { ok: false, problem: objectionToSettled(record) };
}

export function next(record: RequestRecord, nowMs: number, state: RequestState, text: string): RequestRecord {
  return { ...touched(record, nowMs), state, story: [...record.story, { atMs: nowMs, text }] };
}

export function touched(record: RequestRecord, nowMs: number): RequestRecord {
  return { ...record, revision: record.revision + 1, updatedAtMs: nowMs };
}

export function settled(record: RequestRecord, nowMs: number, state: RequestState, result: Outcome): RequestRecord {
  return { ...next(record, nowMs, state, endText(result)), outcome: result, expiresAtMs: null };
}

/** How the thread tells an end: in a sentence, with the reasons and what it cost. */
function endText({ summary, problems, writesStoppedMs }: Outcome): string {
  const reasons = problems.map((one) => one.what).filter((what) => !summary.includes(what));
  const stopped = writesStoppedMs === null ? [] : [`Writes stopped for ${writesStoppedMs} ms.`];
  return [summary, ...reasons, ...stopped].join(" ");
}

export function outcome(atMs: number, summary: string, problems: Outcome["problems"] | readonly Problem[]): Outcome {
  return { atMs, summary, writesStoppedMs: null, problems: [...problems] };
}

/** Why a click can no longer change this request. */
export function objectionToSettled(record: RequestRecord): Problem {
  if (record.state === "expired") {
    return problem("request_expired", { requestId: record.id, minutes: record.rule.expiresAfterMinutes });
  }
  if (!isSettled(record)) return problem("request_not_awaiting", { requestId: record.id, state: record.state });
  const by = record.settledBy === undefined ? "" : ` by ${mention(record.settledBy)}`;
  const at = ` at ${new Date(record.updatedAtMs).toISOString().slice(11, 16)} UTC`;
  return problem("request_settled", { requestId: record.id, state: record.state, by: by + at });
}

export function canExpire(state: RequestState): boolean {
  return state === "planning" || state === "awaiting_approval" || state === "approved";
}
