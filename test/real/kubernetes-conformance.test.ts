import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubernetesConformance } from "../conformance/kubernetes/suite.ts";
import { startControlPlane } from "./cluster/control-plane.ts";

kubernetesConformance("kube-apiserver and kube-controller-manager", async () => {
  const folder = await mkdtemp(join(tmpdir(), "handover-conformance-"));
  const controlPlane = await startControlPlane(folder);
  return {
    kubeconfig: controlPlane.kubeconfig,
    kubeconfigFor: controlPlane.kubeconfigFor,
    close: async () => {
      await controlPlane.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
