import type { V1Container, V1ContainerStatus, V1Pod, V1PodSpec } from "@kubernetes/client-node";
import type { PodView } from "../../ports/workloads.ts";

/** By which names a server is found in its pod. */
export interface ServerNames {
  /** Without one of this name, the pod's first container counts. */
  readonly container: string;
  readonly port: string;
  readonly defaultPort: number;
}

/** The convention of Dolt on Kubernetes. */
const doltNames: ServerNames = { container: "dolt", port: "dolt", defaultPort: 3306 };

/** Set by the StatefulSet's controller on each pod. */
const revisionLabel = "controller-revision-hash";

/** Null for a pod without a UID, which the API never hands out. */
export function podView(pod: V1Pod, names: ServerNames = doltNames): PodView | null {
  const uid = pod.metadata?.uid;
  if (uid === undefined) return null;
  const container = serverContainerOf(pod.spec, names);
  const labels = pod.metadata?.labels ?? {};
  const readiness = pod.status?.conditions?.find(({ type }) => type === "Ready");
  return {
    uid,
    createdAtMs: pod.metadata?.creationTimestamp?.getTime() ?? 0,
    ip: pod.status?.podIP || null,
    port: container === null ? null : serverPort(container, names),
    ready: readiness?.status === "True",
    readyChangedAtMs: readiness?.lastTransitionTime?.getTime() ?? null,
    terminating: pod.metadata?.deletionTimestamp !== undefined,
    revision: labels[revisionLabel] ?? null,
    labels,
    container: containerView(pod, container),
  };
}

/** The container of the server; null for a pod without containers. */
export function serverContainer(pod: V1Pod): V1Container | null {
  return serverContainerOf(pod.spec);
}

/** The same of a pod's specification, or of a template's. */
export function serverContainerOf(
  spec: V1PodSpec | undefined,
  { container }: Pick<ServerNames, "container"> = doltNames,
): V1Container | null {
  const containers = spec?.containers ?? [];
  return containers.find(({ name }) => name === container) ?? containers[0] ?? null;
}

function serverPort(container: V1Container, { port, defaultPort }: ServerNames): number {
  return container.ports?.find(({ name }) => name === port)?.containerPort ?? defaultPort;
}

/**
 * Only a container that was seen terminated, and not started since, is proof that no server runs. Everything else is none: a
 * pod that was deleted by force and created anew is scheduled nowhere while the lost node goes on running the old one, and
 * a pod can be called Failed by the control plane alone.
 */
function containerView(pod: V1Pod, container: V1Container | null): PodView["container"] {
  const { phase, reason, containerStatuses } = pod.status ?? {};
  // The kubelet stopped reporting: what it saw last says nothing about now.
  if (phase === "Unknown" || reason === "NodeLost") return { state: "unknown", text: reason ?? "Unknown" };
  const status = containerStatuses?.find(({ name }) => name === container?.name);
  if (status !== undefined) return fromStatus(status);
  return { state: "unknown", text: pod.spec?.nodeName ? "not reported yet" : "not scheduled" };
}

function fromStatus({ state, lastState }: V1ContainerStatus): PodView["container"] {
  if (state?.running) return { state: "running", text: "running" };
  if (state?.terminated) return { state: "stopped", text: state.terminated.reason ?? "terminated" };
  if (state?.waiting) {
    const wasSeenEnded = lastState?.terminated !== undefined;
    return { state: wasSeenEnded ? "stopped" : "unknown", text: state.waiting.reason ?? "waiting" };
  }
  return { state: "unknown", text: "not reported yet" };
}
