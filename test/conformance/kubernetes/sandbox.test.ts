import { startKubernetesApi } from "../../../sandbox/kubernetes/api.ts";
import { kubernetesConformance } from "./suite.ts";

kubernetesConformance("sandbox", async () => {
  const api = await startKubernetesApi({ historySize: 200 });
  return {
    kubeconfig: api.kubeconfig(),
    kubeconfigFor: (name, groups) => api.kubeconfig({ name, groups }),
    close: () => api.close(),
  };
});
