import type { ReplicationNetwork } from "./dolt/network.ts";
import { networkName, type SimulatedDoltRuntime } from "./dolt/runtime.ts";
import { doltPods } from "./dolt-manifests.ts";
import type { DoltFaults, DoltTargetSpec } from "./handle.ts";
import type { NodeAgent } from "./node-agent/agent.ts";
import type { PodWorker } from "./node-agent/pod-worker.ts";

export interface SimulatedFaultsGround {
  readonly agent: NodeAgent;
  readonly network: ReplicationNetwork;
  readonly runtime: SimulatedDoltRuntime;
}

/** Faults of a target whose servers are simulated in this process. */
export class SimulatedFaults implements DoltFaults {
  readonly #spec: DoltTargetSpec;
  readonly #ground: SimulatedFaultsGround;

  constructor(spec: DoltTargetSpec, ground: SimulatedFaultsGround) {
    this.#spec = spec;
    this.#ground = ground;
  }

  async kill(pod: string): Promise<void> {
    await this.#worker(pod).kill();
  }

  async crashLoop(pod: string, on: boolean): Promise<void> {
    await this.#ground.agent.crash(this.#spec.namespace, pod, on);
  }

  async freeze(pod: string): Promise<void> {
    this.#worker(pod).freeze();
  }

  async thaw(pod: string): Promise<void> {
    this.#worker(pod).thaw();
  }

  async partition(a: string, b: string): Promise<void> {
    this.#ground.network.partition(this.#name(a), this.#name(b));
  }

  async slowReplication(from: string, to: string, delayMs: number): Promise<void> {
    this.#ground.network.slow(this.#name(from), this.#name(to), delayMs);
  }

  async fullDisk(pod: string, on: boolean): Promise<void> {
    const volume = this.#ground.runtime.volumeOf(this.#spec.namespace, pod);
    if (volume === undefined) {
      throw new Error(`no server has run yet in pod ${this.#spec.namespace}/${pod}, so it has no disk to fill`);
    }
    volume.full = on;
  }

  async heal(): Promise<void> {
    const { namespace } = this.#spec;
    const { agent, network, runtime } = this.#ground;
    const pods = doltPods(this.#spec);
    network.heal(pods.map((pod) => this.#name(pod)));
    for (const pod of pods) {
      const volume = runtime.volumeOf(namespace, pod);
      if (volume !== undefined) {
        volume.full = false;
      }
      agent.worker(namespace, pod)?.thaw();
      await agent.crash(namespace, pod, false);
    }
  }

  #name(pod: string): string {
    return networkName(this.#spec.namespace, pod);
  }

  #worker(pod: string): PodWorker {
    const worker = this.#ground.agent.worker(this.#spec.namespace, pod);
    if (worker === undefined) {
      throw new Error(`pod ${this.#spec.namespace}/${pod} does not run, so nothing can happen to it`);
    }
    return worker;
  }
}
