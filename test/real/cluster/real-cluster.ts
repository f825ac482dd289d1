import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { doltObjects, doltPods, REPLICATION_PORT } from "../../../sandbox/dolt-manifests.ts";
import { bringUpDoltTarget, podAddress } from "../../../sandbox/dolt-target.ts";
import type { ClusterHandle, DoltTarget, DoltTargetSpec } from "../../../sandbox/handle.ts";
import { NodeAgent } from "../../../sandbox/node-agent/agent.ts";
import type { RestartTimes } from "../../../sandbox/node-agent/back-off.ts";
import { ProcessRuntime } from "../../../sandbox/node-agent/process-runtime.ts";
import { ensurePart } from "../../parts/build.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { ProcessFaults } from "./dolt-faults.ts";
import { ReplicationLinks } from "./replication-links.ts";
import { answersQuery } from "./sql-ready.ts";
import { makeTempFolder } from "./temp-folder.ts";
import { Volumes } from "./volumes.ts";

/** Three servers are ready and caught up about 2 s after their creation; this is for a machine that builds meanwhile. */
const TARGET_DEADLINE_MS = 60_000;

export interface RealClusterOptions {
  /** How long a new pod takes before its containers start. Default 0; on real nodes it is seconds. */
  readonly startDelayMs?: number;
  /** Default: the kubelet's. */
  readonly restartTimes?: RestartTimes;
  /** Size of each pod's volume, which can then be filled (`faults.fullDisk`). Takes root. Default: a plain folder. */
  readonly volumeBytes?: number;
}

/** A cluster of real processes: etcd, kube-apiserver, kube-controller-manager, our node agent, and Dolt servers. */
export interface RealCluster extends ClusterHandle {
  readonly kind: "real";
  /** Kubeconfig (YAML text) of any user with any groups, who may do what RBAC gives them; it works while the cluster runs. */
  kubeconfigFor(user: string, groups: readonly string[]): string;
  /** Folder of the servers' logs, for whoever looks into a failure before `close()`. */
  readonly logFolder: string;
}

/** Starts the cluster; the first time on a machine its parts are built, which takes minutes. */
export async function startRealCluster(options: RealClusterOptions = {}): Promise<RealCluster> {
  const dolt = await ensurePart("dolt");
  const temp = await makeTempFolder("handover-real-");
  const folder = temp.path;
  const undo: (() => Promise<void> | void)[] = [() => temp.remove()];
  const close = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      await step();
    }
  };
  try {
    const controlPlane = await startControlPlane(await subfolder(folder, "control-plane"));
    undo.push(() => controlPlane.close());
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(controlPlane.kubeconfig);
    const logFolder = await subfolder(folder, "logs");
    const agent = await NodeAgent.start({
      kubeConfig,
      runtime: new ProcessRuntime({ programs: { dolt }, logFolder, ready: answersQuery }),
      folder: await subfolder(folder, "node"),
      ...(options.startDelayMs === undefined ? {} : { startDelayMs: options.startDelayMs }),
      ...(options.restartTimes === undefined ? {} : { restartTimes: options.restartTimes }),
    });
    undo.push(() => agent.close());
    const createDoltTarget = (spec: DoltTargetSpec) =>
      startTarget(spec, { kubeConfig, agent, folder, undo, volumeBytes: options.volumeBytes });
    return handle(controlPlane, logFolder, createDoltTarget, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function handle(
  { kubeconfig, kubeconfigFor }: ControlPlane,
  logFolder: string,
  createDoltTarget: (spec: DoltTargetSpec) => Promise<DoltTarget>,
  close: () => Promise<void>,
): RealCluster {
  return { kind: "real", kubeconfig, kubeconfigFor, logFolder, createDoltTarget, close };
}

interface TargetGround {
  readonly kubeConfig: KubeConfig;
  readonly agent: NodeAgent;
  readonly folder: string;
  /** What has to be undone when the cluster closes, the last first. */
  readonly undo: (() => Promise<void> | void)[];
  readonly volumeBytes: number | undefined;
}

async function startTarget(spec: DoltTargetSpec, ground: TargetGround): Promise<DoltTarget> {
  const { kubeConfig, agent, folder, undo } = ground;
  const pods = doltPods(spec);
  const links = await ReplicationLinks.open(pods, (pod) => {
    const host = agent.worker(spec.namespace, pod)?.ip;
    return host === undefined ? undefined : { host, port: REPLICATION_PORT };
  });
  const volumes = new Volumes(join(folder, "volumes", spec.namespace, spec.name), ground.volumeBytes);
  // Before the agent, which still has servers on the volumes: so that it ends first.
  undo.splice(1, 0, async () => {
    await links.close();
    volumes.close();
  });
  await volumes.prepare(pods);
  const rootPassword = randomBytes(12).toString("base64url");
  const objects = doltObjects(spec, {
    image: "dolt",
    volumesFolder: volumes.folder,
    // Every pod has the same ports on an address of its own; Dolt itself puts the address in.
    listenAddress: `\${POD_IP}`,
    replicationAddress: (from, to) => links.between(from, to).address,
    rootPassword,
  });
  const signal = AbortSignal.timeout(TARGET_DEADLINE_MS);
  await bringUpDoltTarget({ kubeConfig, spec, objects, rootPassword, signal });
  return {
    namespace: spec.namespace,
    name: spec.name,
    pods,
    address: (pod) => podAddress(kubeConfig, spec.namespace, pod),
    faults: new ProcessFaults(spec, agent, links, volumes),
  };
}

async function subfolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}
