import { type Problem, problem } from "../errors.ts";
import type { Follows, RequestRecord } from "../request.ts";
import { done, type Transition, touched } from "./change.ts";

/**
 * How a request that came to nothing can be asked for again with one click: its plan is made anew, because what was approved is
 * not so any more, or it is tried again. Null: it is not over, it came to something, or somebody did not want it.
 */
export function followKind({ state, dryRun, plan }: RequestRecord): Follows["kind"] | null {
  if (dryRun === true) return null;
  switch (state) {
    case "stale":
    case "expired":
      return "replan";
    case "refused":
      // Refused before there was a plan, the same would be refused again: its reasons say what to type instead.
      return plan === undefined ? null : "replan";
    case "failed":
    case "cancelled":
      return "retry";
    default:
      return null;
  }
}

/** Why a click on Re-plan or Retry does not count; null when it does. A request is followed by one other, whoever clicks. */
export function objectionToFollowing(record: RequestRecord): Problem | null {
  const { id, followedBy, state } = record;
  if (followedBy !== undefined) return problem("request_followed", { requestId: id, followedBy });
  if (followKind(record) !== null) return null;
  return problem("request_not_followable", { requestId: id, state: state.replace("_", " ") });
}

/** Names the request that took its place. */
export function followed(record: RequestRecord, byRequestId: string, nowMs: number): Transition {
  const objection = objectionToFollowing(record);
  if (objection !== null) return { ok: false, problem: objection };
  const text = `${followKind(record) === "replan" ? "Planned anew" : "Tried again"} as request ${byRequestId}.`;
  const story = [...record.story, { atMs: nowMs, text }];
  return done({ ...touched(record, nowMs), followedBy: byRequestId, story });
}
