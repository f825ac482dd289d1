import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { RolloutPod } from "../../ports/rollouts.ts";
import { oneLine } from "./one-line.ts";

/** A container that ends once may be waiting for something else; one that ends again does not come up by itself. */
const crashesFromRestarts = 2;

/** Reasons of a container that waits and will not start by itself (kubelet, pkg/kubelet/images and container). */
const cannotStart: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

export function rolloutPod(pod: V1Pod, isUpdated: boolean | null): RolloutPod {
  const { metadata, status } = pod;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    createdAtMs: metadata?.creationTimestamp?.getTime() ?? 0,
    isUpdated,
    ready,
    terminating: metadata?.deletionTimestamp !== undefined,
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    trouble: ready ? null : troubleOf(pod, containers),
    failure: ready ? null : failureOf(containers),
  };
}

function failureOf(containers: readonly V1ContainerStatus[]): RolloutPod["failure"] {
  const crashes = ({ restartCount, ready, state }: V1ContainerStatus) =>
    !ready &&
    (restartCount >= crashesFromRestarts || (restartCount > 0 && state?.waiting?.reason === "CrashLoopBackOff"));
  // A container that has ended well was meant to, as init containers are.
  if (containers.some((status) => crashes(status) && status.state?.terminated?.exitCode !== 0)) return "crashing";
  return containers.some(({ state }) => cannotStart.has(state?.waiting?.reason ?? "")) ? "cannot_start" : null;
}

function troubleOf({ status, spec }: V1Pod, containers: readonly V1ContainerStatus[]): string | null {
  if (!spec?.nodeName) {
    const why = status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
    return oneLine(`not on any node yet${why?.message ? `: ${why.message}` : ""}`);
  }
  for (const { name, state, lastState, restartCount, ready } of containers) {
    if (state?.waiting) {
      const { reason = "waiting", message } = state.waiting;
      if (reason === "ContainerCreating" || reason === "PodInitializing") return `${name} is being started`;
      // Its message says only how long the kubelet waits, and which pod it is.
      if (reason === "CrashLoopBackOff")
        return `${name} ends again and again${ended(lastState?.terminated, restartCount)}`;
      return oneLine(
        `${name}: ${reason}${message ? ` (${message})` : ""}${ended(lastState?.terminated, restartCount)}`,
      );
    }
    if (state?.terminated && state.terminated.exitCode !== 0) {
      return oneLine(`${name}: ${state.terminated.reason ?? "ended"}${ended(state.terminated, restartCount)}`);
    }
    if (state?.running && !ready) {
      return oneLine(
        `${name} runs and is not ready${restartCount > 0 ? ended(lastState?.terminated, restartCount) : ""}`,
      );
    }
  }
  return status?.phase === "Running" ? null : `${status?.phase ?? "not reported yet"}`;
}

function ended(
  terminated: { readonly exitCode: number; readonly reason?: string | undefined } | undefined,
  restarts: number,
): string {
  if (terminated === undefined) return "";
  const times = restarts === 0 ? "" : `, restarted ${restarts === 1 ? "once" : `${restarts} times`}`;
  return `, ended with ${terminated.exitCode}${terminated.reason === "OOMKilled" ? " (out of memory)" : ""}${times}`;
}
