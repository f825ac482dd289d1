import { problem } from "../errors.ts";
import type { RequestRecord } from "../request.ts";
import { canExpire, done, next, notNow, outcome, settled, type Transition } from "./change.ts";

/** The state at this time: what waits for people expires at each read, whether or not a timer ever fired. */
export function judgeExpiry(record: RequestRecord, nowMs: number): RequestRecord {
  if (!canExpire(record.state) || record.expiresAtMs === null || nowMs < record.expiresAtMs) return record;
  return next(record, nowMs, "expired", `Expired: not settled in time, and no answer is no. Nothing was changed.`);
}

/** Taken back before anything began, because `why`. Nothing was changed. */
export function withdrawn(record: RequestRecord, why: string, nowMs: number): Transition {
  if (!canExpire(record.state)) return notNow(record);
  const summary = `Withdrawn: ${why}. Nothing was changed.`;
  return done(settled(record, nowMs, "withdrawn", outcome(nowMs, summary, [])));
}

/** The cluster is not what was approved. Nothing was changed. */
export function wentStale(record: RequestRecord, changes: readonly string[], nowMs: number): Transition {
  if (record.state !== "approved") return notNow(record);
  const why = problem("plan_stale", { changes });
  return done(
    settled(record, nowMs, "stale", outcome(nowMs, "Stale: approve a new plan. Nothing was changed.", [why])),
  );
}
