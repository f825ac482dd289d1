import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";

/** What a failover needs of its own plan to carry it out. */
export const failoverDetailsSchema = z.object({
  primary: z.object({ name: z.string(), uid: z.string() }),
  /** Epoch of the primary when the plan was made. The new one is decided at execution: highest seen anywhere, and one more. */
  epoch: z.number().int(),
  candidate: z.object({ name: z.string(), uid: z.string() }),
  minCaughtUp: z.number().int().min(0),
  maxLagMs: z.number().int(),
  /** Pods whose servers answered: those that have to follow afterwards. */
  answering: z.array(z.string()),
  /** Pods that carry no role's label: those that are standbys get theirs at the end. */
  unlabelled: z.array(z.string()).optional(),
});
export type FailoverDetails = z.infer<typeof failoverDetailsSchema>;

/** The steps as people read them; `FailoverRun` carries out the same ones, by the same ids. */
export function failoverSteps(details: FailoverDetails): PlanStep[] {
  const { primary, candidate } = details;
  return [
    { id: "check", title: `Look again at every node; open connections to ${primary.name} and ${candidate.name}` },
    { id: "prepare", title: `Send no more reads to ${candidate.name}` },
    { id: "demote", title: `Demote ${primary.name} to standby` },
    { id: "promote", title: `Promote ${candidate.name} to primary` },
    { id: "route", title: `Route writes to ${candidate.name}, then take ${primary.name}'s label` },
    { id: "verify", title: `See every standby follow ${candidate.name}` },
    ...[standbyLabelStep(details)].filter((step) => step !== null),
  ];
}

/** The last step, where pods have no label to be found by; null where each has one. */
export function standbyLabelStep({ unlabelled = [] }: FailoverDetails): PlanStep | null {
  if (unlabelled.length === 0) return null;
  return { id: "label", title: `Label ${unlabelled.join(", ")} as standby, which had no label` };
}
