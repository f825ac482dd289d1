import { posix } from "node:path";
import type { Clock } from "../src/ports/clock.ts";
import { DC_UTIL_VARIABLE } from "./crate-manifests.ts";
import { dcUtilPostStart, dcUtilPreStop } from "./cratedb/dc-util.ts";
import type { Job } from "./cratedb/engine/jobs.ts";
import { type CrateClusterOptions, SimulatedCrateCluster } from "./cratedb/model/cluster.ts";
import type { CrateNodeSpec } from "./cratedb/model/types.ts";
import { SimulatedCrateNode } from "./cratedb/node.ts";
import type {
  ContainerExit,
  ContainerRuntime,
  ContainerSignal,
  ContainerSpec,
  RunningContainer,
} from "./node-agent/runtime.ts";
import { appendLogLine } from "./pod-logs.ts";

export interface SimulatedCrateRuntimeOptions {
  readonly clock: Clock;
  /** Where each container says what a node would; without it nothing is kept. */
  readonly logFolder?: string;
}

interface KnownCluster {
  readonly cluster: SimulatedCrateCluster;
  readonly jobs: Map<string, Job>;
  /** Whether somebody else owns `allocation.enable` now, so that dc_util leaves it alone. */
  isRoutingOwned: () => Promise<boolean>;
}

/**
 * Runs containers whose command starts CrateDB (`/docker-entrypoint.sh crate -C…`) as simulated nodes in this process, each on
 * its pod's own address. Pods of one namespace with one `cluster.name` are one cluster; it outlives them, as their volumes do.
 */
export class SimulatedCrateRuntime implements ContainerRuntime {
  readonly #options: SimulatedCrateRuntimeOptions;
  readonly #clusters = new Map<string, KnownCluster>();
  readonly #running = new Set<CrateContainer>();

  constructor(options: SimulatedCrateRuntimeOptions) {
    this.#options = options;
  }

  /** Whether a container is one of CrateDB. */
  static runs({ command }: ContainerSpec): boolean {
    return command.slice(0, 2).some((word) => posix.basename(word) === "crate");
  }

