import type { V1Pod } from "@kubernetes/client-node";
import { z } from "zod";
import type { WorkloadKind } from "../../domain/target.ts";
import type { RolloutPod, RolloutStrategy, RolloutView } from "../../ports/rollouts.ts";
import { managerOf } from "./ownership.ts";
import { podDemand } from "./pod-demand.ts";
import { templateMarks, templateOfReplicaSet } from "./pod-template.ts";
import { rolloutPod } from "./rollout-pod.ts";
import type { ControllerRevisionObject, ReplicaSetObject, WorkloadObject } from "./workload-object.ts";

/** Set on pods by the controllers: of which ControllerRevision, of which ReplicaSet. */
const revisionLabel = "controller-revision-hash";
const templateHashLabel = "pod-template-hash";

/** A workload as it was read, with what else says of which template its pods are. */
export interface WorkloadRead {
  readonly kind: WorkloadKind;
  readonly object: WorkloadObject;
  /** Of a Deployment. */
  readonly replicaSets: readonly ReplicaSetObject[];
  /** Of a DaemonSet. */
  readonly revisions: readonly ControllerRevisionObject[];
}

/** @param pods those that its selector finds; others' are left out */
export function rolloutView(read: WorkloadRead, pods: readonly V1Pod[]): RolloutView {
  const { kind, object } = read;
  const { metadata, spec } = object;
  const own = ownPods(read, pods);
  const living = own.find(({ metadata: of }) => of?.deletionTimestamp === undefined);
  const { digest, restartedAt } = templateMarks(spec.template);
  return {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation,
    isObserved: isObserved(object),
    manager: managerOf(metadata),
    labels: labelsSchema.parse(spec.template).metadata.labels,
    template: { digest, restartedAt },
    ...specifics(kind, object),
    // A pod that was admitted has the defaults of a LimitRange, which its template has not.
    podDemand: podDemand(living?.spec ?? spec.template.spec),
    pods: own.map((pod) => rolloutPod(pod, isUpdated(read, pod))).toSorted(byName),
  };
}

const labelsSchema = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }).default({ labels: {} }),
});

type Specifics = Pick<
  RolloutView,
  | "wanted"
  | "strategy"
  | "paused"
  | "counts"
  | "isRolled"
  | "deletesVolumesWhenScaled"
  | "claimTemplates"
  | "firstOrdinal"
>;

const noVolumes = { deletesVolumesWhenScaled: false, claimTemplates: [], firstOrdinal: 0 } as const;

function specifics(kind: WorkloadKind, object: WorkloadObject): Specifics {
  switch (kind) {
    case "StatefulSet":
      return ofStatefulSet(object);
    case "Deployment":
      return ofDeployment(object);
    case "DaemonSet":
      return ofDaemonSet(object);
  }
}

/** When nothing is left to do is what `kubectl rollout status` waits for (kubectl, pkg/polymorphichelpers/rollout_status.go). */
function ofStatefulSet(object: WorkloadObject): Specifics {
  const { spec, status } = object;
  const wanted = spec.replicas;
  const counts = {
    updated: status.updatedReplicas,
    available: status.availableReplicas ?? status.readyReplicas,
    all: status.replicas,
  };
  const { type, rollingUpdate } = spec.updateStrategy;
  const rolling = type !== "OnDelete";
  const partition = rollingUpdate?.partition ?? 0;
  const isComplete = counts.available >= wanted && counts.all === wanted;
  const isUpdated = !rolling || counts.updated >= wanted - Math.min(partition, wanted);
  const unavailable = Math.max(1, share(rollingUpdate?.maxUnavailable, wanted, Math.ceil) ?? 1);
  return {
    wanted,
    strategy: rolling ? { kind: "rolling", unavailable, surge: 0, partition } : { kind: "on_delete" },
    paused: false,
    counts,
    isRolled: isObserved(object) && isComplete && isUpdated,
    deletesVolumesWhenScaled: spec.persistentVolumeClaimRetentionPolicy.whenScaled === "Delete",
    claimTemplates: spec.volumeClaimTemplates.map(({ metadata }) => metadata.name),
    firstOrdinal: spec.ordinals.start,
  };
}

