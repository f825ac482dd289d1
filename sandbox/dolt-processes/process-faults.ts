import { join } from "node:path";
import type { DoltTargetSpec } from "../handle.ts";
import type { NodeAgent } from "../node-agent/agent.ts";
import { PodFaults } from "../pod-faults.ts";
import type { ReplicationLinks } from "./replication-links.ts";
import type { Volumes } from "./volumes.ts";

/** Faults of a target whose servers are processes of this machine. */
export class ProcessFaults extends PodFaults {
  readonly #links: ReplicationLinks;
  readonly #volumes: Volumes;

  constructor(spec: DoltTargetSpec, agent: NodeAgent, links: ReplicationLinks, volumes: Volumes) {
    super(spec, agent);
    this.#links = links;
    this.#volumes = volumes;
  }

  async partition(a: string, b: string): Promise<void> {
    this.#links.between(a, b).cut(true);
    this.#links.between(b, a).cut(true);
  }

  async rejoin(a: string, b: string): Promise<void> {
    this.#links.between(a, b).cut(false);
    this.#links.between(b, a).cut(false);
  }

  async slowReplication(from: string, to: string, delayMs: number): Promise<void> {
    this.#links.between(from, to).delay(delayMs);
  }

  async fullDisk(pod: string, on: boolean): Promise<void> {
    await this.#volumes.fill(pod, on);
  }

  protected volumeFolder(pod: string): string {
    return join(this.#volumes.folder, pod);
  }

  protected healReplication(): void {
    for (const link of this.#links.all()) {
      link.cut(false);
      link.delay(0);
    }
  }
}
