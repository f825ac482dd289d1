import type { AnnouncedTarget, TargetKey } from "../domain/target.ts";

/**
 * The Kubernetes API as far as operations need it. Every call throws HandoverError `kubernetes_away` (no answer, whether a
 * write happened is not known) or `kubernetes_refused` (an answer that says no).
 */
export interface Workloads {
  /** Every annotated workload in the namespaces this process may see. */
  targets(signal: AbortSignal): Promise<AnnouncedTarget[]>;
  /** The workload and its pods as they are now, read from the API and not from a cache; null when the workload is gone. */
  look(target: TargetReference, signal: AbortSignal): Promise<WorkloadView | null>;
  /** Sets one label of a pod by a patch that is bound to the pod's UID; retried by the caller. Throws `kubernetes_refused` when that pod is gone. */
  labelPod(pod: PodReference, label: string, value: string, signal: AbortSignal): Promise<void>;
  /** Credentials of the target's servers: from the annotated Secret; null when none is annotated. */
  credentials(view: WorkloadView, signal: AbortSignal): Promise<{ username: string; password: string } | null>;
}

export interface TargetReference {
  readonly namespace: string;
  /** Name of the StatefulSet. */
  readonly workload: string;
}

export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface WorkloadView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly replicas: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Revision that pods should have, and the one they had before a roll-out. Equal when no roll-out is under way. */
  readonly updateRevision: string;
  readonly currentRevision: string;
  /** Whether the StatefulSet's controller itself deletes pods to roll out a change (RollingUpdate, and for which ordinals and above). Null: OnDelete. */
  readonly rollsFromOrdinal: number | null;
  /** One for each ordinal below `replicas`, in order; null where the pod object is missing. */
  readonly pods: readonly { readonly name: string; readonly pod: PodView | null }[];
}

export interface PodView {
  readonly uid: string;
  readonly ip: string | null;
  /** Port named `dolt` of the container named `dolt`; null when neither is there. */
  readonly port: number | null;
  readonly ready: boolean;
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
}

export function targetReference(target: AnnouncedTarget): TargetReference {
  return { namespace: target.namespace, workload: target.workload };
}

export type { TargetKey };
