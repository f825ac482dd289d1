/**
 * What a test, the demo or a rehearsal can ask of a cluster, whichever kind it is: the one embedded in a process
 * (`sandbox/`), the control plane of real processes (`test/real/`) or the whole one (`test/cluster/`).
 */
export interface ClusterHandle {
  readonly kind: "sandbox" | "real" | "whole";
  /** A kubeconfig (YAML text) of an administrator, for @kubernetes/client-node's `loadFromString`. */
  readonly kubeconfig: string;
  /** Creates a namespace if it is missing, the StatefulSet, its Services and pods, and waits until every server answers a query. */
  createDoltTarget(spec: DoltTargetSpec): Promise<DoltTarget>;
  /** Ends every process and socket this handle began, and removes its folders. Safe to call twice. */
  close(): Promise<void>;
}

export interface DoltTargetSpec {
  readonly namespace: string;
  /** Name of the StatefulSet; pods are `NAME-0` …; `NAME-0` boots as the primary at epoch 1, the others as standbys. */
  readonly name: string;
  readonly replicas: number;
  /** Databases created on the primary by SQL, each with one table `t (id BIGINT PRIMARY KEY, v TEXT)`. */
  readonly databases: readonly string[];
  /** Annotations of the StatefulSet, beside `handover.dev/engine: dolt`; `handover.dev/name` is the target's name. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whether pods get the label `dolthub.com/cluster_role` by their role at the start. Default true. */
  readonly labelled?: boolean;
  /**
   * By which name servers replicate to a pod: a ClusterIP Service of its own (default), or the StatefulSet's headless Service,
   * as many do, after which a restarted pod is found again only when its old address has left the DNS. Whole cluster only.
   */
  readonly replicatesThrough?: "services" | "headless";
  /** Where every server listens for SQL. Default 3306. */
  readonly sqlPort?: number;
  /** The servers offer TLS for SQL with this certificate (PEM), and with `required` take nothing else. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly required: boolean };
}

export interface DoltTarget {
  readonly namespace: string;
  readonly name: string;
  readonly pods: readonly string[];
  /** Where a pod's SQL port is reached now from the test's process; changes when the pod gets a new IP. Throws when the pod has none. */
  address(pod: string): Promise<{ host: string; port: number }>;
  readonly faults: DoltFaults;
}

/** Faults ordered from outside. Each resolves once the fault is in force. */
export interface DoltFaults {
  /** SIGKILL to the server process; the kubelet (or its stand-in) starts the container again. */
  kill(pod: string): Promise<void>;
  /** While on, the container dies at once after each start (CrashLoopBackOff); turning it on kills the running server. */
  crashLoop(pod: string, on: boolean): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(pod: string): Promise<void>;
  /** SIGCONT. */
  thaw(pod: string): Promise<void>;
  /** Cuts replication between two pods, both ways; SQL from the test's process still works. */
  partition(a: string, b: string): Promise<void>;
  /** Ends a partition of these two. */
  rejoin(a: string, b: string): Promise<void>;
  /** Delays what `from` replicates to `to` by so many milliseconds; 0 ends it. */
  slowReplication(from: string, to: string, delayMs: number): Promise<void>;
  /** While on, writes to the pod's volume fail as on a full disk. */
  fullDisk(pod: string, on: boolean): Promise<void>;
  /** Kills the server and leaves nothing on the pod's volume, so that it starts like one that never ran. */
  emptyVolume(pod: string): Promise<void>;
  /** Ends every fault of this target that is still in force. */
  heal(): Promise<void>;
}
