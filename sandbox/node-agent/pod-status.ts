import type { V1ContainerStatus, V1Pod, V1PodCondition, V1PodStatus } from "@kubernetes/client-node";
import type { ContainerExit } from "./runtime.ts";

/** What the agent knows of one container of a pod. */
export interface ContainerState {
  readonly name: string;
  readonly image: string;
  readonly now:
    | { readonly kind: "waiting"; readonly reason: string; readonly message?: string }
    | { readonly kind: "running"; readonly startedAt: Date }
    | ({ readonly kind: "terminated" } & Termination);
  /** How it ended the time before, if it did. */
  readonly last: Termination | undefined;
  readonly ready: boolean;
  readonly restarts: number;
}

export interface Termination {
  readonly exit: ContainerExit;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/**
 * The status a kubelet would report, complete. `before` is the status the pod has: a condition keeps its transition time
 * while it does not change.
 */
export function podStatus(
  pod: V1Pod,
  ip: string,
  startedAt: Date,
  containers: readonly ContainerState[],
  before: V1PodStatus | undefined,
  now: Date,
): V1PodStatus {
  const ready = containers.length > 0 && containers.every((container) => container.ready);
  const notReady = ready ? {} : { reason: "ContainersNotReady", message: "containers with unready status" };
  const conditions: V1PodCondition[] = [
    condition("PodScheduled", true),
    condition("Initialized", true),
    { ...condition("ContainersReady", ready), ...notReady },
    { ...condition("Ready", ready), ...notReady },
  ];
  return {
    phase: phase(pod, containers),
    podIP: ip,
    podIPs: [{ ip }],
    hostIP: "127.0.0.1",
    startTime: startedAt,
    conditions: conditions.map((current) => withTransitionTime(current, before, now)),
    containerStatuses: containers.map(containerStatus),
  };
}

function phase(pod: V1Pod, containers: readonly ContainerState[]): string {
  const ended = containers.flatMap(({ now }) => (now.kind === "terminated" ? [now.exit.exitCode] : []));
  if (ended.length === containers.length && pod.spec?.restartPolicy !== "Always") {
    const failed = ended.some((code) => code !== 0);
    if (!failed || pod.spec?.restartPolicy === "Never") {
      return failed ? "Failed" : "Succeeded";
    }
  }
  // As in Kubernetes, a pod whose containers crash is still Running; it is Pending until one was started at all.
  return containers.some(({ now, last }) => now.kind !== "waiting" || last !== undefined) ? "Running" : "Pending";
}

function condition(type: string, holds: boolean): V1PodCondition {
  return { type, status: holds ? "True" : "False" };
}

function withTransitionTime(current: V1PodCondition, before: V1PodStatus | undefined, now: Date): V1PodCondition {
  const old = before?.conditions?.find(({ type }) => type === current.type);
  const since = old?.status === current.status ? old.lastTransitionTime : undefined;
  return { ...current, lastTransitionTime: since ?? now };
}

function containerStatus(container: ContainerState): V1ContainerStatus {
  return {
    name: container.name,
    image: container.image,
    imageID: "",
    ready: container.ready,
    started: container.now.kind === "running",
    restartCount: container.restarts,
    state: currentState(container.now),
    lastState: container.last === undefined ? {} : { terminated: terminated(container.last) },
  };
}

function currentState(now: ContainerState["now"]): NonNullable<V1ContainerStatus["state"]> {
  switch (now.kind) {
    case "waiting":
      return { waiting: { reason: now.reason, ...(now.message === undefined ? {} : { message: now.message }) } };
    case "running":
      return { running: { startedAt: now.startedAt } };
    case "terminated":
      return { terminated: terminated(now) };
  }
}

function terminated({ exit, startedAt, finishedAt }: Termination) {
  return {
    exitCode: exit.exitCode,
    reason: exit.exitCode === 0 ? "Completed" : "Error",
    startedAt,
    finishedAt,
  };
}
