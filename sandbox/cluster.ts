import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { systemClock } from "../src/adapters/clock.ts";
import type { Clock } from "../src/ports/clock.ts";
import { ReplicationNetwork } from "./dolt/network.ts";
import { SimulatedDoltRuntime } from "./dolt/runtime.ts";
import { doltObjects, doltPods, replicationServiceAddress } from "./dolt-manifests.ts";
import { bringUpDoltTarget, podAddress } from "./dolt-target.ts";
import type { ClusterHandle, DoltTarget, DoltTargetSpec } from "./handle.ts";
import { type KubernetesApi, type KubernetesFaults, startKubernetesApi } from "./kubernetes/api.ts";
import { NodeAgent } from "./node-agent/agent.ts";
import type { RestartTimes } from "./node-agent/back-off.ts";
import { SimulatedFaults } from "./simulated-faults.ts";

/** Three servers are ready and caught up in well under a second; this is for a machine that does something else meanwhile. */
const TARGET_DEADLINE_MS = 30_000;

export interface SandboxClusterOptions {
  /** Port of the Kubernetes API. Default: a free one. */
  readonly port?: number;
  /** How long a new pod takes before its containers start. Default 0; on real nodes it is seconds. */
  readonly startDelayMs?: number;
  /** Default: the kubelet's. */
  readonly restartTimes?: RestartTimes;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** A cluster within this process: a Kubernetes API, its controllers, one node, and Dolt servers that are simulated. */
export interface SandboxCluster extends ClusterHandle {
  readonly kind: "sandbox";
  /** Kubeconfig (YAML text) of any user with any groups, who may do what RBAC gives them; it works while the cluster runs. */
  kubeconfigFor(user: string, groups: readonly string[]): string;
  /** Faults of the API itself. */
  readonly apiFaults: KubernetesFaults;
}

export async function startSandboxCluster(options: SandboxClusterOptions = {}): Promise<SandboxCluster> {
  const folder = await mkdtemp(join(tmpdir(), "handover-sandbox-"));
  const removeAtExit = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeAtExit);
  const undo: (() => Promise<void>)[] = [
    async () => {
      process.off("exit", removeAtExit);
      await rm(folder, { recursive: true, force: true });
    },
  ];
  const close = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      await step();
    }
  };
  try {
    const api = await startKubernetesApi(options.port === undefined ? {} : { port: options.port });
    undo.push(() => api.close());
    const ground = await startNode(api, folder, options, undo);
    return {
      kind: "sandbox",
      kubeconfig: api.kubeconfig(),
      kubeconfigFor: (name, groups) => api.kubeconfig({ name, groups }),
      apiFaults: api.faults,
      createDoltTarget: (spec) => startTarget(spec, ground),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Ground {
  readonly kubeConfig: KubeConfig;
  readonly agent: NodeAgent;
  readonly network: ReplicationNetwork;
  readonly runtime: SimulatedDoltRuntime;
  readonly folder: string;
}

async function startNode(
  api: KubernetesApi,
  folder: string,
  options: SandboxClusterOptions,
  undo: (() => Promise<void>)[],
): Promise<Ground> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(api.kubeconfig());
  const clock = options.clock ?? systemClock;
  const network = new ReplicationNetwork(clock);
  const runtime = new SimulatedDoltRuntime({ clock, network });
  const nodeFolder = join(folder, "node");
  await mkdir(nodeFolder);
  const agent = await NodeAgent.start({
    kubeConfig,
    runtime,
    folder: nodeFolder,
    ...(options.startDelayMs === undefined ? {} : { startDelayMs: options.startDelayMs }),
    ...(options.restartTimes === undefined ? {} : { restartTimes: options.restartTimes }),
  });
  undo.push(() => agent.close());
  return { kubeConfig, agent, network, runtime, folder };
}

async function startTarget(spec: DoltTargetSpec, ground: Ground): Promise<DoltTarget> {
  const { kubeConfig, folder } = ground;
  const rootPassword = randomBytes(12).toString("base64url");
  const volumesFolder = join(folder, "volumes", spec.namespace, spec.name);
  await mkdir(volumesFolder, { recursive: true });
  const objects = doltObjects(spec, {
    image: "dolt",
    volumesFolder,
    // Every pod has the same ports on an address of its own; the server itself puts the address in.
    listenAddress: `\${POD_IP}`,
    replicationAddress: (_from, to) => replicationServiceAddress(spec.namespace, to),
    rootPassword,
  });
  const signal = AbortSignal.timeout(TARGET_DEADLINE_MS);
  await bringUpDoltTarget({ kubeConfig, spec, objects, rootPassword, signal });
  return {
    namespace: spec.namespace,
    name: spec.name,
    pods: doltPods(spec),
    address: (pod) => podAddress(kubeConfig, spec.namespace, pod),
    faults: new SimulatedFaults(spec, ground),
  };
}
