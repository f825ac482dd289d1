import { type Problem, problem } from "../errors.ts";
import { mention } from "../people.ts";
import { isSettled, type Outcome, type RequestRecord, type RequestState } from "../request.ts";
import { approvalsOf } from "./reading.ts";

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

/** Why a click can no longer change this request: who settled it, and when. */
export function objectionToSettled(record: RequestRecord): Problem {
  const { id: requestId, state } = record;
  const at = (atMs: number) => ` at ${new Date(atMs).toISOString().slice(11, 16)} UTC`;
  if (state === "expired") {
    const when = at(record.expiresAtMs ?? record.updatedAtMs);
    return problem("request_expired", { requestId, minutes: record.rule.expiresAfterMinutes, when });
  }
  if (!isSettled(record)) return problem("request_not_awaiting", { requestId, state: nowText(record, at) });
  const by = record.settledBy === undefined ? "" : ` by ${mention(record.settledBy)}`;
  return problem("request_settled", { requestId, state, by: by + at(record.outcome?.atMs ?? record.updatedAtMs) });
}

/** In which state it is, and by whom, so that a click that came second is told who was first. */
function nowText(record: RequestRecord, at: (atMs: number) => string): string {
  const { state, execution } = record;
  if (state === "running" && execution !== undefined) return `running since${at(execution.startedAtMs).slice(3)}`;
  const last = approvalsOf(record).at(-1);
  if (state !== "approved" || last === undefined) return state.replace("_", " ");
  return `approved already, by ${mention(last.approver)}${at(last.atMs)}`;
}

export function canExpire(state: RequestState): boolean {
  return state === "planning" || state === "awaiting_approval" || state === "approved";
}
