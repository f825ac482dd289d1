import type { V1Service } from "@kubernetes/client-node";
import { HandoverError } from "../../domain/errors.ts";
import { podNameLabel, type ServiceView } from "../../domain/pod-hosts.ts";
import type { KubernetesApi } from "./api.ts";

/**
 * The Services of a namespace, for what leads to one pod. Empty when this process may not list them: hosts of Services then
 * lead nowhere that is known, and whoever needs them says so. Throws HandoverError `kubernetes_away`.
 */
export async function readServices(api: KubernetesApi, namespace: string, signal: AbortSignal): Promise<ServiceView[]> {
  try {
    const { items } = await api.list<V1Service>(`listing Services of ${namespace}`, signal, (page, options) =>
      api.core.listNamespacedService({ namespace, ...page }, options),
    );
    return items.map(serviceView);
  } catch (error) {
    if (error instanceof HandoverError && error.problem.code === "kubernetes_refused") return [];
    throw error;
  }
}

export function serviceView({ metadata, spec }: V1Service): ServiceView {
  const addresses = spec?.clusterIPs ?? [spec?.clusterIP ?? ""];
  return {
    name: metadata?.name ?? "",
    clusterIps: addresses.filter((address) => address !== "" && address !== "None"),
    podName: spec?.selector?.[podNameLabel] ?? null,
  };
}
