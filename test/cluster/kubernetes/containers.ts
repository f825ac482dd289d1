import { CoreV1Api, type KubeConfig, type V1Pod } from "@kubernetes/client-node";
import type { Containerd } from "../machine/containerd.ts";
import { until } from "../machine/until.ts";

const END_DEADLINE_MS = 20_000;

/** Id of a pod's only container if it runs now, else null. The kubelet's word is not enough: it may be seconds old. */
export async function runningContainer(pod: V1Pod, containerd: Containerd): Promise<string | null> {
  const id = pod.status?.containerStatuses?.[0]?.containerID?.replace(/^containerd:\/\//, "");
  return id !== undefined && (await containerd.isRunning(id)) ? id : null;
}

/** SIGKILL, and resolves once the container has ended. */
export async function killAndWait(containerId: string, containerd: Containerd): Promise<void> {
  await containerd.signal(containerId, "SIGKILL");
  await until(async () => ((await containerd.isRunning(containerId)) ? null : true), {
    what: `the container ${containerId} has ended`,
    deadlineMs: END_DEADLINE_MS,
    everyMs: 10,
  });
}

export async function killContainer(
  kubeConfig: KubeConfig,
  containerd: Containerd,
  namespace: string,
  name: string,
): Promise<void> {
  const pod = await kubeConfig.makeApiClient(CoreV1Api).readNamespacedPod({ namespace, name });
  const id = await runningContainer(pod, containerd);
  if (id === null) {
    throw new Error(`no container of pod ${namespace}/${name} runs now`);
  }
  await killAndWait(id, containerd);
}
