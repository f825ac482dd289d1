import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { ensurePart } from "../../parts/build.ts";
import { Lane } from "./lane.ts";

/** Containers that were killed come back soon, or a run would be mostly waiting for the kubelet's back-off. */
const restartTimes = { firstWaitMs: 300, longestWaitMs: 2_000, forgetAfterMs: 60_000 };

/** Real Dolt servers under the sandbox's Kubernetes API, for any number of lanes side by side. */
export class RealServers {
  readonly #cluster: SandboxCluster;
  #lanes = 0;

  private constructor(cluster: SandboxCluster) {
    this.#cluster = cluster;
  }

  /** The first time on a machine Dolt is built, which takes minutes. */
  static async start(): Promise<RealServers> {
    return new RealServers(await startSandboxCluster({ doltBinary: await ensurePart("dolt"), restartTimes }));
  }

  newLane(): Lane {
    this.#lanes += 1;
    return new Lane(this.#cluster, `lane${this.#lanes}`);
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }
}
