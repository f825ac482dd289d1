import { join } from "node:path";
import type { ReplicationNetwork } from "./dolt/network.ts";
import { networkName, type SimulatedDoltRuntime } from "./dolt/runtime.ts";
import type { DoltTargetSpec } from "./handle.ts";
import type { NodeAgent } from "./node-agent/agent.ts";
import { PodFaults } from "./pod-faults.ts";

/** Faults of a target whose servers are simulated in this process. */
export class SimulatedFaults extends PodFaults {
  readonly #network: ReplicationNetwork;
  readonly #runtime: SimulatedDoltRuntime;
  readonly #volumesFolder: string;

  constructor(
    spec: DoltTargetSpec,
    agent: NodeAgent,
    simulated: {
      readonly network: ReplicationNetwork;
      readonly runtime: SimulatedDoltRuntime;
      readonly volumesFolder: string;
    },
  ) {
    super(spec, agent);
    this.#network = simulated.network;
    this.#runtime = simulated.runtime;
    this.#volumesFolder = simulated.volumesFolder;
  }

  async partition(a: string, b: string): Promise<void> {
    this.#network.partition(this.#name(a), this.#name(b));
  }

  async rejoin(a: string, b: string): Promise<void> {
    this.#network.rejoin(this.#name(a), this.#name(b));
  }

  async slowReplication(from: string, to: string, delayMs: number): Promise<void> {
    this.#network.slow(this.#name(from), this.#name(to), delayMs);
  }

  async fullDisk(pod: string, on: boolean): Promise<void> {
    const volume = this.#runtime.volumeOf(this.namespace, pod);
    if (volume !== undefined) {
      volume.full = on;
    } else if (on) {
      throw new Error(`no server has run yet in pod ${this.namespace}/${pod}, so it has no disk to fill`);
    }
  }

  protected volumeFolder(pod: string): string {
    return join(this.#volumesFolder, pod);
  }

  protected healReplication(): void {
    this.#network.heal(this.pods.map((pod) => this.#name(pod)));
  }

  #name(pod: string): string {
    return networkName(this.namespace, pod);
  }
}
