import type { TargetReference } from "./workloads.ts";

/**
 * What changing the number of a workload's pods takes of the Kubernetes API. Throws as `Workloads` does. What a process may
 * not see or write is an answer, not a throw, where people are to hear of it before anything is done.
 */
export interface Scaling {
  /** How the pods get their configuration, and who owns it; null when the workload is gone. */
  layout(target: TargetReference, signal: AbortSignal): Promise<WorkloadLayout | null>;
  /** Null: there is none of this name. */
  configMap(namespace: string, name: string, signal: AbortSignal): Promise<ConfigMapView | null>;
  /**
   * Sets these keys (null: removes) if the ConfigMap is still the one that was read, by its UID and resourceVersion. Null:
   * somebody else changed it first, nothing was written.
   */
  changeConfigMap(
    read: ConfigMapView,
    changes: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<ConfigMapView | null>;
  /** Services of the namespace, with what a copy of one needs. Throws `kubernetes_refused` when they may not be listed. */
  podServices(namespace: string, signal: AbortSignal): Promise<PodService[]>;
  /**
   * Creates a Service like another one, for another pod: its name and its selector are this pod's, the rest is copied but for
   * its addresses. One that exists already is left as it is.
   */
  createPodService(like: PodService, name: string, podName: string, signal: AbortSignal): Promise<void>;
  /**
   * Sets the number of pods through the workload's scale, if that is still `from`. False: it is another by now, nothing was
   * written.
   */
  setReplicas(target: TargetReference, from: number, to: number, signal: AbortSignal): Promise<boolean>;
  /** Which of the writes above this process may not do (SelfSubjectAccessReview). A right may be given for one ConfigMap only. */
  missingRights(target: TargetReference, configMap: string, signal: AbortSignal): Promise<ScalingRight[]>;
}

/** `configmaps`: change; `services`: create; `replicas`: change the scale of StatefulSets. */
export type ScalingRight = "configmaps" | "services" | "replicas";

export interface WorkloadLayout {
  readonly uid: string;
  readonly replicas: number;
  /** How many pods there are, those that are still ending too. */
  readonly podsNow: number;
  /** Of the first pod: `spec.ordinals.start`. */
  readonly firstOrdinal: number;
  readonly owner: Ownership;
  /** `command` and `args` of the server's container; empty: the image's own. */
  readonly command: readonly string[];
  /** Names of the pod's init containers. */
  readonly initContainers: readonly string[];
  /** Environment variables of the server's container that hold the pod's own name. */
  readonly podNameVariables: readonly string[];
  readonly mounts: readonly LayoutMount[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Where the server's container sees a volume. */
export interface LayoutMount {
  readonly mountPath: string;
  /** `subPath` or `subPathExpr`, in which `$(NAME)` stands for a variable; null: the whole volume. */
  readonly subPath: string | null;
  readonly volume: LayoutVolume;
}

export type LayoutVolume =
  /** `files`: by key, the path in the volume; null: each key is a file of its own name. */
  | { readonly kind: "configMap"; readonly name: string; readonly files: Readonly<Record<string, string>> | null }
  | { readonly kind: "secret"; readonly name: string }
  | { readonly kind: "other"; readonly name: string };

/** Who else writes an object; changing it beside them would be undone by them, or undo theirs. Null: nobody is known. */
export type Ownership = string | null;

export interface ConfigMapView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly owner: Ownership;
  readonly immutable: boolean;
  readonly data: Readonly<Record<string, string>>;
}

/** A Service that leads to one pod. */
export interface PodService {
  readonly namespace: string;
  readonly name: string;
  readonly podName: string;
  readonly clusterIps: readonly string[];
}
