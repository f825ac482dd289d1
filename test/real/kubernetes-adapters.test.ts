import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { kubernetesAdaptersSuite } from "../integration/kubernetes/adapters.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { startControlPlane } from "./cluster/control-plane.ts";

const unavailable = partsUnavailable();

if (unavailable === null) kubernetesAdaptersSuite("kube-apiserver and kube-controller-manager", start);
else describe(`the Kubernetes adapters (${unavailable})`, () => it.skip("work on kube-apiserver", () => undefined));

async function start() {
  const folder = await mkdtemp(join(tmpdir(), "handover-adapters-"));
  const controlPlane = await startControlPlane(folder);
  return {
    kubeconfig: controlPlane.kubeconfig,
    kubeconfigFor: controlPlane.kubeconfigFor,
    close: async () => {
      await controlPlane.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
