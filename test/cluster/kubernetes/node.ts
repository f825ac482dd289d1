import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Daemon } from "../machine/daemon.ts";
import type { Machine } from "../machine/machine.ts";
import { type Identities, NODE_NAME } from "./identities.ts";

export interface NodeBinaries {
  readonly kubelet: string;
  readonly kubeProxy: string;
}

export interface NodeDaemons {
  readonly kubelet: Daemon;
  readonly kubeProxy: Daemon;
}

/** Starts the kubelet and kube-proxy; pods run from the moment the node reports itself ready. */
export async function startNode(
  machine: Machine,
  folder: string,
  binaries: NodeBinaries,
  identities: Identities,
  containerdEndpoint: string,
): Promise<NodeDaemons> {
  const resolvConf = join(folder, "resolv.conf");
  // No name server beyond the cluster's own: nothing in it shall depend on the machine's network.
  await writeFile(resolvConf, "");
  const kubeletConfig = join(folder, "kubelet.yaml");
  await writeFile(kubeletConfig, stringify(kubeletConfiguration(machine, resolvConf, containerdEndpoint)));
  const kubeletRoot = join(folder, "kubelet");
  await mkdir(kubeletRoot);
  const kubelet = await machine.start("kubelet", binaries.kubelet, [
    ...[`--config=${kubeletConfig}`, `--kubeconfig=${identities.kubeconfigs.kubelet}`, `--root-dir=${kubeletRoot}`],
    ...[`--hostname-override=${NODE_NAME}`, `--node-ip=${machine.network.nodeAddress}`],
  ]);
  const proxyConfig = join(folder, "kube-proxy.yaml");
  await writeFile(proxyConfig, stringify(proxyConfiguration(machine, identities)));
  const kubeProxy = await machine.start("kube-proxy", binaries.kubeProxy, [`--config=${proxyConfig}`]);
  return { kubelet, kubeProxy };
}

function kubeletConfiguration(machine: Machine, resolvConf: string, containerRuntimeEndpoint: string) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint,
    clusterDomain: "cluster.local",
    clusterDNS: [machine.network.dnsAddress],
    resolvConf,
    // Nothing but this cluster reaches the node, so logs and exec need no credentials.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    // The machine may be a container or a bare virtual machine: without systemd, with cgroups v1, with swap.
    cgroupDriver: "cgroupfs",
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    // A full or busy machine shall not evict the pods under test, nor throw images away that nobody can pull again.
    evictionHard: { "memory.available": "10Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%" },
    imageGCHighThresholdPercent: 100,
    serializeImagePulls: false,
  };
}

function proxyConfiguration(machine: Machine, identities: Identities) {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    hostnameOverride: NODE_NAME,
    clientConnection: { kubeconfig: identities.kubeconfigs.kubeProxy },
    clusterCIDR: machine.network.podRange,
    detectLocalMode: "ClusterCIDR",
    // The kernel's limits belong to the whole machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
}
