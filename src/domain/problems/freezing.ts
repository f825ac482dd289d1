import { entry } from "./entry.ts";

/** Freezes, and who may set and lift them. */
export const freezingProblems = {
  freeze_unclear: entry<{ why: string; usage: string }>(
    "usage",
    (d) => `That was not understood: ${d.why}. Nothing was frozen or lifted.`,
    (d) => `Type: ${d.usage}`,
  ),
  freeze_not_allowed: entry<{ operation: string; scope: string }>(
    "refused",
    (d) => `The policy does not let you do ${d.operation} on ${d.scope}. Nothing was frozen or lifted.`,
    (d) => `Whoever keeps handover.yaml can name you as a requester in a rule for ${d.operation}.`,
  ),
  freeze_needs_no_approval: entry<{ operation: string; rule: string }>(
    "refused",
    (d) =>
      `Rule “${d.rule}” decides about ${d.operation} and asks for approvals, which a freeze cannot wait for. Nothing was frozen or lifted.`,
    (d) => `Put a rule for ${d.operation} with approvals: 0 before it in handover.yaml.`,
  ),
  scope_unknown: entry<{ given: string; known: readonly string[] }>(
    "usage",
    (d) => `There is no target and no cluster “${d.given}”. Nothing was done.`,
    (d) => `Known are: ${d.known.length === 0 ? "none" : d.known.join(", ")}.`,
  ),
  freeze_away: entry<{ cluster: string; lastSeen: string; commandLines: readonly string[] }>(
    "refused",
    (d) =>
      `No worker of cluster ${d.cluster} is alive (last seen: ${d.lastSeen}), so nobody could write it into the cluster. Nothing was frozen or lifted.`,
    (d) => `Without it: ${d.commandLines.join(" · ")}`,
  ),
  frozen_by_hand: entry<{ scope: string; freeze: string; lift: string }>(
    "refused",
    (d) =>
      `${d.scope} is frozen by an annotation that somebody set by hand, which Handover may not change: ${d.freeze}.`,
    (d) => `Lift it: ${d.lift}`,
  ),
} as const;
