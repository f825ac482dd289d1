import type { Problem } from "../src/domain/errors.ts";
import { problem } from "../src/domain/errors.ts";
import type { RequestRecord } from "../src/domain/request.ts";
import type { Transition } from "../src/domain/transitions/change.ts";
import { judgeExpiry } from "../src/domain/transitions/ending-early.ts";
import type { AuditEvent } from "../src/ports/request-store.ts";
import type { ClusterServices } from "./services.ts";

/** How often a change is tried again when somebody else changes the record at the same moment. */
const mostAttempts = 5;

/** What the change is called in the audit, by whom, and what else is to be known of it. */
export type ChangeAudit = Pick<AuditEvent, "kind" | "by" | "facts">;

/**
 * Changes a request by compare-and-set: read, judge its expiry, decide, write; again when somebody else was first. `decide` is pure
 * and can be called several times.
 * @throws {HandoverError} `redis_away`
 */
export async function changeRequest(
  { requests }: Pick<ClusterServices, "requests">,
  requestId: string,
  { kind, by, facts }: ChangeAudit,
  decide: (record: RequestRecord, nowMs: number) => Transition,
): Promise<{ readonly ok: true; readonly record: RequestRecord } | { readonly ok: false; readonly problem: Problem }> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const found = await requests.read(requestId);
    if (found === null) return { ok: false, problem: problem("request_unknown", { requestId }) };
    const record = judgeExpiry(found.record, found.nowMs);
    if (record !== found.record) {
      const before = { before: found.record.state };
      if (!(await requests.compareAndSet(record, { kind: "expired", requestId, by, facts: before }))) continue;
    }
    const next = decide(record, found.nowMs);
    if (!next.ok) return next;
    const states = { before: record.state, after: next.record.state };
    if (await requests.compareAndSet(next.record, { kind, requestId, by, facts: { ...states, ...facts } })) return next;
  }
  const state = "being changed by others at this very moment";
  return { ok: false, problem: problem("request_not_awaiting", { requestId, state }) };
}
