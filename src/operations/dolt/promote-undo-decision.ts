import { highestEpoch } from "./assess.ts";
import type { DoltView } from "./look.ts";
import type { PromoteDetails } from "./promote-details.ts";
import { nodeOf } from "./server-calls.ts";

/**
 * How far a run got with its one call that makes a primary.
 * - `unanswered`: nobody knows what became of it. `unseen`: another process may have sent it.
 */
export type PromotionSent = "none" | "unanswered" | "unseen" | "confirmed";

/**
 * - `finish`: the candidate is primary, and alone: only the labels are left.
 * - `fence`: the candidate is standby, and a promotion may still wait in it: raise it, so that it fails when it comes.
 * - `route_primary`: another server is primary after all: the label goes to it.
 * - `restore`: nobody is primary and nobody can become it: the label goes back to where it was.
 * - `wait`: the servers do not say enough yet. `stop`: nothing here may be decided by a program.
 */
export type PromoteUndoDecision = "finish" | "fence" | "route_primary" | "restore" | "wait" | "stop";

/** What to do next about a promotion of which a step has failed. */
export function decidePromoteUndo(view: DoltView, details: PromoteDetails, sent: PromotionSent): PromoteUndoDecision {
  if (view.nodes.some(({ answer }) => answer?.role === "detected_broken_config")) return "stop";
  const candidate = nodeOf(view, details.candidate.name)?.answer ?? null;
  const others = view.nodes.filter(({ name, answer }) => name !== details.candidate.name && answer?.role === "primary");
  if (candidate?.role === "primary") {
    if (candidate.epoch <= details.epoch) return "stop";
    // A rival at a lower epoch becomes standby when the two meet.
    return others.length === 0 && candidate.epoch === highestEpoch(view) ? "finish" : "wait";
  }
  // It was primary, and may have taken writes that nobody else has.
  if (sent === "confirmed") return "wait";
  if (sent !== "none") return candidate?.role === "standby" ? "fence" : "wait";
  if (others.length > 1) return "stop";
  return others.length === 1 ? "route_primary" : "restore";
}
