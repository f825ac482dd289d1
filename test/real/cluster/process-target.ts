import { randomBytes } from "node:crypto";
import type { KubeConfig } from "@kubernetes/client-node";
import { doltObjects, doltPods, REPLICATION_PORT } from "../../../sandbox/dolt-manifests.ts";
import { bringUpDoltTarget, podAddress } from "../../../sandbox/dolt-target.ts";
import type { DoltFaults, DoltTarget, DoltTargetSpec } from "../../../sandbox/handle.ts";
import type { NodeAgent } from "../../../sandbox/node-agent/agent.ts";
import { ProcessFaults } from "./dolt-faults.ts";
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
  readonly #kubeConfig: KubeConfig;
  readonly #links: ReplicationLinks;
  readonly #volumes: Volumes;

  private constructor(
    spec: DoltTargetSpec,
    kubeConfig: KubeConfig,
    agent: NodeAgent,
    links: ReplicationLinks,
    volumes: Volumes,
  ) {
    this.namespace = spec.namespace;
    this.name = spec.name;
    this.pods = doltPods(spec);
    this.faults = new ProcessFaults(spec, agent, links, volumes);
    this.#spec = spec;
    this.#kubeConfig = kubeConfig;
    this.#links = links;
    this.#volumes = volumes;
  }

  /** Opens the links; `close()` is due from here on. */
  static async open(
    spec: DoltTargetSpec,
    kubeConfig: KubeConfig,
    agent: NodeAgent,
    volumes: Volumes,
  ): Promise<ProcessTarget> {
    const links = await ReplicationLinks.open(doltPods(spec), (pod) => {
      const host = agent.worker(spec.namespace, pod)?.ip;
      return host === undefined ? undefined : { host, port: REPLICATION_PORT };
    });
    return new ProcessTarget(spec, kubeConfig, agent, links, volumes);
  }

  /** Creates the target and waits until its servers answer and have replicated once. */
  async bringUp(): Promise<void> {
    await this.#volumes.prepare(this.pods);
    const rootPassword = randomBytes(12).toString("base64url");
    const objects = doltObjects(this.#spec, {
      image: "dolt",
      volumesFolder: this.#volumes.folder,
      // Every pod has the same ports on an address of its own; Dolt itself puts the address in.
      listenAddress: `\${POD_IP}`,
      replicationAddress: (from, to) => this.#links.between(from, to).address,
      rootPassword,
    });
    const signal = AbortSignal.timeout(BRING_UP_DEADLINE_MS);
    await bringUpDoltTarget({ kubeConfig: this.#kubeConfig, spec: this.#spec, objects, rootPassword, signal });
  }

  address(pod: string): Promise<{ host: string; port: number }> {
    return podAddress(this.#kubeConfig, this.namespace, pod);
  }

  /** Closes the links and unmounts the volumes; the servers must have ended. */
  async close(): Promise<void> {
    await this.#links.close();
    this.#volumes.close();
  }
}
