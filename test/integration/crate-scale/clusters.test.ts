import { startKubernetesApi } from "../../../sandbox/kubernetes/api.ts";
import { crateClustersSuite } from "./clusters.suite.ts";

crateClustersSuite("the sandbox's API", async () => {
  const api = await startKubernetesApi();
  return {
    kubeconfig: api.kubeconfig(),
    kubeconfigFor: (name, groups) => api.kubeconfig({ name, groups }),
    close: () => api.close(),
  };
});
