import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";
import { type FailoverDetails, failoverSteps } from "./failover-details.ts";

const podSchema = z.object({ name: z.string(), uid: z.string() });

/** What a restart needs of its own plan to carry it out. */
export const restartDetailsSchema = z.object({
  /** Of the StatefulSet: pods have to come back with the template that people approved. */
  revision: z.string(),
  primary: podSchema,
  epoch: z.number().int(),
  /** Standbys to be restarted, those side by side in one list, in their order. By UID: another UID is a restarted pod. */
  batches: z.array(z.array(podSchema)),
  /** Who takes the primary role over before the primary itself is restarted; null: the primary is not restarted. */
  candidate: z.string().nullable(),
  minCaughtUp: z.number().int().min(0),
  maxLagMs: z.number().int(),
  waitMs: z.number().int(),
  /** Pods created from then on are done, for whoever types the command again after this has stopped. */
  beforeMs: z.number().int(),
  /** Pods whose servers answered when it was planned. */
  answering: z.array(z.string()),
});
export type RestartDetails = z.infer<typeof restartDetailsSchema>;
export type RestartedPod = z.infer<typeof podSchema>;

/** Before the ids of the failover within a restart. */
export const failoverPrefix = "failover-";

/** The steps as people read them; `RestartRun` carries out the same ones, by the same ids. */
export function restartSteps(details: RestartDetails): PlanStep[] {
  return [
    { id: "check", title: "Look again at every node" },
    ...details.batches.map((batch) => ({ id: batchId(batch), title: batchTitle(batch) })),
    ...primarySteps(details),
  ];
}

function primarySteps(details: RestartDetails): PlanStep[] {
  const { primary, candidate } = details;
  if (candidate === null) return [];
  return [
    ...failoverSteps(failoverDetailsOf(details, "", details.answering)).map(({ id, title }) => ({
      id: `${failoverPrefix}${id}`,
      title,
    })),
    { id: batchId([primary]), title: `Restart ${primary.name}, a standby by then, and see it replicate again` },
  ];
}

/** Those of the failover within a restart, once the candidate's pod is known. */
export function failoverDetailsOf(
  { primary, epoch, candidate, minCaughtUp, maxLagMs }: RestartDetails,
  candidateUid: string,
  answering: readonly string[],
): FailoverDetails {
  return {
    primary,
    epoch,
    candidate: { name: candidate ?? "", uid: candidateUid },
    minCaughtUp,
    maxLagMs,
    answering: [...answering],
  };
}

export function batchId(batch: readonly RestartedPod[]): string {
  return `restart-${batch.map(({ name }) => name).join("-")}`;
}

function batchTitle(batch: readonly RestartedPod[]): string {
  const names = batch.map(({ name }) => name);
  if (names.length === 1) return `Restart ${names[0]}, and see it replicate again`;
  return `Restart ${names.slice(0, -1).join(", ")} and ${names.at(-1)} side by side, and see them replicate again`;
}
