import type { Freeze } from "../domain/freeze.ts";
import { type AnnouncedTarget, kindOf, type TargetKey, type TargetKind, type WorkloadKind } from "../domain/target.ts";
import type { DoltAccess } from "./dolt-servers.ts";
import type { Rollouts } from "./rollouts.ts";
import type { Scaling } from "./scaling.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * The Kubernetes API as far as operations need it. Every call throws HandoverError `kubernetes_away` (no answer, whether a
 * write happened is not known) or `kubernetes_refused` (an answer that says no).
 */
export interface Workloads {
  /** What changing the number of pods takes. */
  readonly scaling: Scaling;
  /** Ordinary workloads, and what rolls their pods. */
  readonly rollouts: Rollouts;
  /**
   * Every annotated workload in the namespaces this process may see. A kind that it may not list is left out; throws
   * `kubernetes_refused` when it may list none.
   */
  targets(signal: AbortSignal): Promise<AnnouncedTarget[]>;
  /** The objects behind the target with what they say of themselves, as they are now: one, or the StatefulSets of a CrateDB cluster. Empty: it is gone. */
  marks(target: TargetReference, signal: AbortSignal): Promise<readonly WorkloadMarks[]>;
  /** The StatefulSet and its pods as they are now, read from the API and not from a cache; null when it is gone. */
  look(target: TargetReference, signal: AbortSignal): Promise<WorkloadView | null>;
  /** Sets one label of a pod by a patch that is bound to the pod's UID; retried by the caller. Throws `kubernetes_refused` when that pod is gone. */
  labelPod(pod: PodReference, label: string, value: string, signal: AbortSignal): Promise<void>;
  /** Asks for a pod's eviction, bound to its UID, so that asking again is safe when no answer came. */
  evictPod(pod: PodReference, signal: AbortSignal): Promise<Eviction>;
  /** What the cluster says of an object, by its UID: one line each, without secrets, the newest last. */
  events(object: { readonly namespace: string; readonly uid: string }, signal: AbortSignal): Promise<string[]>;
  /** Last lines of a pod's server, without secrets. Throws when it has no log, or nobody can read it. */
  podLog(pod: PodReference, lines: number, signal: AbortSignal): Promise<string[]>;
  /** What is around the pods, read where this process may; null when the workload is gone. */
  surroundings(target: TargetReference, signal: AbortSignal): Promise<Surroundings | null>;
  /** What is frozen in a namespace by Handover, those that have ended and been lifted among them. */
  freezes(namespace: string, signal: AbortSignal): Promise<readonly Freeze[]>;
  /** How the target's servers are reached and logged in to. Throws `dolt_access_invalid` when what is set about it makes no sense. */
  credentials(view: WorkloadView, signal: AbortSignal): Promise<DoltAccess>;
}

export interface TargetReference {
  readonly namespace: string;
  /** Name of the workload; of a CrateDB cluster, the name that its StatefulSets share. */
  readonly workload: string;
  /** Missing: a StatefulSet; see `kindOf`. */
  readonly kind?: TargetKind | undefined;
}

/** An object behind a target, and its annotations. */
export interface WorkloadMarks {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the object itself; what the policy's rules for labels are about. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * - `accepted`: that pod is on its way out.
 * - `gone`: there is no pod of that name and UID any more.
 * - `refused`: not now, and why in words: mostly a PodDisruptionBudget. It may be asked again.
 */
export type Eviction =
  | { readonly kind: "accepted" }
  | { readonly kind: "gone" }
  | { readonly kind: "refused"; readonly why: string };

export interface WorkloadView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly replicas: number;
  /** The headless Service under which each pod has a host name of its own; null where the StatefulSet names none. */
  readonly serviceName: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** Whether the StatefulSet's controller has seen its newest spec: until then the revisions below may be those from before. */
  readonly isObserved: boolean;
  /** Revision that pods should have, and the one they had before a roll-out. Equal when no roll-out is under way. */
  readonly updateRevision: string;
  readonly currentRevision: string;
  /** Whether the StatefulSet's controller itself deletes pods to roll out a change (RollingUpdate, and for which ordinals and above). Null: OnDelete. */
  readonly rollsFromOrdinal: number | null;
  /** One for each ordinal below `replicas`, in order; null where the pod object is missing. */
  readonly pods: readonly WorkloadPod[];
}

