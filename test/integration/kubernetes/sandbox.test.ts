import { startKubernetesApi } from "../../../sandbox/kubernetes/api.ts";
import { kubernetesAdaptersSuite } from "./adapters.suite.ts";

kubernetesAdaptersSuite("the sandbox's API", async () => {
  const api = await startKubernetesApi();
  return {
    kubeconfig: api.kubeconfig(),
    kubeconfigFor: (name, groups) => api.kubeconfig({ name, groups }),
    close: () => api.close(),
  };
});
