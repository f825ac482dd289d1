import type { CoreV1Api, V1Pod, V1PodStatus } from "@kubernetes/client-node";

/** Tells, as a kubelet does, that containers of a pod are held back because they ended again and again: one event for each back-off. */
export async function tellOfBackOff(core: CoreV1Api, pod: V1Pod, status: V1PodStatus): Promise<void> {
  const { namespace = "", name = "", uid = "" } = pod.metadata ?? {};
  for (const { state, restartCount, name: container } of status.containerStatuses ?? []) {
    if (state?.waiting?.reason !== "CrashLoopBackOff") continue;
    const now = new Date();
    await core.createNamespacedEvent({
      namespace,
      body: {
        metadata: { name: `${name}.${uid.slice(0, 8)}.${container}.${restartCount}`, namespace },
        involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
        type: "Warning",
        reason: "BackOff",
        message: `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`,
        source: { component: "kubelet" },
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
      },
    });
  }
}
