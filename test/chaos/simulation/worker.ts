import { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { KubernetesIdentity } from "../../../src/adapters/kubernetes/identity.ts";
import { KubernetesTargetLeases } from "../../../src/adapters/kubernetes/target-leases.ts";
import { KubernetesWorkloads } from "../../../src/adapters/kubernetes/workloads.ts";
import { runCommandLine } from "../../../src/cli/run.ts";
import type { World } from "../../../src/cli/world.ts";
import { operationNamed } from "../../../src/operations/registry.ts";
import { noCluster } from "../../support/no-cluster.ts";
import type { Worker, WorkerEvents } from "../environment.ts";
import type { Report } from "../history.ts";
import { instrumented, readReport } from "../instrumented-world.ts";
import { Life, type Point, withPoints } from "../points.ts";
import type { SimulatedCluster } from "./cluster.ts";
import { SimulatedDoltServers } from "./dolt-servers.ts";

/** Puts lies into what a worker sees of the world: whether the checker notices shows whether it can. */
export type Tamper = (world: World) => World;

/** One process of the command line, with everything but its own code in memory. */
export class SimulatedWorker implements Worker {
  readonly life: Life;
  readonly name: string;
  /** Everything it printed. */
  printed = "";
  readonly #cluster: SimulatedCluster;
  readonly #events: WorkerEvents;
  readonly #tamper: Tamper;
  #ids = 0;

  constructor(cluster: SimulatedCluster, name: string, events: WorkerEvents, tamper: Tamper = (world) => world) {
    this.#cluster = cluster;
    this.name = name;
    this.#events = events;
    this.#tamper = tamper;
    // The kernel closes the connections of a process that is killed.
    this.life = new Life(() => cluster.sql.cutAllOf(name));
  }

  /** Runs one command line to its end, or until the process is killed (null). */
  async run(words: readonly string[]): Promise<Report | null> {
    let stdout = "";
    const terminal = {
      interactive: false,
      out: (text: string) => {
        stdout += text;
      },
      err: (text: string) => {
        this.printed += text;
      },
      ask: async () => null,
      onInterrupt: () => () => undefined,
    };
    const ended = runCommandLine([...words, "--yes", "--json"], {
      terminal,
      version: "0.0.0",
      environment: {},
      connect: () => this.#world(),
    });
    const how = await Promise.race([ended, this.life.ended]);
    if (how === "killed") return null;
    return readReport(stdout);
  }

  #world(): World {
    const { kubernetes, sql, time } = this.#cluster;
    const api = new KubernetesApi(kubernetes.kubeConfig());
    const reach = async (point: Point) => {
      await this.life.pass();
      await this.#events.reached(point);
      await this.life.pass();
    };
    const workloads: World["workloads"] = (namespaces) =>
      new KubernetesWorkloads(api, { cluster: "simulated", namespaces });
    const world: World = {
      cluster: "simulated",
      homeNamespace: "default",
      workloads,
      unannounced: async () => [],
      leases: new KubernetesTargetLeases(api, { namespaces: [] }),
      identity: new KubernetesIdentity(api),
      policy: null,
      dolt: new SimulatedDoltServers(sql, this.name),
      crate: noCluster.crate,
      crateClusters: noCluster.crateClusters,
      clock: withPoints(clockOf(time), "clock", async () => this.life.pass()),
      operationNamed,
      holder: this.name,
      newId: () => {
        this.#ids += 1;
        return `${this.name}-${this.#ids}`;
      },
      close: () => api.close(),
    };
    return instrumented(this.#tamper(world), reach, this.#events.planned);
  }
}

function clockOf(time: SimulatedCluster["time"]) {
  return {
    nowMs: () => time.nowMs(),
    monotonicMs: () => time.monotonicMs(),
    sleep: (durationMs: number, signal?: AbortSignal) => time.sleep(durationMs, signal),
  };
}