export interface WorkloadPod {
  readonly name: string;
  readonly pod: PodView | null;
  /** Every host that leads to this pod and to no other (`domain/pod-hosts.ts`). Missing where nobody looked for them. */
  readonly hosts?: readonly string[];
}

export interface PodView {
  readonly uid: string;
  /** By the API server's clock, in whole seconds. */
  readonly createdAtMs: number;
  readonly ip: string | null;
  /** Port named `dolt` of the container named `dolt`; null when neither is there. */
  readonly port: number | null;
  readonly ready: boolean;
  /** When it became Ready, or ceased to be, by the cluster's clock in whole seconds; null when that was never said. */
  readonly readyChangedAtMs: number | null;
  readonly terminating: boolean;
  readonly revision: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /**
   * The server's container as the kubelet last saw it. `stopped`: seen terminated and not started since, so no server
   * runs in it; `text` says it in words (`CrashLoopBackOff`). One that was never seen terminated is no such proof.
   */
  readonly container: { readonly state: "running" | "stopped" | "unknown"; readonly text: string };
}

/**
 * The lease of a target and what is written beside it, one object of the cluster that changes by compare-and-set only.
 */
export interface TargetLeases {
  /** Null: there is none yet. */
  read(target: TargetReference, signal: AbortSignal): Promise<LeaseView | null>;
  /**
   * Writes the whole state if the lease is still the one that was read (`version`; null: it must not exist yet).
   * Null: somebody else changed it first, nothing was written.
   */
  compareAndSet(
    target: TargetReference,
    version: string | null,
    state: LeaseState,
    signal: AbortSignal,
  ): Promise<LeaseView | null>;
  /** All leases of Handover in the namespaces this process may see. */
  list(signal: AbortSignal): Promise<{ target: TargetReference; lease: LeaseView }[]>;
}

export interface LeaseView {
  /** The object's resourceVersion. */
  readonly version: string;
  readonly state: LeaseState;
}

export interface LeaseState {
  /** Who holds it; null when it is free. Shown by `kubectl get lease`. */
  readonly holder: string | null;
  readonly durationSeconds: number;
  /** The holder's clock at its last renewal. Others only look whether it changes. */
  readonly renewedAtMs: number;
  /** Counts changes of holder. */
  readonly transitions: number;
  /** The execution that the holder runs or has left unfinished, as text (JSON, `execution/ledger.ts`); null when none is open. */
  readonly execution: string | null;
  /** Grants used and not yet expired, as text (JSON, `execution/ledger.ts`). */
  readonly usedGrants: string | null;
}

/** Which Kubernetes user this process is (SelfSubjectReview), for the record of the command line. */
export interface Identity {
  username(signal: AbortSignal): Promise<string>;
  /** With the groups that Kubernetes counts this user among. */
  whoAmI(signal: AbortSignal): Promise<{ readonly username: string; readonly groups: readonly string[] }>;
  /** Whether this user may do this (SelfSubjectAccessReview). */
  may(access: AskedAccess, signal: AbortSignal): Promise<boolean>;
}

/** One verb on one resource of a namespace, as RBAC counts them; a subresource stands behind a slash. */
export interface AskedAccess {
  readonly namespace: string;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}

export function targetReference({ namespace, workload, kind }: TargetReference): TargetReference {
  return { namespace, workload, ...(kind === undefined ? {} : { kind }) };
}

/** The same object of the cluster, however its kind was said. */
export function sameReference(one: TargetReference, other: TargetReference): boolean {
  return one.namespace === other.namespace && one.workload === other.workload && kindOf(one) === kindOf(other);
}

export type { TargetKey };
