import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";
import { hookSettings } from "./routing-allocation.ts";

const podSchema = z.object({
  name: z.string().min(1),
  uid: z.string(),
  /** Its StatefulSet. */
  set: z.string().min(1),
  /** What CrateDB calls it. */
  node: z.string().min(1),
  /** How long the kubelet lets it end. */
  graceSeconds: z.number().int().min(0),
});

/** What a restart needs of its own plan to carry it out. */
export const restartDetailsSchema = z.object({
  /** The template that each StatefulSet's pods come back with, as people approved it. */
  revisions: z.record(z.string(), z.string()),
  /** One after another, in this order. By UID: another UID is a restarted pod. */
  pods: z.array(podSchema).min(1),
  waitMs: z.number().int(),
  backupWaitMs: z.number().int(),
  /** Pods created from then on are done, for whoever types the command again after this has stopped. */
  beforeMs: z.number().int(),
  /** Settings that hooks write when a pod stops, as they were. */
  settings: z.record(z.enum(hookSettings), z.string().nullable()),
  /** Ids of CrateDB's checks that a person had acknowledged; each node forgets it when it restarts. */
  acknowledged: z.array(z.number().int()),
});
export type RestartDetails = z.infer<typeof restartDetailsSchema>;
export type RestartedNode = z.infer<typeof podSchema>;

/** The steps as people read them; `RestartRun` carries out the same ones, by the same ids. */
export function restartSteps({ pods }: Pick<RestartDetails, "pods">): PlanStep[] {
  return [
    { id: "check", title: "Look again at every node" },
    ...pods.map((pod, index) => ({
      id: stepId(pod),
      title: `Restart ${pod.name} (${index + 1} of ${pods.length}), and see every table healthy`,
    })),
  ];
}

export function stepId({ name }: Pick<RestartedNode, "name">): string {
  return `restart-${name}`;
}
