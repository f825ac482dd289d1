import { doltPods } from "../../../sandbox/dolt-manifests.ts";
import type { DoltFaults, DoltTargetSpec } from "../../../sandbox/handle.ts";
import type { NodeAgent } from "../../../sandbox/node-agent/agent.ts";
import type { PodWorker } from "../../../sandbox/node-agent/pod-worker.ts";
import type { ReplicationLinks } from "./replication-links.ts";
import type { Volumes } from "./volumes.ts";

/** Faults of a target whose servers are processes of this machine. */
export class ProcessFaults implements DoltFaults {
  readonly #spec: DoltTargetSpec;
  readonly #agent: NodeAgent;
  readonly #links: ReplicationLinks;
  readonly #volumes: Volumes;

  constructor(spec: DoltTargetSpec, agent: NodeAgent, links: ReplicationLinks, volumes: Volumes) {
    this.#spec = spec;
    this.#agent = agent;
    this.#links = links;
    this.#volumes = volumes;
  }

  async kill(pod: string): Promise<void> {
    await this.#worker(pod).kill();
  }

  async crashLoop(pod: string, on: boolean): Promise<void> {
    await this.#agent.crash(this.#spec.namespace, pod, on);
  }

  async freeze(pod: string): Promise<void> {
    this.#worker(pod).freeze();
  }

  async thaw(pod: string): Promise<void> {
    this.#worker(pod).thaw();
  }

  async partition(a: string, b: string): Promise<void> {
    this.#links.between(a, b).cut(true);
    this.#links.between(b, a).cut(true);
  }

  async slowReplication(from: string, to: string, delayMs: number): Promise<void> {
    this.#links.between(from, to).delay(delayMs);
  }

  async fullDisk(pod: string, on: boolean): Promise<void> {
    await this.#volumes.fill(pod, on);
  }

  async heal(): Promise<void> {
    for (const link of this.#links.all()) {
      link.cut(false);
      link.delay(0);
    }
    for (const pod of doltPods(this.#spec)) {
      await this.#volumes.fill(pod, false);
      this.#agent.worker(this.#spec.namespace, pod)?.thaw();
      await this.#agent.crash(this.#spec.namespace, pod, false);
    }
  }

  #worker(pod: string): PodWorker {
    const worker = this.#agent.worker(this.#spec.namespace, pod);
    if (worker === undefined) {
      throw new Error(`pod ${this.#spec.namespace}/${pod} does not run, so nothing can happen to it`);
    }
    return worker;
  }
}
