import { doltPods, REPLICATION_PORT } from "../dolt-manifests.ts";
import type { DoltNode } from "../dolt-servers.ts";
import { podAddress } from "../dolt-target.ts";
import type { DoltFaults, DoltTarget, DoltTargetSpec } from "../handle.ts";
import { bringUpOnNode } from "../node-target.ts";
import { ProcessFaults } from "./process-faults.ts";
import { ReplicationLinks } from "./replication-links.ts";
import type { Volumes } from "./volumes.ts";

/** Three servers are ready and caught up about 2 s after their creation; this is for a machine that builds meanwhile. */
const BRING_UP_DEADLINE_MS = 60_000;

/** A Dolt target whose servers are processes, each pair of them joined by links that can be cut and slowed. */
export class ProcessTarget implements DoltTarget {
  readonly namespace: string;
  readonly name: string;
  readonly pods: readonly string[];
  readonly faults: DoltFaults;
  readonly #spec: DoltTargetSpec;
  readonly #node: DoltNode;
  readonly #links: ReplicationLinks;
  readonly #volumes: Volumes;

  private constructor(spec: DoltTargetSpec, node: DoltNode, links: ReplicationLinks, volumes: Volumes) {
    this.namespace = spec.namespace;
    this.name = spec.name;
    this.pods = doltPods(spec);
    this.faults = new ProcessFaults(spec, node.agent, links, volumes);
    this.#spec = spec;
    this.#node = node;
    this.#links = links;
    this.#volumes = volumes;
  }

  /** Opens the links; `close()` is due from here on. */
  static async open(spec: DoltTargetSpec, node: DoltNode, volumes: Volumes): Promise<ProcessTarget> {
    const links = await ReplicationLinks.open(doltPods(spec), (pod) => {
      const host = node.agent.worker(spec.namespace, pod)?.ip;
      return host === undefined ? undefined : { host, port: REPLICATION_PORT };
    });
    return new ProcessTarget(spec, node, links, volumes);
  }

  /** Creates the target and waits until its servers answer and have replicated once. */
  async bringUp(): Promise<void> {
    await this.#volumes.prepare(this.pods);
    await bringUpOnNode({
      spec: this.#spec,
      node: this.#node,
      volumesFolder: this.#volumes.folder,
      replicationAddress: (from, to) => this.#links.between(from, to).address,
      deadlineMs: BRING_UP_DEADLINE_MS,
    });
  }

  address(pod: string): Promise<{ host: string; port: number }> {
    return podAddress(this.#node.kubeConfig, this.namespace, pod);
  }

  /** Closes the links and unmounts the volumes; the servers must have ended. */
  async close(): Promise<void> {
    await this.#links.close();
    this.#volumes.close();
  }
}
