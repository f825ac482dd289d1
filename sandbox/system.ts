import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import type { WrittenGroup, WrittenPolicy } from "../src/domain/policy/written.ts";
import { newSigningKeys } from "./keys.ts";
import type { SlackWorkspace } from "./slack/workspace.ts";
import { hasEnded, killAndWait, spawnTied, waitForLine } from "./tied-process.ts";

/** Start-up takes 2 s as a rule; this is for a machine that builds meanwhile. */
const startDeadlineMs = 90_000;
const stopDeadlineMs = 30_000;
const root = join(import.meta.dirname, "..");

export interface SystemOptions {
  readonly slack: SlackWorkspace;
  /** Address of a Redis that may be shared with nobody else; `redis` where tests have faults for it. */
  readonly redisUrl: string;
  /** A kubeconfig (YAML) for the worker: the administrator's, or one with the project's own Role. */
  readonly kubeconfig: string;
  readonly namespaces: readonly string[];
  /** Name of the cluster, as people see it. */
  readonly cluster: string;
  readonly policy: WrittenPolicy;
  /** Names of people, for the policy. */
  readonly groups?: Readonly<Record<string, WrittenGroup>>;
  /** More variables for edge and worker. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Port of the edge; 0 for a free one. */
  readonly edgePort?: number;
  readonly leaseSeconds?: number;
}

/** The edge and the workers as processes of their own, on a Slack, a Redis and a Kubernetes API that are there already. */
export class System {
  readonly #options: SystemOptions;
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #edgeKey: string;
  #edgeAddress: string | null = null;
  readonly #children = new Set<ChildProcess>();

  private constructor(options: SystemOptions, folder: string, keys: { edge: string; cluster: string }) {
    this.#options = options;
    this.#folder = folder;
    this.#edgeKey = keys.edge;
    this.#environment = {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      REDIS_URL: options.redisUrl,
      SLACK_BOT_TOKEN: options.slack.botToken,
      SLACK_API_URL: options.slack.apiUrl,
      SLACK_SIGNING_SECRET: options.slack.signingSecret,
      HANDOVER_CONFIG: join(folder, "handover.yaml"),
      HANDOVER_CLUSTER: options.cluster,
      HANDOVER_CLUSTER_KEY: keys.cluster,
      HANDOVER_NAMESPACES: options.namespaces.join(","),
      HANDOVER_LEASE_SECONDS: String(options.leaseSeconds ?? 15),
      HANDOVER_HEALTH_PORT: "0",
      KUBECONFIG: join(folder, "kubeconfig"),
      ...options.environment,
    };
  }

  /** Writes the configuration with keys of its own; starts nothing yet. */
  static async prepare(options: SystemOptions): Promise<System> {
    const folder = await mkdtemp(join(tmpdir(), "handover-system-"));
    const edge = newSigningKeys();
    const cluster = newSigningKeys();
    const configuration = {
      version: 1,
      slack: { teamId: options.slack.teamId },
      clusters: [
        { name: options.cluster, channel: options.slack.channels["db-ops"].id, publicKey: cluster.publicText },
      ],
      edge: { publicKeys: [edge.publicText] },
      groups: options.groups ?? {},
      policy: options.policy,
      redis: { durability: "replicated" },
    };
    await writeFile(join(folder, "handover.yaml"), stringify(configuration));
    await writeFile(join(folder, "kubeconfig"), options.kubeconfig, { mode: 0o600 });
    return new System(options, folder, { edge: edge.privateText, cluster: cluster.privateText });
  }

  /** What a process of this system is started with; tests add their own faults to it. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  /** Where the edge that was started last takes what Slack sends. */
  get edgeAddress(): string {
    if (this.#edgeAddress === null) throw new Error("no edge was started yet");
    return this.#edgeAddress;
  }

  /** What an edge of this system is started with. */
  get edgeEnvironment(): Readonly<Record<string, string>> {
    return { ...this.#environment, HANDOVER_EDGE_KEY: this.#edgeKey };
  }

  /**
   * Starts an edge over HTTP, and points Slack to it.
   * @param main the file to run, from the root of the project; tests of lost wake-ups have one that dies at a chosen point
   */
  async startEdge(
    environment: Readonly<Record<string, string>> = {},
    main = "src/edge/node-main.ts",
  ): Promise<RunningProcess> {
    const port = String(this.#options.edgePort ?? 0);
    const started = await this.#start(
      main,
      { HANDOVER_EDGE_KEY: this.#edgeKey, HOST: "127.0.0.1", PORT: port, ...environment },
      (line) => line.includes("the edge listens"),
    );
    const said = edgeListens.parse(JSON.parse(started.line));
    this.#edgeAddress = `http://127.0.0.1:${said.port}/slack/events`;
    this.#options.slack.setRequestUrl(this.#edgeAddress);
    return started.process;
  }

  /**
   * Starts a worker, and waits until it has told the edge which targets it sees.
   * @param main the file to run, from the root of the project; tests of recovery have one that dies at a chosen point
   * @param sees targets (`NAMESPACE/NAME`) that it has to see before it counts as started: those that are being created meanwhile
   */
  async startWorker(
    environment: Readonly<Record<string, string>> = {},
    main = "src/worker/main.ts",
    sees: readonly string[] = [],
  ): Promise<RunningProcess> {
    const { cluster } = this.#options;
    const started = await this.#start(
      main,
      environment,
      (line) => line.includes("targets seen") && sees.every((target) => line.includes(`"${cluster}/${target}"`)),
    );
    return started.process;
  }

  /** Ends every process of the system and removes its folder. Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => killAndWait(child)));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #start(
    main: string,
    environment: Readonly<Record<string, string>>,
    isReady: (line: string) => boolean,
  ): Promise<{ process: RunningProcess; line: string }> {
    const child = spawnTied(process.execPath, [join(root, main)], {
      cwd: this.#folder,
      env: { ...this.#environment, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    try {
      return { line: await waitForLine(child, isReady, startDeadlineMs), process: new RunningProcess(child) };
    } catch (error) {
      await killAndWait(child);
      throw error;
    }
  }
}

/** The line by which an edge says that it is ready. */
const edgeListens = z.object({ port: z.int() });

/** One process of the system. */
export class RunningProcess {
  /** Resolves when it has ended, for whatever reason, to how it did. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  #printed = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    const how = () => child.signalCode ?? `exit code ${child.exitCode}`;
    this.ended = hasEnded(child)
      ? Promise.resolve(how())
      : new Promise((resolve) => child.once("exit", () => resolve(how())));
    const collect = (chunk: Buffer) => {
      this.#printed = (this.#printed + chunk.toString("utf8")).slice(-200_000);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
  }

  /** What it has printed since it was ready; for the message of a failed test. */
  get printed(): string {
    return this.#printed;
  }

  /** SIGKILL, as in a crash. */
  kill(): Promise<void> {
    return killAndWait(this.#child);
  }

  /** SIGTERM, and waits until it has ended; SIGKILL after a deadline. Resolves to its exit code. */
  async stop(): Promise<number | null> {
    if (hasEnded(this.#child)) return this.#child.exitCode;
    const ended = new Promise<number | null>((resolve) => this.#child.once("exit", (code) => resolve(code)));
    this.#child.kill("SIGTERM");
    const late = setTimeout(() => this.#child.kill("SIGKILL"), stopDeadlineMs);
    try {
      return await ended;
    } finally {
      clearTimeout(late);
    }
  }
}
