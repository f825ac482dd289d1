import type { V1ObjectMeta } from "@kubernetes/client-node";
import { HandoverError } from "../../domain/errors.ts";
import type { WorkloadKind } from "../../domain/target.ts";
import type { KubernetesApi } from "./api.ts";
import { statusCode } from "./failures.ts";

/** The resource of each kind in the group `apps`, as paths and Roles name it. */
export const resourceOf: Readonly<Record<WorkloadKind, string>> = {
  StatefulSet: "statefulsets",
  Deployment: "deployments",
  DaemonSet: "daemonsets",
};

/** A workload as far as all kinds are alike. */
export interface WorkloadObject {
  readonly metadata?: V1ObjectMeta;
}

/** The workloads of one kind. `all`: of every namespace. */
export function listWorkloads(
  api: KubernetesApi,
  kind: WorkloadKind,
  namespace: string | "all",
  signal: AbortSignal,
): Promise<{ items: WorkloadObject[]; resourceVersion: string }> {
  const doing = `listing ${kind}s of ${namespace === "all" ? "all namespaces" : namespace}`;
  return api.list<WorkloadObject>(doing, signal, (page, options) => {
    switch (kind) {
      case "StatefulSet":
        return namespace === "all"
          ? api.apps.listStatefulSetForAllNamespaces(page, options)
          : api.apps.listNamespacedStatefulSet({ namespace, ...page }, options);
      case "Deployment":
        return namespace === "all"
          ? api.apps.listDeploymentForAllNamespaces(page, options)
          : api.apps.listNamespacedDeployment({ namespace, ...page }, options);
      case "DaemonSet":
        return namespace === "all"
          ? api.apps.listDaemonSetForAllNamespaces(page, options)
          : api.apps.listNamespacedDaemonSet({ namespace, ...page }, options);
    }
  });
}

/** One workload; null when there is none of this kind and name. */
export function readWorkload(
  api: KubernetesApi,
  kind: WorkloadKind,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<WorkloadObject | null> {
  return api.call(`reading ${kind} ${namespace}/${name}`, signal, async (options) => {
    try {
      switch (kind) {
        case "StatefulSet":
          return await api.apps.readNamespacedStatefulSet({ name, namespace }, options);
        case "Deployment":
          return await api.apps.readNamespacedDeployment({ name, namespace }, options);
        case "DaemonSet":
          return await api.apps.readNamespacedDaemonSet({ name, namespace }, options);
      }
    } catch (error) {
      if (statusCode(error) === 404) return null;
      throw error;
    }
  });
}

/** Whether the API server said that this process may not; what it did not answer is no such thing. */
export function isForbidden(error: unknown): boolean {
  return error instanceof HandoverError && statusCode(error.cause) === 403;
}
