import { fail, type Problem, problem } from "../domain/errors.ts";
import { newStatements } from "../domain/new-statements.ts";
import type { RequestRecord } from "../domain/request.ts";
import type { Transition } from "../domain/transitions/change.ts";
import { judgeExpiry } from "../domain/transitions/ending-early.ts";
import type { AuditEvent, RequestStore } from "../ports/request-store.ts";

export type Change =
  | { readonly ok: true; readonly record: RequestRecord }
  | { readonly ok: false; readonly problem: Problem; readonly record: RequestRecord | null };

/** Nobody does it: time passes. */
const expiry = { worker: "expiry" };

/** How often a change is tried against others' before it is called a defect: each lost round means that somebody else got on. */
const roundsAtMost = 50;

/**
 * Changes a record by compare-and-set: read, judge expiry by the store's clock, decide, write; again when somebody else
 * was first. `decide` is pure and can be called several times. Throws `redis_away`.
 * @param why facts for the audit beside those that the change itself tells: by which policy it was decided
 */
export async function changeRecord(
  store: RequestStore,
  requestId: string,
  by: AuditEvent["by"],
  decide: (record: RequestRecord, nowMs: number) => Transition,
  why: AuditEvent["facts"] = {},
): Promise<Change> {
  for (let round = 0; round < roundsAtMost; round += 1) {
    const found = await store.read(requestId);
    if (found === null) return { ok: false, problem: problem("request_unknown", { requestId }), record: null };
    const judged = judgeExpiry(found.record, found.nowMs);
    if (judged !== found.record) {
      await store.compareAndSet(judged, auditOf(found.record, judged, expiry));
      continue;
    }
    const decided = decide(judged, found.nowMs);
    if (!decided.ok) return { ok: false, problem: decided.problem, record: judged };
    if (await store.compareAndSet(decided.record, auditOf(judged, decided.record, by, why))) return decided;
  }
  throw fail("unexpected", { doing: `changing request ${requestId}`, why: `${roundsAtMost} others were first` });
}

/** Writes down that a request has expired, if it has: expiry is judged at each read, and this makes it the record's own word. */
export async function settleIfExpired(store: RequestStore, requestId: string): Promise<boolean> {
  const found = await store.read(requestId);
  if (found === null) return false;
  const judged = judgeExpiry(found.record, found.nowMs);
  return judged !== found.record && (await store.compareAndSet(judged, auditOf(found.record, judged, expiry)));
}

function auditOf(
  before: RequestRecord,
  after: RequestRecord,
  by: AuditEvent["by"],
  why: AuditEvent["facts"] = {},
): AuditEvent {
  const statements = newStatements(before, after);
  const told = after.story.slice(before.story.length).map((entry) => entry.text);
  return {
    kind: before.state === after.state ? "changed" : after.state,
    requestId: after.id,
    by,
    facts: {
      ...why,
      before: before.state,
      after: after.state,
      revision: after.revision,
      told: told.join("\n") || null,
      executionId: after.execution?.id ?? null,
      problems: after.outcome?.problems.map((one) => one.code).join(", ") || null,
    },
    ...(statements.length === 0 ? {} : { statements }),
  };
}
