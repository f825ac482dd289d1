import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { systemClock } from "../src/adapters/clock.ts";
import type { Clock } from "../src/ports/clock.ts";
import { WithCrate } from "./crate-runtime.ts";
import { type CrateTarget, type CrateTargetSpec, createCrateTarget } from "./crate-target.ts";
import { ProcessServers } from "./dolt-processes/process-servers.ts";
import type { DoltServers } from "./dolt-servers.ts";
import type { ClusterHandle } from "./handle.ts";
import { type KubernetesFaults, startKubernetesApi } from "./kubernetes/api.ts";
import { NodeAgent, type NodePace } from "./node-agent/agent.ts";
import { podLogsIn } from "./pod-logs.ts";
import { SimulatedServers } from "./simulated-servers.ts";
import { makeTempFolder } from "./temp-folder.ts";

export interface SandboxClusterOptions extends NodePace {
  /** Port of the Kubernetes API. Default: a free one. */
  readonly port?: number;
  /** The simulated servers'. Default: the system's. */
  readonly clock?: Clock;
  /** Path of a `dolt` binary, which the pods then really run, each a process. Default: simulated servers. Linux only. */
  readonly doltBinary?: string;
  /** With `doltBinary`: size of each pod's volume, which can then be filled (`faults.fullDisk`). Takes root. Default: a plain folder. */
  readonly volumeBytes?: number;
}

/** A cluster within this process: a Kubernetes API, its controllers and one node. Its Dolt servers are simulated, or processes. */
export interface SandboxCluster extends ClusterHandle {
  readonly kind: "sandbox";
  /** Kubeconfig (YAML text) of any user with any groups, who may do what RBAC gives them; it works while the cluster runs. */
  kubeconfigFor(user: string, groups: readonly string[]): string;
  /** Faults of the API itself. */
  readonly apiFaults: KubernetesFaults;
  /** Creates the StatefulSets, Services and pods of a simulated CrateDB cluster, and waits until its nodes are one. */
  createCrateTarget(spec: CrateTargetSpec): Promise<CrateTarget>;
}

/** @throws {Error} when the port is taken or the given binary cannot be run */
export async function startSandboxCluster(options: SandboxClusterOptions = {}): Promise<SandboxCluster> {
  const { port, clock, doltBinary, volumeBytes, ...pace } = options;
  const folder = await makeTempFolder("handover-sandbox-");
  // The last first: servers end before the volumes and links they use.
  const undo: (() => Promise<void>)[] = [() => folder.remove()];
  const close = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      await step();
    }
  };
  try {
    const logFolder = await subfolder(folder.path, "logs");
    const servers = await doltServers(folder.path, logFolder, { clock, doltBinary, volumeBytes });
    undo.push(() => servers.close());
    const api = await startKubernetesApi({ podLogs: podLogsIn(logFolder), ...(port === undefined ? {} : { port }) });
    undo.push(() => api.close());
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(api.kubeconfig());
    const runtime = new WithCrate(servers.runtime, { clock: clock ?? systemClock, logFolder });
    const agent = await NodeAgent.start({
      kubeConfig,
      runtime,
      folder: await subfolder(folder.path, "node"),
      ...pace,
    });
    undo.push(() => agent.close());
    return {
      kind: "sandbox",
      kubeconfig: api.kubeconfig(),
      kubeconfigFor: (name, groups) => api.kubeconfig({ name, groups }),
      apiFaults: api.faults,
      createDoltTarget: (spec) => servers.createTarget(spec, { kubeConfig, agent }),
      createCrateTarget: (spec) => createCrateTarget(spec, { kubeConfig, agent, runtime: runtime.crate }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface DoltServersOptions {
  readonly clock: Clock | undefined;
  readonly doltBinary: string | undefined;
  readonly volumeBytes: number | undefined;
}

async function doltServers(folder: string, logFolder: string, options: DoltServersOptions): Promise<DoltServers> {
  const volumesFolder = await subfolder(folder, "volumes");
  const { doltBinary: binary, volumeBytes } = options;
  if (binary === undefined) {
    return new SimulatedServers(options.clock ?? systemClock, volumesFolder, logFolder);
  }
  return ProcessServers.prepare({ binary, volumeBytes, volumesFolder, logFolder });
}

async function subfolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}
