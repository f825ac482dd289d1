import { startKubernetesApi } from "../../../../sandbox/kubernetes/api.ts";
import type { ApiUnderTest } from "./workload-bench.ts";

export async function startSandboxApi(): Promise<ApiUnderTest> {
  const api = await startKubernetesApi();
  return {
    kubeconfig: api.kubeconfig(),
    kubeconfigFor: (name, groups) => api.kubeconfig({ name, groups }),
    close: () => api.close(),
  };
}
