import { ensurePart } from "../../parts/build.ts";
import type { ControlPlaneBinaries } from "./control-plane.ts";
import type { NodeBinaries } from "./node.ts";

export interface ClusterBinaries extends ControlPlaneBinaries, NodeBinaries {
  readonly coredns: string;
  readonly dolt: string;
}

/** Paths of all programs of the cluster. One after another: each build uses every processor already. */
export async function ensureBinaries(): Promise<ClusterBinaries> {
  return {
    etcd: await ensurePart("etcd"),
    dolt: await ensurePart("dolt"),
    coredns: await ensurePart("coredns"),
    apiServer: await ensurePart("kube-apiserver"),
    controllerManager: await ensurePart("kube-controller-manager"),
    scheduler: await ensurePart("kube-scheduler"),
    kubelet: await ensurePart("kubelet"),
    kubeProxy: await ensurePart("kube-proxy"),
  };
}
