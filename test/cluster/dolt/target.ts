import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { doltObjects, doltPods, headlessAddress, replicationServiceAddress } from "../../../sandbox/dolt-manifests.ts";
import { bringUpDoltTarget, podAddress } from "../../../sandbox/dolt-target.ts";
import type { DoltTarget, DoltTargetSpec } from "../../../sandbox/handle.ts";
import { DOLT_IMAGE } from "../images/dolt-image.ts";
import { ensureNamespace } from "../kubernetes/namespace.ts";
import type { Containerd } from "../machine/containerd.ts";
import { doltFaults } from "./faults.ts";

/** Three pods are ready and caught up 4–5 s after their creation; this is for a machine that builds meanwhile. */
const TARGET_DEADLINE_MS = 180_000;

/** Creates the objects of a target in the cluster; resolves once all servers answer and replicate. */
export async function createDoltTarget(
  spec: DoltTargetSpec,
  kubeConfig: KubeConfig,
  containerd: Containerd,
  folder: string,
  startUp?: AbortSignal,
): Promise<DoltTarget> {
  const { namespace, name } = spec;
  const deadline = AbortSignal.timeout(TARGET_DEADLINE_MS);
  const signal = startUp === undefined ? deadline : AbortSignal.any([startUp, deadline]);
  const rootPassword = randomBytes(12).toString("hex");
  const volumesFolder = join(folder, "volumes", namespace, name);
  const objects = doltObjects(spec, {
    image: DOLT_IMAGE,
    volumesFolder,
    listenAddress: "0.0.0.0",
    replicationAddress: (_from, to) =>
      spec.replicatesThrough === "headless" ? headlessAddress(spec, to) : replicationServiceAddress(namespace, to),
    rootPassword,
  });
  await ensureNamespace(kubeConfig, namespace, signal);
  await bringUpDoltTarget({ kubeConfig, spec, objects, rootPassword, signal });
  const pods = doltPods(spec);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  return {
    namespace,
    name,
    pods,
    address: (pod) => podAddress(kubeConfig, namespace, pod),
    faults: doltFaults({
      pods,
      readPod: (pod) => core.readNamespacedPod({ name: pod, namespace }),
      containerd,
      volumesFolder,
    }),
  };
}
