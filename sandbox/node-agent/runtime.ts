/**
 * What the node agent needs of whatever runs containers: real processes (`process-runtime.ts`) or simulated servers
 * (`sandbox/dolt/`). The agent has already resolved everything that needs the Kubernetes API: environment, `$(VAR)`
 * references, ConfigMaps and Secrets as files, volumes as folders.
 */
export interface ContainerRuntime {
  /**
   * Starts one container and resolves once it runs (not once it is ready).
   * Throws when it cannot be started at all (no such command, address taken): the agent counts that as a container that
   * ended with exit code 128, as a kubelet does, and tries again after its back-off.
   */
  start(spec: ContainerSpec): Promise<RunningContainer>;
  /** Ends every container that still runs, without grace, and resolves when all of them have ended. Safe to call twice. */
  close(): Promise<void>;
}

/** One container of one pod, ready to run. */
export interface ContainerSpec {
  readonly pod: ContainerPod;
  /** The container's name in the pod. */
  readonly name: string;
  readonly image: string;
  /** `command` and `args` of the pod, joined, `$(VAR)` expanded; paths are as the container sees them (see `mounts`). */
  readonly command: readonly string[];
  /** Undefined when the pod names none. As the container sees it. */
  readonly workingDir: string | undefined;
  /** Environment, complete: `value`, and `valueFrom` a field, a Secret or a ConfigMap. */
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly ContainerPort[];
  readonly mounts: readonly ContainerMount[];
}

export interface ContainerPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** A loopback address of the pod's own (127.x.y.z), so that every pod can listen on the same port. */
  readonly ip: string;
  /** `spec.hostname`, or the pod's name. */
  readonly hostname: string;
}

export interface ContainerPort {
  /** Undefined when the port has no name. */
  readonly name: string | undefined;
  readonly containerPort: number;
}

export interface ContainerMount {
  /** Name of the volume in the pod. */
  readonly volume: string;
  /** Where the container sees it. */
  readonly mountPath: string;
  /** The folder behind it. It exists, and outlives the pod when the volume is a `hostPath`. */
  readonly folder: string;
  readonly readOnly: boolean;
}

/** Signals that the agent and the faults send. */
export type ContainerSignal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT";

export interface RunningContainer {
  /** Resolves, never rejects, once the container has ended, for whatever reason. */
  readonly exited: Promise<ContainerExit>;
  /** Delivers the signal; nothing happens when the container has ended. */
  signal(signal: ContainerSignal): void;
  /** Resolves once a SIGSTOP has stopped all of it, or it has ended. */
  stopped(): Promise<void>;
  /**
   * One readiness probe. For a database it is a real query, because the port opens before the server answers.
   * Resolves to false when the server refuses, answers with an error, or has not answered when `signal` aborts; never rejects.
   */
  ready(signal: AbortSignal): Promise<boolean>;
}

/** How a container ended. `exitCode` follows a shell: 128 + the signal's number when a signal ended it. */
export interface ContainerExit {
  readonly exitCode: number;
  /** The signal that ended it, or null when it ended by itself. */
  readonly signal: string | null;
}
