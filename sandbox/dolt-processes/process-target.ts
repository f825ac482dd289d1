import { doltPods, REPLICATION_PORT } from "../dolt-manifests.ts";
import type { DoltNode } from "../dolt-servers.ts";
import { createReplicationServices, podAddress } from "../dolt-target.ts";
import type { DoltFaults, DoltTarget, DoltTargetSpec } from "../handle.ts";
import { bringUpOnNode } from "../node-target.ts";
import { ProcessFaults } from "./process-faults.ts";
import { ReplicationLinks } from "./replication-links.ts";
import { ReplicationServices } from "./replication-services.ts";
import type { Volumes } from "./volumes.ts";

/** Three servers are ready and caught up about 2 s after their creation; this is for a machine that builds meanwhile. */
const BRING_UP_DEADLINE_MS = 60_000;

/** Set in each server's environment: the port to which it sends what it replicates (replication-links.ts). */
const PORT_VARIABLE = "REPLICATION_LINK_PORT";

/**
 * A Dolt target whose servers are processes, each pair of them joined by links that can be cut and slowed. A remote's host is
 * the ClusterIP of its pod's own Service, as an operator may write it where nothing resolves names.
 */
export class ProcessTarget implements DoltTarget {
  readonly namespace: string;
  readonly name: string;
  readonly pods: readonly string[];
  readonly faults: DoltFaults;
  readonly #spec: DoltTargetSpec;
  readonly #node: DoltNode;
  readonly #links: ReplicationLinks;
  readonly #volumes: Volumes;
  #services: ReplicationServices | null = null;

  /** `close()` is due from here on. */
  constructor(spec: DoltTargetSpec, node: DoltNode, volumes: Volumes) {
    this.namespace = spec.namespace;
    this.name = spec.name;
    this.pods = doltPods(spec);
    this.#links = new ReplicationLinks((pod) => {
      const host = node.agent.worker(spec.namespace, pod)?.ip;
      return host === undefined ? undefined : { host, port: REPLICATION_PORT };
    });
    this.faults = new ProcessFaults(spec, node.agent, this.#links, volumes);
    this.#spec = spec;
    this.#node = node;
    this.#volumes = volumes;
  }

  /** Creates the target and waits until its servers answer and have replicated once. */
  async bringUp(): Promise<void> {
    await this.#volumes.prepare(this.pods);
    const hosts = await createReplicationServices(this.#node.kubeConfig, this.#spec);
    this.#services = await ReplicationServices.follow(this.#node.kubeConfig, this.#spec, this.#links);
    await bringUpOnNode({
      spec: this.#spec,
      node: this.#node,
      volumesFolder: this.#volumes.folder,
      replicationAddress: (_from, to) => `${hosts.get(to) ?? to}:\${${PORT_VARIABLE}}`,
      deadlineMs: BRING_UP_DEADLINE_MS,
    });
  }

  /** What one of its servers needs in its environment, a pod that was added later as well; null: it is none of its pods. */
  async environmentOf(namespace: string, pod: string): Promise<Record<string, string> | null> {
    const ordinal = pod.startsWith(`${this.name}-`) ? pod.slice(this.name.length + 1) : "";
    if (namespace !== this.namespace || !/^\d+$/.test(ordinal)) return null;
    return { [PORT_VARIABLE]: String(await this.#links.portOf(pod)) };
  }

  address(pod: string): Promise<{ host: string; port: number }> {
    return podAddress(this.#node.kubeConfig, this.namespace, pod, this.#spec.sqlPort);
  }

  /** Closes the links and unmounts the volumes; the servers must have ended. */
  async close(): Promise<void> {
    await this.#services?.close();
    await this.#links.close();
    this.#volumes.close();
  }
}
