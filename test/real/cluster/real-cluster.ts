import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { WithCrate } from "../../../sandbox/crate-runtime.ts";
import { type CrateTarget, type CrateTargetSpec, createCrateTarget } from "../../../sandbox/crate-target.ts";
import { ProcessServers } from "../../../sandbox/dolt-processes/process-servers.ts";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { NodeAgent, type NodePace } from "../../../sandbox/node-agent/agent.ts";
import { makeTempFolder } from "../../../sandbox/temp-folder.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import { ensurePart } from "../../parts/build.ts";
import { startControlPlane } from "./control-plane.ts";

export interface RealClusterOptions extends NodePace {
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
  /** CrateDB's nodes are simulated here too: no registry has it. */
  createCrateTarget(spec: CrateTargetSpec): Promise<CrateTarget>;
}

/** Starts the cluster; the first time on a machine its parts are built, which takes minutes. */
export async function startRealCluster(options: RealClusterOptions = {}): Promise<RealCluster> {
  const { volumeBytes, ...pace } = options;
  const binary = await ensurePart("dolt");
  const temp = await makeTempFolder("handover-real-");
  const folder = temp.path;
  // The last first: servers end before the volumes and links they use.
  const undo: (() => Promise<void>)[] = [() => temp.remove()];
  const close = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      await step();
    }
  };
  try {
    const logFolder = await subfolder(folder, "logs");
    const volumesFolder = join(folder, "volumes");
    const servers = await ProcessServers.prepare({
      binary,
      volumeBytes,
      volumesFolder,
      logFolder,
    });
    undo.push(() => servers.close());
    const controlPlane = await startControlPlane(await subfolder(folder, "control-plane"));
    undo.push(() => controlPlane.close());
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(controlPlane.kubeconfig);
    const runtime = new WithCrate(servers.runtime, { clock: systemClock, logFolder });
    const agent = await NodeAgent.start({
      kubeConfig,
      runtime,
      folder: await subfolder(folder, "node"),
      ...pace,
    });
    undo.push(() => agent.close());
    const { kubeconfig, kubeconfigFor } = controlPlane;
    return {
      kind: "real",
      kubeconfig,
      kubeconfigFor,
      logFolder,
      createDoltTarget: (spec) => servers.createTarget(spec, { kubeConfig, agent }),
      createCrateTarget: (spec) => createCrateTarget(spec, { kubeConfig, agent, runtime: runtime.crate }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function subfolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}