  /** The cluster before any of its nodes has started. Throws when it is there already. */
  prepare(
    namespace: string,
    options: Omit<CrateClusterOptions, "clock">,
    isRoutingOwned: () => Promise<boolean> = async () => false,
  ): SimulatedCrateCluster {
    const key = `${namespace}/${options.name}`;
    if (this.#clusters.has(key)) throw new Error(`the CrateDB cluster ${key} is there already`);
    const cluster = new SimulatedCrateCluster({ ...options, clock: this.#options.clock });
    this.#clusters.set(key, { cluster, jobs: new Map(), isRoutingOwned });
    return cluster;
  }

  async start(spec: ContainerSpec): Promise<RunningContainer> {
    const settings = startUpSettings(spec);
    const name = settings["cluster.name"] ?? "crate";
    const key = `${spec.pod.namespace}/${name}`;
    if (!this.#clusters.has(key)) this.prepare(spec.pod.namespace, { name });
    const known = this.#clusters.get(key);
    if (known === undefined) throw new Error(`no cluster ${key}`);
    const { cluster, jobs } = known;
    const port = Number(
      settings["http.port"] ?? spec.ports.find(({ name: port }) => port === "http")?.containerPort ?? 4200,
    );
    const node = await SimulatedCrateNode.start({
      cluster,
      jobs,
      clock: this.#options.clock,
      // A process that listens on every address would take the port from the other pods of this machine.
      host: spec.pod.ip,
      port,
      spec: nodeSpec(spec, settings),
    });
    const hasDcUtil = spec.env[DC_UTIL_VARIABLE] === "1";
    const container = new CrateContainer(node, async () => {
      if (hasDcUtil) await dcUtilPreStop(known, node);
    });
    this.#running.add(container);
    void container.exited.then(() => this.#running.delete(container));
    const { logFolder } = this.#options;
    if (logFolder !== undefined) await appendLogLine(logFolder, spec, `[${settings["node.name"]}] started`);
    if (hasDcUtil) await dcUtilPostStart(known);
    return container;
  }

  async close(): Promise<void> {
    const running = [...this.#running];
    for (const container of running) container.signal("SIGKILL");
    await Promise.all(running.map((container) => container.exited));
  }
}

/** Containers of CrateDB are simulated, all others run as they would. */
export class WithCrate implements ContainerRuntime {
  readonly crate: SimulatedCrateRuntime;
  readonly #others: ContainerRuntime;

  constructor(others: ContainerRuntime, options: SimulatedCrateRuntimeOptions) {
    this.#others = others;
    this.crate = new SimulatedCrateRuntime(options);
  }

  start(spec: ContainerSpec): Promise<RunningContainer> {
    return SimulatedCrateRuntime.runs(spec) ? this.crate.start(spec) : this.#others.start(spec);
  }

  async close(): Promise<void> {
    await Promise.all([this.crate.close(), this.#others.close()]);
  }
}

class CrateContainer implements RunningContainer {
  readonly exited: Promise<ContainerExit>;
  readonly #node: SimulatedCrateNode;
  readonly #preStop: () => Promise<void>;
  readonly #ended = Promise.withResolvers<ContainerExit>();
  #isStopping = false;

  constructor(node: SimulatedCrateNode, preStop: () => Promise<void>) {
    this.#node = node;
    this.#preStop = preStop;
    this.exited = this.#ended.promise;
    void node.left.then(() => this.#ended.resolve({ exitCode: 0, signal: null }));
  }

  /** The simulator stops where it stands, within `signal`. */
  async stopped(): Promise<void> {}

  signal(signal: ContainerSignal): void {
    switch (signal) {
      case "SIGSTOP":
        this.#node.freeze();
        return;
      case "SIGCONT":
        this.#node.thaw();
        return;
      case "SIGTERM":
        if (!this.#isStopping) void this.#stop();
        this.#isStopping = true;
        return;
      case "SIGKILL":
        void this.#end({ exitCode: 137, signal: "SIGKILL" });
        return;
    }
  }

  ready(signal: AbortSignal): Promise<boolean> {
    return this.#node.answers(signal);
  }

  /** A stopped process takes no SIGTERM until it goes on; the hook comes before it. */
  async #stop(): Promise<void> {
    await this.#node.thawed();
    // A hook that fails is passed over (`|| true`).
    await this.#preStop().catch(() => {});
    await this.#end({ exitCode: 143, signal: null });
  }

  async #end(exit: ContainerExit): Promise<void> {
    await this.#node.kill();
    this.#ended.resolve(exit);
  }
}

/** `-Cname=value`, wherever it stands. What the entrypoint's shell puts in for the pod's ordinal is put in here. */
function startUpSettings({ command, pod }: ContainerSpec): Record<string, string> {
  const settings = command.flatMap((item) => {
    const [, name, value] = /^-C([^=]+)=([\s\S]*)$/.exec(item) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  const ordinal = pod.hostname.split("-").at(-1) ?? "";
  return Object.fromEntries(settings.map(([name, value]) => [name, value.replace(/\$\(hostname\b[^)]*\)/g, ordinal)]));
}

function nodeSpec(spec: ContainerSpec, settings: Readonly<Record<string, string>>): Omit<CrateNodeSpec, "restUrl"> {
  const attributes = Object.entries(settings).filter(([name]) => name.startsWith("node.attr."));
  return {
    name: settings["node.name"] ?? spec.pod.name,
    isMasterEligible: settings["node.master"] !== "false",
    holdsData: settings["node.data"] !== "false",
    attributes: Object.fromEntries(attributes.map(([name, value]) => [name.slice("node.attr.".length), value])),
    arguments: settings,
    version: /:(\d+\.\d+\.\d+)/.exec(spec.image)?.[1] ?? "6.4.1",
    hostname: spec.pod.hostname,
  };
}
