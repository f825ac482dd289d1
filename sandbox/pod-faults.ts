import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { doltPods } from "./dolt-manifests.ts";
import type { DoltFaults, DoltTargetSpec } from "./handle.ts";
import type { NodeAgent } from "./node-agent/agent.ts";
import type { PodWorker } from "./node-agent/pod-worker.ts";

/** Faults of a target whose pods a node agent runs: those that hit a container are the same whatever runs in it. */
export abstract class PodFaults implements DoltFaults {
  protected readonly namespace: string;
  protected readonly pods: readonly string[];
  readonly #agent: NodeAgent;

  constructor(spec: DoltTargetSpec, agent: NodeAgent) {
    this.namespace = spec.namespace;
    this.pods = doltPods(spec);
    this.#agent = agent;
  }

  abstract partition(a: string, b: string): Promise<void>;
  abstract rejoin(a: string, b: string): Promise<void>;
  abstract slowReplication(from: string, to: string, delayMs: number): Promise<void>;
  abstract fullDisk(pod: string, on: boolean): Promise<void>;
  /** The folder that stands for the pod's volume. */
  protected abstract volumeFolder(pod: string): string;
  /** Ends every partition and delay between the target's pods. */
  protected abstract healReplication(): void;

  async kill(pod: string): Promise<void> {
    await this.#worker(pod).kill();
  }

  async crashLoop(pod: string, on: boolean): Promise<void> {
    await this.#agent.crash(this.namespace, pod, on);
  }

  async freeze(pod: string): Promise<void> {
    await this.#worker(pod).freeze();
  }

  async thaw(pod: string): Promise<void> {
    this.#worker(pod).thaw();
  }

  /** What starts meanwhile is killed at once, so that nothing writes while the folder is emptied. */
  async emptyVolume(pod: string): Promise<void> {
    await this.crashLoop(pod, true);
    const folder = this.volumeFolder(pod);
    for (const entry of await readdir(folder)) {
      await rm(join(folder, entry), { recursive: true, force: true });
    }
    await this.crashLoop(pod, false);
  }

  async heal(): Promise<void> {
    this.healReplication();
    for (const pod of this.pods) {
      await this.fullDisk(pod, false);
      this.#agent.worker(this.namespace, pod)?.thaw();
      await this.crashLoop(pod, false);
    }
  }

  #worker(pod: string): PodWorker {
    const worker = this.#agent.worker(this.namespace, pod);
    if (worker === undefined) {
      throw new Error(`pod ${this.namespace}/${pod} does not run, so nothing can happen to it`);
    }
    return worker;
  }
}
