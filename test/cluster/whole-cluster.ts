/**
 * A whole one-node Kubernetes cluster of real parts on this machine: containerd, etcd, the control plane, kubelet,
 * kube-proxy and CoreDNS, in namespaces of its own (see machine/machine.ts).
 */
import { rm } from "node:fs/promises";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import type { ClusterHandle } from "../../sandbox/handle.ts";
import { createDoltTarget } from "./dolt/target.ts";
import { type ImageSpec, writeImageArchive } from "./images/archive.ts";
import { corednsImage } from "./images/coredns-image.ts";
import { doltImage } from "./images/dolt-image.ts";
import { buildPause, PAUSE_IMAGE, pauseImage } from "./images/pause-image.ts";
import { type ClusterBinaries, ensureBinaries } from "./kubernetes/binaries.ts";
import { makeCertificates } from "./kubernetes/certificates.ts";
import { killContainer } from "./kubernetes/containers.ts";
import { API_SERVER_PORT, startControlPlane } from "./kubernetes/control-plane.ts";
import { startDns } from "./kubernetes/dns.ts";
import { type Identities, makeIdentities, NODE_NAME } from "./kubernetes/identities.ts";
import { type NodeDaemons, startNode } from "./kubernetes/node.ts";
import { type Containerd, startContainerd } from "./machine/containerd.ts";
import { removeControlGroups } from "./machine/control-groups.ts";
import { makeFolder, staleFolders } from "./machine/folder.ts";
import { type HostRelay, type RelayTarget, relayToHost } from "./machine/host-relay.ts";
import { type Machine, startMachine } from "./machine/machine.ts";
import { type ClusterNetwork, chooseNetwork } from "./machine/network.ts";
import { closeOnSignals } from "./machine/signals.ts";
import { until } from "./machine/until.ts";

export interface WholeClusterOptions {
  /** Ends the start-up; what has been started is taken away again. */
  readonly signal?: AbortSignal;
}

export interface WholeCluster extends ClusterHandle {
  readonly kind: "whole";
  readonly network: ClusterNetwork;
  /** Where all of the cluster's files are, logs among them (`log/`), until it is closed. */
  readonly folder: string;
  /** Puts an image on the node, for pods with `imagePullPolicy: Never`. */
  addImage(spec: ImageSpec): Promise<void>;
  /** Sends SIGKILL to the first process of a pod's only container; the kubelet starts it again as the pod's policy says. */
  killContainer(namespace: string, pod: string): Promise<void>;
  /** Makes a server of the test, on a loopback address, reachable for pods; ends with the cluster at the latest. */
  relay(target: RelayTarget): Promise<HostRelay>;
}

const NODE_READY_DEADLINE_MS = 90_000;

/** Builds what is not in the cache yet, and resolves once pods run and names resolve in the cluster. */
export async function startWholeCluster(options: WholeClusterOptions = {}): Promise<WholeCluster> {
  const { signal } = options;
  const binaries = await ensureBinaries();
  for (const stale of await staleFolders()) {
    await removeLeftovers(stale);
  }
  const folder = await makeFolder();
  let machine: Machine | undefined;
  const relays: HostRelay[] = [];
  const close = async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.close()));
    await machine?.close();
    await removeLeftovers(folder);
  };
  const forgetSignals = closeOnSignals(close);
  try {
    const pause = await buildPause(folder);
    machine = await startMachine(folder, pause, await chooseNetwork());
    const images = [pauseImage(pause), await doltImage(binaries.dolt), await corednsImage(binaries.coredns)];
    const [containerd, identities] = await Promise.all([
      startRuntime(machine, folder, images, signal),
      startApi(machine, folder, binaries, signal),
    ]);
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromString(identities.administrator);
    const node = await startNode(machine, folder, binaries, identities, containerd.endpoint);
    await nodeReady(kubeconfig, node, signal);
    const { network } = machine;
    await startDns(kubeconfig, network.dnsAddress, signal);
    return {
      kind: "whole",
      kubeconfig: identities.administrator,
      network,
      folder,
      addImage: (spec) => addImage(containerd, spec, folder),
      killContainer: (namespace, pod) => killContainer(kubeconfig, containerd, namespace, pod),
      relay: async (target) => {
        const relay = await relayToHost(network, target);
        relays.push(relay);
        return relay;
      },
      createDoltTarget: (spec) => createDoltTarget(spec, kubeconfig, containerd, folder, signal),
      close: async () => {
        forgetSignals();
        await close();
      },
    };
  } catch (error) {
    forgetSignals();
    await close();
    throw error;
  }
}

/** Removes what outlives the processes of a cluster: its containers' control groups and its folder, which knows them. */
async function removeLeftovers(folder: string): Promise<void> {
  await removeControlGroups(folder);
  await rm(folder, { recursive: true, force: true });
}

async function startRuntime(
  machine: Machine,
  folder: string,
  images: readonly ImageSpec[],
  signal?: AbortSignal,
): Promise<Containerd> {
  const containerd = await startContainerd(machine, folder, PAUSE_IMAGE, signal);
  for (const image of images) {
    await addImage(containerd, image, folder);
  }
  return containerd;
}

async function addImage(containerd: Containerd, spec: ImageSpec, folder: string): Promise<void> {
  const archive = await writeImageArchive(spec, folder);
  await containerd.importImage(archive);
  await rm(archive);
}

async function startApi(
  machine: Machine,
  folder: string,
  binaries: ClusterBinaries,
  signal?: AbortSignal,
): Promise<Identities> {
  const certificates = await makeCertificates(folder, machine.network);
  const server = `https://${machine.network.nodeAddress}:${API_SERVER_PORT}`;
  const identities = await makeIdentities(folder, server, certificates.authority);
  await startControlPlane(machine, folder, binaries, certificates, identities, signal);
  return identities;
}

async function nodeReady(kubeconfig: KubeConfig, node: NodeDaemons, signal?: AbortSignal): Promise<void> {
  const core = kubeconfig.makeApiClient(CoreV1Api);
  await until(
    async () => {
      const { status } = await core.readNode({ name: NODE_NAME });
      return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ? true : null;
    },
    {
      what: "the node is ready",
      deadlineMs: NODE_READY_DEADLINE_MS,
      check: () => {
        node.kubelet.assertRunning();
        node.kubeProxy.assertRunning();
      },
      explain: async () => `${await node.kubelet.logTail()}\n${await node.kubeProxy.logTail()}`,
      ...(signal === undefined ? {} : { signal }),
    },
  );
}
