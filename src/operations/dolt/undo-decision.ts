import { highestEpoch } from "./assess.ts";
import type { FailoverDetails } from "./failover-details.ts";
import type { DoltNode, DoltView } from "./look.ts";
import { roleLabel } from "./role-labels.ts";
import { nodeOf } from "./server-calls.ts";

/** How far a run got with its two calls that change roles, and so what a frozen server may still carry out when it thaws. */
export interface CallsSent {
  /** `unanswered`: by this process or by one before it, and nobody knows what became of it. */
  readonly demotion: "none" | "answered" | "unanswered";
  /** `unseen`: another process may have sent it, seen it answered, and routed writes. */
  readonly promotion: "none" | "unanswered" | "unseen" | "confirmed";
}

/**
 * - `finish`: the candidate is primary and the old primary is not; only the labels are left.
 * - `put_back`: promote the old primary above everything that may be on its way.
 * - `nothing_changed`, `undone`: the old primary is primary; only the labels are left.
 * - `route_old`: the old primary is primary again, but nothing is called undone before the candidate was seen.
 * - `wait`: the servers do not say enough yet.
 * - `stop`: nothing here may be decided by a program.
 */
export type UndoDecision = "finish" | "put_back" | "nothing_changed" | "undone" | "route_old" | "wait" | "stop";

/**
 * What to do next about a failover of which a step has failed.
 * @param putBackTried whether a promotion of the old primary was sent: from then on there is no way forward any more
 */
export function decideUndo(
  view: DoltView,
  details: FailoverDetails,
  sent: CallsSent,
  putBackTried: boolean,
): UndoDecision {
  if (view.nodes.some((node) => isStranger(node, details))) return "stop";
  const old = nodeOf(view, details.primary.name);
  const candidate = nodeOf(view, details.candidate.name);
  if (!putBackTried) {
    if (candidate?.answer?.role === "primary" && candidate.answer.epoch > details.epoch) {
      const isNewest = candidate.answer.epoch === highestEpoch(view);
      return isNewest && isNotPrimary(old) ? "finish" : "wait";
    }
    if (mayHaveTakenWrites(candidate, details, sent)) return "wait";
  }
  if (old?.answer?.role === "primary") return decideWithOldPrimary(old.answer, candidate, details, sent);
  return old?.answer?.role === "standby" && old.answer.epoch > details.epoch ? "put_back" : "wait";
}

function decideWithOldPrimary(
  old: { readonly epoch: number; readonly readOnly: boolean },
  candidate: DoltNode | null,
  details: FailoverDetails,
  sent: CallsSent,
): UndoDecision {
  // In the middle of a demotion.
  if (old.readOnly) return "wait";
  if (old.epoch === details.epoch) return mayBeOnItsWay(sent) ? "put_back" : "nothing_changed";
  return sent.promotion === "none" || isNotPrimary(candidate) ? "undone" : "route_old";
}

/** Whether a server may still carry out a call of this run. */
export function mayBeOnItsWay(sent: CallsSent): boolean {
  return sent.demotion === "unanswered" || mayBePromoted(sent);
}

/** Whether a promotion may still come, or have come, unseen by this process. */
export function mayBePromoted({ promotion }: CallsSent): boolean {
  return promotion === "unanswered" || promotion === "unseen";
}

/**
 * Whether the candidate may hold acknowledged writes that the old primary lacks: it was seen promoted, or may have been
 * promoted while writes were routed to it. A pod that is not the plan's has lost its labels, so they prove nothing then.
 */
export function mayHaveTakenWrites(candidate: DoltNode | null, details: FailoverDetails, sent: CallsSent): boolean {
  if (sent.promotion === "confirmed") return true;
  if (!mayBePromoted(sent)) return false;
  if (candidate?.pod?.labels[roleLabel] === "primary") return true;
  return sent.promotion === "unseen" && candidate?.pod?.uid !== details.candidate.uid;
}

function isNotPrimary(node: DoltNode | null): boolean {
  return node?.answer?.role === "standby" || node?.silence?.kind === "stopped";
}

/** A server that is broken, or primary though it is neither of the two. */
function isStranger(node: DoltNode, details: FailoverDetails): boolean {
  if (node.answer === null) return false;
  if (node.answer.role === "detected_broken_config") return true;
  return node.answer.role === "primary" && node.name !== details.primary.name && node.name !== details.candidate.name;
}
