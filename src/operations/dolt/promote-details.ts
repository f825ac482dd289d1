import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";

const podSchema = z.object({ name: z.string(), uid: z.string() });

/** What a promotion needs of its own plan to carry it out. */
export const promoteDetailsSchema = z.object({
  candidate: podSchema,
  /** Servers that did not answer; the lost primary is one of them, or none is (all are standbys). */
  silent: z.array(z.string()),
  /** The lost primary as people call it: the silent pod with the primary's label, or the only silent one. Null: cannot be told. */
  lost: z.string().nullable(),
  /** Pods other than the candidate that carried the primary's label. */
  labelled: z.array(podSchema),
  /** Highest epoch that any server had. The new one is decided at execution: highest seen anywhere, and one more. */
  epoch: z.number().int(),
  /** By standby and database, when a primary last reached it, by its own clock: whoever was reached since proves that one lives. */
  contacts: z.record(z.string(), z.record(z.string(), z.number())),
  /** What the candidate held, as a text that is equal for equal states. */
  holds: z.string(),
  /** Other standbys that answered: those that have to follow afterwards. */
  standbys: z.array(z.string()),
});
export type PromoteDetails = z.infer<typeof promoteDetailsSchema>;

/** The steps as people read them; `PromoteRun` carries out the same ones, by the same ids. */
export function promoteSteps({ candidate, labelled, lost, standbys }: PromoteDetails): PlanStep[] {
  const from = labelled.length > 0 ? labelled.map(({ name }) => name).join(", ") : (lost ?? "any other pod");
  const others = standbys.length > 0 ? standbys.join(", ") : `any standby that is back`;
  return [
    { id: "check", title: `Look again: no primary lives, and ${candidate.name} holds what it held` },
    { id: "unroute", title: `Take the primary's label from ${from}` },
    { id: "promote", title: `Promote ${candidate.name} to primary` },
    { id: "route", title: `Route writes to ${candidate.name}` },
    { id: "verify", title: `See ${others} follow ${candidate.name}` },
  ];
}
