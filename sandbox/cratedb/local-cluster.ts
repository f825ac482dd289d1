import { systemClock } from "../../src/adapters/clock.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { CrateAccess, CrateAddress } from "../../src/ports/crate-servers.ts";
import type { Job } from "./engine/jobs.ts";
import { type CratePace, SimulatedCrateCluster } from "./model/cluster.ts";
import type { CrateNodeSpec } from "./model/types.ts";
import { SimulatedCrateNode } from "./node.ts";
import { type CrateTableSeed, seedTable } from "./seed.ts";

export interface LocalNodeSpec {
  /** `data-hot-0`, `master-0`. */
  readonly name: string;
  readonly isMasterEligible?: boolean;
  readonly holdsData?: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly arguments?: Readonly<Record<string, string>>;
}

export interface LocalCrateOptions {
  /** Names, or more of each. Default three that are data and master-eligible. */
  readonly nodes?: readonly (string | LocalNodeSpec)[];
  readonly tables?: readonly CrateTableSeed[];
  readonly clock?: Clock;
  readonly pace?: Partial<CratePace>;
  readonly diskBytes?: number;
  readonly version?: string;
}

/** As whom a superuser speaks to a simulated cluster. */
export const superuserAccess: CrateAccess = {
  username: "crate",
  password: "",
  source: "the test",
  connectBy: "ip",
  tls: null,
};

/** A simulated cluster without any Kubernetes: nodes on ports of 127.0.0.1, started and ended by hand. */
export class LocalCrate {
  readonly cluster: SimulatedCrateCluster;
  readonly #options: LocalCrateOptions;
  readonly #clock: Clock;
  readonly #jobs = new Map<string, Job>();
  readonly #specs = new Map<string, LocalNodeSpec>();
  readonly #nodes = new Map<string, SimulatedCrateNode>();
  readonly #ports = new Map<string, number>();

  private constructor(options: LocalCrateOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { pace, diskBytes } = options;
    this.cluster = new SimulatedCrateCluster({
      name: "metrics",
      clock: this.#clock,
      ...(pace === undefined ? {} : { pace }),
      ...(diskBytes === undefined ? {} : { diskBytes }),
    });
  }

  static async start(options: LocalCrateOptions = {}): Promise<LocalCrate> {
    const local = new LocalCrate(options);
    const nodes = options.nodes ?? ["data-hot-0", "data-hot-1", "data-hot-2"];
    const specs = nodes.map((node) => (typeof node === "string" ? { name: node } : node));
    for (const spec of specs) local.#specs.set(spec.name, spec);
    for (const spec of specs) await local.startNode(spec);
    for (const table of options.tables ?? []) seedTable(local.cluster, table);
    return local;
  }

  /** Starts a node, or starts one again that ended: on the port that it had. */
  async startNode(spec: LocalNodeSpec): Promise<SimulatedCrateNode> {
    this.#specs.set(spec.name, spec);
    const node = await SimulatedCrateNode.start({
      cluster: this.cluster,
      clock: this.#clock,
      jobs: this.#jobs,
      host: "127.0.0.1",
      port: this.#ports.get(spec.name) ?? 0,
      spec: this.#nodeSpec(spec),
    });
    this.#nodes.set(spec.name, node);
    this.#ports.set(spec.name, node.address.port);
    return node;
  }

  node(name: string): SimulatedCrateNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name} was started`);
    return node;
  }

  /** Of all nodes that were ever started, also of those that have ended. */
  addresses(): CrateAddress[] {
    return [...this.#ports].map(([name, port]) => ({ name, host: "127.0.0.1", port }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.kill()));
  }

  #nodeSpec(spec: LocalNodeSpec): Omit<CrateNodeSpec, "restUrl"> {
    const isMasterEligible = spec.isMasterEligible ?? true;
    const eligible = [...this.#specs.values()].filter((one) => one.isMasterEligible ?? true);
    return {
      name: spec.name,
      isMasterEligible,
      holdsData: spec.holdsData ?? true,
      attributes: spec.attributes ?? {},
      arguments: { "cluster.initial_master_nodes": eligible.map(({ name }) => name).join(","), ...spec.arguments },
      version: this.#options.version ?? "6.4.1",
      hostname: spec.name,
    };
  }
}
