import type { V1LabelSelector, V1Pod, V1StatefulSet } from "@kubernetes/client-node";
import { hostsOfPod, type ServiceView } from "../../domain/pod-hosts.ts";
import type { WorkloadView } from "../../ports/workloads.ts";
import { podView } from "./pod-view.ts";

/** The StatefulSet with its pods by ordinal. A pod counts only under its whole name (`dolt-1` is not `dolt-10`) and as that very StatefulSet's own. */
export function workloadView(
  statefulSet: V1StatefulSet,
  pods: readonly V1Pod[],
  services: readonly ServiceView[] = [],
): WorkloadView {
  const { metadata, spec, status } = statefulSet;
  const name = metadata?.name ?? "";
  const uid = metadata?.uid ?? "";
  const place = { namespace: metadata?.namespace ?? "", serviceName: spec?.serviceName || null };
  const replicas = spec?.replicas ?? 1;
  const start = spec?.ordinals?.start ?? 0;
  const own = new Map(pods.filter((pod) => isOwnedBy(pod, uid)).map((pod) => [pod.metadata?.name, pod]));
  const updateRevision = status?.updateRevision ?? "";
  return {
    namespace: place.namespace,
    name,
    uid,
    replicas,
    serviceName: place.serviceName,
    annotations: metadata?.annotations ?? {},
    isObserved: (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0),
    updateRevision,
    currentRevision: status?.currentRevision ?? updateRevision,
    rollsFromOrdinal: rollsFromOrdinal(statefulSet),
    pods: Array.from({ length: replicas }, (_, index) => {
      const podName = `${name}-${start + index}`;
      const found = own.get(podName);
      const pod = found === undefined ? null : podView(found);
      const hosts = hostsOfPod({ name: podName, ip: pod?.ip ?? null }, place, services);
      return { name: podName, pod, hosts };
    }),
  };
}

/** A label selector as the query parameter of a list. */
export function selectorText(selector: V1LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${(values ?? []).join(",")})`;
  });
  return [...labels, ...expressions].join(",");
}

export function isOwnedBy(pod: V1Pod, uid: string): boolean {
  return pod.metadata?.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) ?? false;
}

function rollsFromOrdinal({ spec }: V1StatefulSet): number | null {
  if (spec?.updateStrategy?.type === "OnDelete") return null;
  return spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
}
