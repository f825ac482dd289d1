import { z } from "zod";
import type { CrateClusterView, CrateSetView, DeploymentView } from "../../ports/crate-clusters.ts";

/**
 * Annotation of every StatefulSet of a suspended cluster: what it was, written before the first pod goes. JSON, which a
 * person can read too: `{"replicas":3,"dependents":[{"name":"grand-central-metrics","replicas":1}]}`.
 */
export const suspendedAnnotation = "handover.dev/suspended";
/** Annotation of a Deployment that is to stop and start with a cluster: the cluster's name. */
export const dependsOnAnnotation = "handover.dev/stops-with";

const recordSchema = z.object({
  replicas: z.number().int().min(0),
  dependents: z.array(z.object({ name: z.string().min(1), replicas: z.number().int().min(0) })),
});
export type SuspensionRecord = z.infer<typeof recordSchema>;
export type Dependent = SuspensionRecord["dependents"][number];

/** What a StatefulSet says of itself before it was suspended; null: nothing, or nothing that can be read. */
export function recordOf({ annotations }: Pick<CrateSetView, "annotations">): SuspensionRecord | null {
  const text = annotations[suspendedAnnotation];
  if (text === undefined) return null;
  try {
    return recordSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

export function recordText({ replicas, dependents }: SuspensionRecord): string {
  return JSON.stringify({ replicas, dependents });
}

/** How a cluster stands as far as suspending goes; `halfway`: a suspend or a resume of it did not reach its end. */
export type Suspension = "running" | "halfway" | "suspended";

/**
 * A cluster without any pod is suspended. A single group at zero is an ordinary cluster with an empty group; that it is on its
 * way it says by the record of a set that is at zero and was not.
 */
export function suspensionOf(sets: readonly Pick<CrateSetView, "replicas" | "annotations" | "podsNow">[]): Suspension {
  if (sets.every(({ replicas, podsNow }) => replicas === 0 && podsNow === 0)) return "suspended";
  const isStopped = sets.some((set) => set.replicas === 0 && replicasWhenRunning(set) > 0);
  return isStopped ? "halfway" : "running";
}

/** How many pods a set has when the cluster runs: by its record where it is at zero now, else as it stands. */
export function replicasWhenRunning(set: Pick<CrateSetView, "replicas" | "annotations">): number {
  return set.replicas > 0 ? set.replicas : (recordOf(set)?.replicas ?? 0);
}

/**
 * Deployments that stop and start with a cluster: crate-operator's backup metrics and Grand Central, by their names, and
 * whatever says so by annotation.
 */
export function dependentsOf<D extends Pick<DeploymentView, "name" | "annotations">>(
  cluster: CrateClusterView,
  deployments: readonly D[],
): D[] {
  const label = clusterLabel(cluster);
  const names = [`backup-metrics-${label}`, `grand-central-${label}`];
  return deployments.filter(
    ({ name, annotations }) => names.includes(name) || annotations[dependsOnAnnotation] === cluster.name,
  );
}

/** What a dependent has when the cluster runs: as it stands, or by the records where it is at zero now. */
export function dependentsWhenRunning(
  cluster: CrateClusterView,
  deployments: readonly Pick<DeploymentView, "name" | "annotations" | "replicas">[],
): Dependent[] {
  const recorded = recordedDependents(cluster);
  return dependentsOf(cluster, deployments).map(({ name, replicas }) => ({
    name,
    replicas: replicas > 0 ? replicas : (recorded.find((one) => one.name === name)?.replicas ?? 0),
  }));
}

/** As the StatefulSets remember them; each has the same list. */
export function recordedDependents({ sets }: CrateClusterView): readonly Dependent[] {
  for (const set of sets) {
    const record = recordOf(set);
    if (record !== null) return record.dependents;
  }
  return [];
}

/** What crate-operator and charts call the cluster in the label `app.kubernetes.io/name` of what belongs to it. */
export function clusterLabel({ name, sets }: CrateClusterView): string {
  return sets.map(({ labels }) => labels["app.kubernetes.io/name"]).find((label) => label !== undefined) ?? name;
}
