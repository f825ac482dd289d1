import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { posix } from "node:path";
import { createSecureContext } from "node:tls";
import type { Clock } from "../../src/ports/clock.ts";
import type {
  ContainerExit,
  ContainerRuntime,
  ContainerSignal,
  ContainerSpec,
  RunningContainer,
} from "../node-agent/runtime.ts";
import { appendLogLine } from "../pod-logs.ts";
import { parseServerConfig, type ServerConfig } from "./cluster/config.ts";
import { Volume } from "./engine/volume.ts";
import type { ReplicationNetwork } from "./network.ts";
import type { OfferedTls } from "./protocol/sql-connection.ts";
import { type SimulatedDolt, startSimulatedDolt } from "./server.ts";

/** In a volume's folder: names the simulated disk it stands for. Gone with the folder's contents, as a real server's data is. */
const VOLUME_MARK = "simulated-dolt-volume";

export interface SimulatedDoltRuntimeOptions {
  readonly clock: Clock;
  readonly network: ReplicationNetwork;
  /** Where each container says what a server would; without it nothing is kept. */
  readonly logFolder?: string;
}

/**
 * Runs pods whose command is `dolt sql-server --config FILE` as simulated servers in this process, each on its pod's own
 * address. On the replication network a server is known as `NAMESPACE/POD`; see `networkName`.
 */
export class SimulatedDoltRuntime implements ContainerRuntime {
  readonly #options: SimulatedDoltRuntimeOptions;
  readonly #running = new Set<SimulatedContainer>();
  /** By the mark in their folder. */
  readonly #volumes = new Map<string, Volume>();
  /** By the server's name on the network. */
  readonly #lastVolumes = new Map<string, Volume>();

  constructor(options: SimulatedDoltRuntimeOptions) {
    this.#options = options;
  }

  async start(spec: ContainerSpec): Promise<RunningContainer> {
    const configPath = configArgument(spec);
    const yaml = await readFile(folderPath(spec, configPath), "utf8");
    const config = parseServerConfig(expandVariables(yaml, spec.env));
    const volume = await this.#openVolume(spec);
    const name = networkName(spec.pod.namespace, spec.pod.name);
    this.#lastVolumes.set(name, volume);
    if (volume.full) return ENDED;
    const server = await startSimulatedDolt({
      name,
      config,
      // A process that listens on every address would take the port from the other pods of this machine.
      host: spec.pod.ip,
      volume,
      network: this.#options.network,
      clock: this.#options.clock,
      rootHost: spec.env.DOLT_ROOT_HOST ?? "localhost",
      rootPassword: spec.env.DOLT_ROOT_PASSWORD ?? "",
      answersTo: (host) => namesPod(host, spec),
      ...(config.tls === undefined ? {} : { tls: await readTls(config.tls, spec) }),
    });
    const container = new SimulatedContainer(server);
    this.#running.add(container);
    const { logFolder } = this.#options;
    if (logFolder !== undefined) await appendLogLine(logFolder, spec, "Server ready. Accepting connections.");
    void container.exited.then(() => this.#running.delete(container));
    return container;
  }

  /** The disk on which a pod's server runs, or ran last, for instance to fill it; undefined when none ever ran. */
  volumeOf(namespace: string, pod: string): Volume | undefined {
    return this.#lastVolumes.get(networkName(namespace, pod));
  }

  async close(): Promise<void> {
    const running = [...this.#running];
    for (const container of running) container.signal("SIGKILL");
    await Promise.all(running.map((container) => container.exited));
  }

  /** The simulated disk behind a container's data folder; the same one as long as the folder keeps its contents. */
  async #openVolume(spec: ContainerSpec): Promise<Volume> {
    const dataPath = spec.env.DOLT_ROOT_PATH ?? spec.workingDir ?? "/";
    const mark = posix.join(folderPath(spec, dataPath), VOLUME_MARK);
    const known = this.#volumes.get(await readFile(mark, "utf8").catch(() => ""));
    if (known !== undefined) return known;
    const id = randomUUID();
    const volume = new Volume();
    this.#volumes.set(id, volume);
    await writeFile(mark, id);
    return volume;
  }
}

/** The name of a pod's server on the replication network, for partitions and delays. */
export function networkName(namespace: string, pod: string): string {
  return `${namespace}/${pod}`;
}

/** A server whose disk is full starts and ends at once, as the real one does. */
const ENDED: RunningContainer = {
  exited: Promise.resolve({ exitCode: 1, signal: null }),
  signal: () => undefined,
  stopped: async () => undefined,
  ready: async () => false,
};

class SimulatedContainer implements RunningContainer {
  readonly exited: Promise<ContainerExit>;
  readonly #server: SimulatedDolt;
  readonly #ended = Promise.withResolvers<ContainerExit>();

