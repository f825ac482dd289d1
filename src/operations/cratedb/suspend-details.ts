import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";

/** A StatefulSet and how many pods it has when the cluster runs. */
const setSchema = z.object({
  name: z.string().min(1),
  uid: z.string(),
  role: z.enum(["master", "data"]),
  replicas: z.number().int().min(0),
});
const dependentSchema = z.object({ name: z.string().min(1), replicas: z.number().int().min(0) });

/** What suspending and resuming need of their own plan. */
export const suspensionDetailsSchema = z.object({
  sets: z.array(setSchema).min(1),
  dependents: z.array(dependentSchema),
  /** How long backups are waited for (suspend), or the cluster (resume). */
  waitMs: z.number().int(),
  /** How long pods may take to end: the longest grace period. */
  graceSeconds: z.number().int().min(0),
});
export type SuspensionDetails = z.infer<typeof suspensionDetailsSchema>;
export type SuspendedSet = z.infer<typeof setSchema>;

export function setsOf({ sets }: Pick<SuspensionDetails, "sets">, role: SuspendedSet["role"]): SuspendedSet[] {
  return sets.filter((set) => set.role === role && set.replicas > 0);
}

export function suspendSteps(details: SuspensionDetails): PlanStep[] {
  return [
    { id: "check", title: "Look again at every node, and wait for backups that run" },
    { id: "record", title: "Pause backups, and write down what there is" },
    { id: "stop-data", title: `Stop the data nodes: ${countsText(setsOf(details, "data"))}` },
    ...dependentStep(details, "stop-dependents", "Stop what depends on it"),
    ...(setsOf(details, "master").length === 0
      ? []
      : [{ id: "stop-masters", title: `Stop the masters: ${countsText(setsOf(details, "master"))}` }]),
  ];
}

export function resumeSteps(details: SuspensionDetails): PlanStep[] {
  return [
    ...(setsOf(details, "master").length === 0
      ? []
      : [{ id: "start-masters", title: `Start the masters: ${countsText(setsOf(details, "master"))}` }]),
    {
      id: "start-data",
      title: `Start the data nodes: ${countsText(setsOf(details, "data"))}, and see every table healthy`,
    },
    ...dependentStep(details, "start-dependents", "Start what depends on it"),
    { id: "finish", title: "Give the backups back, and forget the suspension" },
  ];
}

function dependentStep({ dependents }: SuspensionDetails, id: string, title: string): PlanStep[] {
  const counted = dependents.filter(({ replicas }) => replicas > 0);
  return counted.length === 0 ? [] : [{ id, title: `${title}: ${countsText(counted)}` }];
}

/** “crate-data-hot-metrics (3), crate-data-cold-metrics (2)”. */
export function countsText(counted: readonly { readonly name: string; readonly replicas: number }[]): string {
  return counted.map(({ name, replicas }) => `${name} (${replicas})`).join(", ") || "none";
}
