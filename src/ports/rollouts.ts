import type { WorkloadKind } from "../domain/target.ts";
import type { Seen } from "./surroundings.ts";
import type { PodReference, TargetReference } from "./workloads.ts";

/**
 * Ordinary workloads (StatefulSets, Deployments, DaemonSets) with the pods that their controllers roll. Throws as `Workloads`
 * does: `kubernetes_away` (whether a write happened is not known) or `kubernetes_refused`.
 */
export interface Rollouts {
  /** As it is now, read from the API and not from a cache; null when it is gone. */
  look(target: TargetReference, signal: AbortSignal): Promise<RolloutView | null>;
  /** Templates that it had, the newest first, the one it has among them. */
  revisions(view: RolloutView, signal: AbortSignal): Promise<readonly TemplateRevision[]>;
  /** What is around it that a restart or a scaling may run into. Each part says why when it may not be read. */
  constraints(view: RolloutView, signal: AbortSignal): Promise<RolloutConstraints>;
  /** HPAs and KEDA objects that set its number of pods, for people. */
  autoscalers(view: RolloutView, signal: AbortSignal): Promise<Seen<readonly string[]>>;
  /**
   * Sets `kubectl.kubernetes.io/restartedAt` in the pod template (null: removes it), if the specification is still the one that
   * was looked at. False: it is another by now, nothing was written.
   */
  setRestartedAt(view: RolloutView, at: string | null, signal: AbortSignal): Promise<boolean>;
  /** Puts a former template back, if the specification is still the one that was looked at. False: it is another by now, nothing was written. */
  putTemplate(view: RolloutView, revision: TemplateRevision, signal: AbortSignal): Promise<boolean>;
  /** As `Scaling.setReplicas`, of StatefulSets and Deployments. */
  setReplicas(target: TargetReference, from: number, to: number, signal: AbortSignal): Promise<boolean>;
  /** Which of these this process may not do (SelfSubjectAccessReview). */
  missing(target: TargetReference, actions: readonly RolloutAction[], signal: AbortSignal): Promise<RolloutAction[]>;
}

/** `patch`: the workload's specification; `scale`: its number of pods; `evict`: its pods. */
export type RolloutAction = "patch" | "scale" | "evict";

export interface RolloutView {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Counts changes of the specification; a write is bound to it. */
  readonly generation: number;
  /** Whether the controller has seen that generation: until then its counts are of the one before. */
  readonly isObserved: boolean;
  /** What the pods are made from, by a digest that leaves `restartedAt` out, and by that annotation. */
  readonly template: { readonly digest: string; readonly restartedAt: string | null };
  /** How many pods there are to be; of a DaemonSet, on how many nodes. */
  readonly wanted: number;
  readonly strategy: RolloutStrategy;
  /** Of a Deployment whose controller was told to roll nothing. */
  readonly paused: boolean;
  /** As the controller counts them: of the newest template; ready and so for long enough; all, those that end too. */
  readonly counts: { readonly updated: number; readonly available: number; readonly all: number };
  /** Whether the controller says that nothing is left to do. */
  readonly isRolled: boolean;
  readonly manager: Manager | null;
  /** Whether a StatefulSet's volumes are deleted with the pods that a smaller number leaves over. */
  readonly deletesVolumesWhenScaled: boolean;
  /** Names of a StatefulSet's `volumeClaimTemplates`. */
  readonly claimTemplates: readonly string[];
  /** Of a StatefulSet: `spec.ordinals.start`. */
  readonly firstOrdinal: number;
  readonly labels: Readonly<Record<string, string>>;
  /** What one pod asks of a quota: `requests.cpu`, `limits.memory`, `pods` …, in the quota's own names and base units. */
  readonly podDemand: Readonly<Record<string, number>>;
  /** By name; those that are ending too. */
  readonly pods: readonly RolloutPod[];
}

export type RolloutStrategy =
  /** Pods are replaced by the controller. `unavailable`, `surge`: how many may be missing, and how many more there may be. */
  | {
      readonly kind: "rolling";
      readonly unavailable: number;
      readonly surge: number;
      /** Of a StatefulSet: ordinals below keep the former template. */
      readonly partition: number;
    }
  /** Of a Deployment: all pods end before the first new one is made. */
  | { readonly kind: "recreate" }
  /** Whoever deletes a pod gets one of the newest template. */
  | { readonly kind: "on_delete" };

/** Who writes the workload, so that what is changed beside them may be undone. */
export interface Manager {
  readonly kind: "operator" | "gitops" | "other";
  /** For people: “Argo CD application web”, “Helm”. */
  readonly name: string;
  /** What says so: an annotation, a label, an owner reference. */
  readonly sign: string;
}

export interface RolloutPod extends Pick<PodReference, "name" | "uid"> {
  /** By the API server's clock, in whole seconds. */
  readonly createdAtMs: number;
  /** Of the template as it is now. Null: nothing says of which it is. */
  readonly isUpdated: boolean | null;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** Of all its containers, init containers too. */
  readonly restarts: number;
  /** What keeps it from being ready, in words; null: nothing that is known. */
  readonly trouble: string | null;
  /** `crashing`: a container ended again and again; `cannot_start`: an image or a configuration is missing, which may be for a moment. */
  readonly failure: "crashing" | "cannot_start" | null;
}

export interface TemplateRevision {
  /** Of the ControllerRevision or ReplicaSet. */
  readonly name: string;
  readonly number: number;
  /** As `RolloutView.template`. */
  readonly digest: string;
  readonly restartedAt: string | null;
  /** By container, for people. */
  readonly images: Readonly<Record<string, string>>;
  /** The template itself, for `putTemplate`; nobody else reads it. */
  readonly template: unknown;
}

export interface RolloutConstraints {
  /** PodDisruptionBudgets that hold for its pods. */
  readonly budgets: Seen<readonly Budget[]>;
  /** ResourceQuotas of the namespace that hold for pods like these. */
  readonly quotas: Seen<readonly Quota[]>;
}

export interface Budget {
  readonly name: string;
  /** For people: “minAvailable 2”. */
  readonly rule: string;
  /** How many pods may be taken away now. */
  readonly disruptionsAllowed: number;
  /** How many must be healthy of a given number of pods. */
  readonly minimum: BudgetMinimum;
  /** How many pods its controller counts as its own. */
  readonly expectedPods: number;
}

/** `atLeast`: `minAvailable`; `missingAtMost`: `maxUnavailable`. As a number of pods or as a share of all in percent. */
export interface BudgetMinimum {
  readonly kind: "atLeast" | "missingAtMost";
  readonly value: number;
  readonly isPercent: boolean;
}

export interface Quota {
  readonly name: string;
  /** What is left of each resource that it limits, in base units; below zero where more is used than allowed. */
  readonly left: Readonly<Record<string, number>>;
}
