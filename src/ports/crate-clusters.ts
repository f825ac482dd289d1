import type { CrateAccess } from "./crate-servers.ts";
import type { Ownership } from "./scaling.ts";
import type { Seen } from "./surroundings.ts";
import type { PodView, TargetReference } from "./workloads.ts";

/**
 * The Kubernetes side of CrateDB clusters: the StatefulSets of one cluster are one target, whose reference names the
 * cluster (`handover.dev/name`) and not a StatefulSet. Throws as `Workloads` does: `kubernetes_away` (whether a write happened
 * is not known) or `kubernetes_refused`. Pods are deleted by `Workloads.evictPod`.
 */
export interface CrateClusters {
  /** As it is now, read from the API and not from a cache; null when no StatefulSet announces this cluster. */
  look(target: TargetReference, signal: AbortSignal): Promise<CrateClusterView | null>;
  /**
   * How its nodes are reached and logged in to (docs/connecting.md). Throws `dolt_access_invalid` when what is set about it
   * makes no sense, or two of its StatefulSets say different things.
   */
  access(cluster: CrateClusterView, signal: AbortSignal): Promise<CrateAccess>;
  /** What scales these StatefulSets by itself; only where this process may see it. Kept apart from `look`: it costs two lists. */
  autoscalers(cluster: CrateClusterView, signal: AbortSignal): Promise<Seen<readonly Autoscaler[]>>;
  /**
   * Sets the number of pods if it is still `from`. True as well when it is `to` already; false: it is another by now,
   * nothing was written.
   */
  setReplicas(set: CrateSetReference, from: number, to: number, signal: AbortSignal): Promise<boolean>;
  /**
   * Replaces the crate container's `command` and `args` if they are still `from`, by a patch that is bound to the
   * StatefulSet's UID. True as well when they are `to` already; false: they are others by now, nothing was written. Whether
   * pods roll is up to the update strategy (`CrateSetView.rollsFromOrdinal`).
   */
  setStartUpArguments(
    set: CrateSetReference,
    from: StartUpArguments,
    to: StartUpArguments,
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Sets these annotations of a StatefulSet (null: removes), bound to its UID. What others write beside them stays. */
  annotate(
    set: CrateSetReference,
    changes: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<void>;
  /** The same of its labels: the StatefulSet's own, not those of its pods. */
  label(set: CrateSetReference, changes: Readonly<Record<string, string | null>>, signal: AbortSignal): Promise<void>;
  /** CronJobs of the namespace and their Jobs, whatever they are for. */
  cronJobs(namespace: string, signal: AbortSignal): Promise<Seen<readonly CronJobView[]>>;
  jobs(namespace: string, signal: AbortSignal): Promise<Seen<readonly JobView[]>>;
  /** Suspends a CronJob or gives it back, with annotations (null: removes), if it is still the one that was read. Null: it is not, nothing was written. */
  changeCronJob(
    read: CronJobView,
    change: { readonly suspended: boolean; readonly annotations: Readonly<Record<string, string | null>> },
    signal: AbortSignal,
  ): Promise<CronJobView | null>;
  /** Deployments of the namespace, whatever they are for. */
  deployments(namespace: string, signal: AbortSignal): Promise<Seen<readonly DeploymentView[]>>;
  /** As `setReplicas`, of a Deployment. */
  scaleDeployment(read: DeploymentView, from: number, to: number, signal: AbortSignal): Promise<boolean>;
  /** Which of the writes above this process may not do on these StatefulSets (SelfSubjectAccessReview). */
  missingRights(cluster: CrateClusterView, signal: AbortSignal): Promise<CrateRight[]>;
}

/**
 * `replicas`: patch statefulsets/scale; `statefulsets`: patch statefulsets (start-up arguments, annotations); `cronjobs`:
 * patch cronjobs; `deployments`: patch deployments/scale.
 */
export type CrateRight = "replicas" | "statefulsets" | "cronjobs" | "deployments";

export interface CrateSetReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface CrateClusterView {
  readonly namespace: string;
  /** What `handover.dev/name` says. */
  readonly name: string;
  /** Masters first, then the data groups by name. */
  readonly sets: readonly CrateSetView[];
}

/** One StatefulSet of the cluster: its dedicated masters, or one group of data nodes. */
export interface CrateSetView extends CrateSetReference {
  readonly resourceVersion: string;
  /** `master`: holds no data. */
  readonly role: "master" | "data";
  /** As people type it: `masters`, else the data group's name (`hot`). */
  readonly group: string;
  /** Whether its nodes may be elected (`-Cnode.master` is not false). */
  readonly isMasterEligible: boolean;
  readonly replicas: number;
  readonly readyReplicas: number;
  /** How many pods there are, those that are still ending too. */
  readonly podsNow: number;
  readonly firstOrdinal: number;
  /** The headless Service under which each pod has a host name of its own; null where the StatefulSet names none. */
  readonly serviceName: string | null;
  /** Whether the StatefulSet's controller has seen its newest spec. */
  readonly isObserved: boolean;
  readonly updateRevision: string;
  readonly currentRevision: string;
  /** From which ordinal on the controller itself deletes pods to roll out a change. Null: OnDelete, a change restarts nothing. */
  readonly rollsFromOrdinal: number | null;
  readonly gracePeriodSeconds: number;
  /** The crate container's preStop hook: its command, or what else it calls, as words; null: it has none. */
  readonly preStop: readonly string[] | null;
  readonly startUp: StartUpArguments;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: Ownership;
  /** Whether volumes of pods that leave are deleted (`persistentVolumeClaimRetentionPolicy.whenScaled: Delete`). */
  readonly deletesVolumes: boolean;
  /** One for each ordinal below `replicas`, then those beyond that are still there. */
  readonly pods: readonly CratePod[];
}

export interface CratePod {
  readonly name: string;
  readonly ordinal: number;
  /** Null where the pod object is missing. Its `port` is the one of CrateDB's HTTP endpoint. */
  readonly pod: PodView | null;
}

/** Of the crate container; null where the image's own is used. */
export interface StartUpArguments {
  readonly command: readonly string[] | null;
  readonly args: readonly string[] | null;
}

/** An HPA or a KEDA object that sets the number of pods of a workload. */
export interface Autoscaler {
  readonly kind: "HorizontalPodAutoscaler" | "ScaledObject";
  readonly name: string;
  readonly target: { readonly kind: string; readonly name: string };
  readonly minReplicas: number | null;
  readonly maxReplicas: number | null;
}

export interface CronJobView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly suspended: boolean;
  readonly schedule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Names of the Jobs of it that run. */
  readonly active: readonly string[];
}

export interface JobView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** UID of the CronJob that made it; null: somebody else did. */
  readonly cronJobUid: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether it has neither completed nor failed. */
  readonly isRunning: boolean;
  readonly startedAtMs: number | null;
}

export interface DeploymentView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly replicas: number;
  /** How many pods there are, those that are still ending too, as far as its controller counts them. */
  readonly podsNow: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