  constructor(server: SimulatedDolt) {
    this.#server = server;
    this.exited = this.#ended.promise;
    void server.crashed.then(() => this.#ended.resolve({ exitCode: 1, signal: null }));
  }

  /** The simulator stops where it stands, within `signal`. */
  async stopped(): Promise<void> {}

  signal(signal: ContainerSignal): void {
    switch (signal) {
      case "SIGSTOP":
        this.#server.freeze();
        return;
      case "SIGCONT":
        this.#server.thaw();
        return;
      case "SIGTERM":
        // A stopped process takes no SIGTERM until it goes on.
        void this.#server.thawed().then(() => this.#end({ exitCode: 0, signal: null }));
        return;
      case "SIGKILL":
        void this.#end({ exitCode: 137, signal: "SIGKILL" });
        return;
    }
  }

  async ready(signal: AbortSignal): Promise<boolean> {
    return await this.#server.answers(signal);
  }

  async #end(exit: ContainerExit): Promise<void> {
    await this.#server.kill();
    this.#ended.resolve(exit);
  }
}

async function readTls(
  { certificate, key, isRequired }: NonNullable<ServerConfig["tls"]>,
  spec: ContainerSpec,
): Promise<OfferedTls> {
  const [cert, privateKey] = await Promise.all(
    [certificate, key].map((path) => readFile(folderPath(spec, path), "utf8")),
  );
  return { context: createSecureContext({ cert, key: privateKey }), isRequired };
}

/** The file after `--config`. Throws for any other command, as a machine without that program would. */
function configArgument(spec: ContainerSpec): string {
  const [program, subcommand, ...args] = spec.command;
  const at = args.findIndex((arg) => arg === "--config" || arg.startsWith("--config="));
  const value = args[at]?.startsWith("--config=") ? args[at]?.slice("--config=".length) : args[at + 1];
  if (
    program === undefined ||
    posix.basename(program) !== "dolt" ||
    subcommand !== "sql-server" ||
    at === -1 ||
    value === undefined
  ) {
    throw new Error(
      `container ${spec.name} of pod ${spec.pod.name} runs "${spec.command.join(" ")}"; the simulated runtime runs only "dolt sql-server --config FILE"`,
    );
  }
  return value;
}

/** Where a path of the container lies on this machine. Throws when no mount holds it. */
function folderPath(spec: ContainerSpec, path: string): string {
  const absolute = posix.resolve(spec.workingDir ?? "/", path);
  const mount = spec.mounts
    .toSorted((a, b) => b.mountPath.length - a.mountPath.length)
    .find(({ mountPath }) => absolute === mountPath || absolute.startsWith(`${mountPath}/`));
  if (mount === undefined) {
    throw new Error(`container ${spec.name} of pod ${spec.pod.name} has no volume mounted at ${absolute}`);
  }
  return mount.folder + absolute.slice(mount.mountPath.length);
}

/** Dolt puts environment variables in place of `${NAME}` in its configuration; an unset one is an error. */
function expandVariables(yaml: string, env: Readonly<Record<string, string>>): string {
  return yaml.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (written, name: string) => {
    const value = env[name];
    if (value === undefined) throw new Error(`the configuration names ${written}, which is not set`);
    return value;
  });
}

/**
 * Whether a replication URL's host means this pod: its address, its host name, or a name that DNS would lead to it, be it
 * through the headless Service (`POD.SERVICE.NAMESPACE…`) or through a Service of the pod's own (`POD-repl.NAMESPACE…`).
 */
function namesPod(host: string, spec: ContainerSpec): boolean {
  if (host === spec.pod.ip) return true;
  const [first, ...domain] = host.split(".");
  const isPod = first === spec.pod.name || first === spec.pod.hostname || first === `${spec.pod.name}-repl`;
  return isPod && (domain.length < 2 || domain.includes(spec.pod.namespace));
}
