import { ApiException, CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { until } from "../machine/until.ts";

const SERVICE_ACCOUNT_DEADLINE_MS = 60_000;

/**
 * Creates the namespace unless it is there, and waits for its default service account: pods are refused before it is
 * there, and a StatefulSet waits longer with each refusal.
 */
export async function ensureNamespace(kubeConfig: KubeConfig, namespace: string, signal?: AbortSignal): Promise<void> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  try {
    await core.createNamespace({ body: { metadata: { name: namespace } } });
  } catch (error) {
    if (!(error instanceof ApiException && error.code === 409)) {
      throw error;
    }
  }
  await until(() => core.readNamespacedServiceAccount({ name: "default", namespace }), {
    what: `the service account of the namespace ${namespace} exists`,
    deadlineMs: SERVICE_ACCOUNT_DEADLINE_MS,
    ...(signal === undefined ? {} : { signal }),
  });
}
