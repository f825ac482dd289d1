import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../src/ports/clock.ts";
import { ReplicationNetwork } from "./dolt/network.ts";
import { SimulatedDoltRuntime } from "./dolt/runtime.ts";
import { doltPods, replicationServiceAddress } from "./dolt-manifests.ts";
import type { DoltNode, DoltServers } from "./dolt-servers.ts";
import { podAddress } from "./dolt-target.ts";
import type { DoltTarget, DoltTargetSpec } from "./handle.ts";
import { bringUpOnNode } from "./node-target.ts";
import { SimulatedFaults } from "./simulated-faults.ts";

/** Three servers are ready and caught up in well under a second; this is for a machine that does something else meanwhile. */
const BRING_UP_DEADLINE_MS = 30_000;

/** Dolt servers that are simulated in this process. */
export class SimulatedServers implements DoltServers {
  readonly runtime: SimulatedDoltRuntime;
  readonly #network: ReplicationNetwork;
  readonly #volumesFolder: string;

  constructor(clock: Clock, volumesFolder: string, logFolder: string) {
    this.#network = new ReplicationNetwork(clock);
    this.#volumesFolder = volumesFolder;
    this.runtime = new SimulatedDoltRuntime({ clock, network: this.#network, logFolder });
  }

  async createTarget(spec: DoltTargetSpec, node: DoltNode): Promise<DoltTarget> {
    const { namespace, name } = spec;
    const volumesFolder = join(this.#volumesFolder, namespace, name);
    await mkdir(volumesFolder, { recursive: true });
    await bringUpOnNode({
      spec,
      node,
      volumesFolder,
      replicationAddress: (_from, to) => replicationServiceAddress(namespace, to),
      deadlineMs: BRING_UP_DEADLINE_MS,
    });
    return {
      namespace,
      name,
      pods: doltPods(spec),
      address: (pod) => podAddress(node.kubeConfig, namespace, pod, spec.sqlPort),
      faults: new SimulatedFaults(spec, node.agent, { network: this.#network, runtime: this.runtime, volumesFolder }),
    };
  }

  /** The servers were everything. */
  async close(): Promise<void> {}
}