function ofDeployment(object: WorkloadObject): Specifics {
  const { spec, status } = object;
  const wanted = spec.replicas;
  const counts = {
    updated: status.updatedReplicas,
    available: status.availableReplicas ?? 0,
    all: status.replicas,
  };
  const { updated, available, all } = counts;
  return {
    ...noVolumes,
    wanted,
    strategy: deploymentStrategy(spec.strategy, wanted),
    paused: spec.paused,
    counts,
    isRolled: isObserved(object) && updated === wanted && all === updated && available >= updated,
  };
}

function deploymentStrategy(
  { type, rollingUpdate }: WorkloadObject["spec"]["strategy"],
  wanted: number,
): RolloutStrategy {
  if (type === "Recreate") return { kind: "recreate" };
  const surge = share(rollingUpdate?.maxSurge, wanted, Math.ceil) ?? 0;
  const unavailable = share(rollingUpdate?.maxUnavailable, wanted, Math.floor) ?? 0;
  // Rounded to nothing on both sides, its controller takes one away all the same.
  return { kind: "rolling", surge, unavailable: surge === 0 ? Math.max(1, unavailable) : unavailable, partition: 0 };
}

function ofDaemonSet(object: WorkloadObject): Specifics {
  const { spec, status } = object;
  const wanted = status.desiredNumberScheduled;
  const counts = {
    updated: status.updatedNumberScheduled,
    available: status.numberAvailable,
    all: status.currentNumberScheduled,
  };
  const { type, rollingUpdate } = spec.updateStrategy;
  const rolling = type !== "OnDelete";
  const surge = share(rollingUpdate?.maxSurge, wanted, Math.ceil) ?? 0;
  const unavailable = share(rollingUpdate?.maxUnavailable, wanted, Math.ceil) ?? 1;
  return {
    ...noVolumes,
    wanted,
    strategy: rolling ? { kind: "rolling", unavailable, surge, partition: 0 } : { kind: "on_delete" },
    paused: false,
    counts,
    isRolled: isObserved(object) && counts.available >= wanted && (!rolling || counts.updated >= wanted),
  };
}

const isObserved = ({ metadata, status }: WorkloadObject) => status.observedGeneration >= metadata.generation;

/** A number of pods that is given as such or as a share of all. */
function share(given: number | string | undefined, all: number, round: (value: number) => number): number | undefined {
  if (typeof given === "number") return given;
  const [, percent] = /^(\d+)%$/.exec(given ?? "") ?? [];
  return percent === undefined ? undefined : round((Number(percent) / 100) * all);
}

/** By the controller's own reference; of a Deployment through its ReplicaSets. */
function ownPods({ kind, object, replicaSets }: WorkloadRead, pods: readonly V1Pod[]): V1Pod[] {
  const owners = new Set(
    kind === "Deployment" ? replicaSets.map(({ metadata }) => metadata.uid) : [object.metadata.uid],
  );
  return pods.filter(
    ({ metadata }) =>
      metadata?.ownerReferences?.some((owner) => owner.controller === true && owners.has(owner.uid)) ?? false,
  );
}

/** Null while the controller has not said yet which template is the newest. */
function isUpdated({ kind, object, replicaSets, revisions }: WorkloadRead, { metadata }: V1Pod): boolean | null {
  const labels = metadata?.labels ?? {};
  switch (kind) {
    case "StatefulSet": {
      const { updateRevision } = object.status;
      return isObserved(object) && updateRevision ? labels[revisionLabel] === updateRevision : null;
    }
    case "Deployment": {
      const current = currentReplicaSet(object, replicaSets);
      if (current === null) return false;
      return labels[templateHashLabel] === current.metadata.labels[templateHashLabel];
    }
    case "DaemonSet": {
      const [newest] = revisions.toSorted((a, b) => b.revision - a.revision);
      if (!isObserved(object) || newest === undefined) return null;
      return labels[revisionLabel] === newest.metadata.labels[revisionLabel];
    }
  }
}

/** The ReplicaSet of the template as it is now; null: its controller has made none yet. */
function currentReplicaSet(
  { spec }: WorkloadObject,
  replicaSets: readonly ReplicaSetObject[],
): ReplicaSetObject | null {
  const now = templateMarks(spec.template);
  const found = replicaSets.find((set) => {
    const marks = templateMarks(templateOfReplicaSet(set));
    return marks.digest === now.digest && marks.restartedAt === now.restartedAt;
  });
  return found ?? null;
}

const byName = (a: RolloutPod, b: RolloutPod) => a.name.localeCompare(b.name, "en", { numeric: true });
