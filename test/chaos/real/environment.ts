import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ApiException,
  AppsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from "@kubernetes/client-node";
import type { SandboxCluster } from "../../../sandbox/cluster.ts";
import { ROLE_LABEL } from "../../../sandbox/dolt-manifests.ts";
import { ReplicationLink } from "../../../sandbox/dolt-processes/replication-links.ts";
import type { DoltTarget } from "../../../sandbox/handle.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import type { Environment, FaultTargets, WorkerEvents } from "../environment.ts";
import type { End, EndNode } from "../history.ts";
import { type Act, thief } from "../scenario.ts";
import { FollowedPods } from "./pods.ts";
import { type Login, openClient, rowsOf } from "./sql.ts";
import { ProcessWorker } from "./worker.ts";

/** One target of real Dolt servers as scenarios see it, with a way of its own to the Kubernetes API, which can be cut. */
export class RealEnvironment implements Environment {
  readonly clock = systemClock;
  readonly pods: readonly string[];
  readonly target: string;
  readonly pace = { warmUpMs: 500, operationMs: 120_000, settleMs: 60_000, settleLookMs: 500, writeMs: 30_000 };
  readonly clients: Environment["clients"];
  /** Where this run's clients write; each run has a table of its own. */
  table = "app.t";
  /** The calls at which the workers are waited for. */
  points: readonly string[] = [];
  readonly #cluster: SandboxCluster;
  readonly #dolt: DoltTarget;
  readonly #core: CoreV1Api;
  readonly #apps: AppsV1Api;
  readonly #coordination: CoordinationV1Api;
  readonly #followed: FollowedPods;
  readonly #password: string;
  readonly #api: ReplicationLink;
  readonly #folder: string;
  readonly #workers: ProcessWorker[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(
    cluster: SandboxCluster,
    dolt: DoltTarget,
    parts: { kubeConfig: KubeConfig; followed: FollowedPods; password: string; api: ReplicationLink; folder: string },
  ) {
    this.#cluster = cluster;
    this.#dolt = dolt;
    this.#core = parts.kubeConfig.makeApiClient(CoreV1Api);
    this.#apps = parts.kubeConfig.makeApiClient(AppsV1Api);
    this.#coordination = parts.kubeConfig.makeApiClient(CoordinationV1Api);
    this.#followed = parts.followed;
    this.#password = parts.password;
    this.#api = parts.api;
    this.#folder = parts.folder;
    this.pods = dolt.pods;
    this.target = `${dolt.namespace}/${dolt.name}`;
    this.clients = {
      routed: () => this.#followed.routed(),
      addressOf: (pod) => this.#followed.addressOf(pod),
      connect: ({ ip }) => openClient({ ip, password: this.#password }, this.table),
    };
  }

  static async open(cluster: SandboxCluster, dolt: DoltTarget): Promise<RealEnvironment> {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    const { namespace, name } = dolt;
    const core = kubeConfig.makeApiClient(CoreV1Api);
    const { data } = await core.readNamespacedSecret({ namespace, name: `${name}-credentials` });
    const password = Buffer.from(data?.password ?? "", "base64").toString("utf8");
    const server = new URL(kubeConfig.getCurrentCluster()?.server ?? "");
    const api = new ReplicationLink(() => ({ host: server.hostname, port: Number(server.port) }));
    await api.listen("127.0.0.1", 0);
    const folder = await mkdtemp(join(tmpdir(), "handover-chaos-"));
    const followed = await FollowedPods.follow(kubeConfig, namespace, name);
    const throughLink = cluster.kubeconfig.replace(server.origin, `https://${api.address}`);
    await writeFile(join(folder, "kubeconfig"), throughLink, { mode: 0o600 });
    return new RealEnvironment(cluster, dolt, { kubeConfig, followed, password, api, folder });
  }

  newWorker(name: string, events: WorkerEvents): ProcessWorker {
    const worker = new ProcessWorker(name, join(this.#folder, "kubeconfig"), this.points, events);
    this.#workers.push(worker);
    return worker;
  }

  /** Runs a statement on one server. */
  sql(pod: string, statement: string) {
    return rowsOf(this.#login(pod), statement);
  }

  async heal(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const worker of this.#workers) worker.life.goOn();
    this.#api.cut(false);
    this.#api.delay(0);
    await this.#dolt.faults.heal();
  }

  nodes(): Promise<EndNode[]> {
    return Promise.all(
      this.pods.map(async (name): Promise<EndNode> => {
        try {
          const [identity] = await this.sql(
            name,
            "SELECT @@GLOBAL.dolt_cluster_role AS role, @@GLOBAL.dolt_cluster_role_epoch AS epoch",
          );
          const rows = await this.sql(name, `SELECT id FROM ${this.table}`).catch(() => []);
          const ids = new Set(rows.map((row) => Number(row.id)));
          return { name, role: String(identity?.role), epoch: Number(identity?.epoch), ids };
        } catch {
          return { name, role: null, epoch: null, ids: new Set<number>() };
        }
      }),
    );
  }

  async labelled(): Promise<string[]> {
    const { namespace } = this.#dolt;
    const { items } = await this.#core.listNamespacedPod({ namespace, labelSelector: `${ROLE_LABEL}=primary` });
    return items.map(({ metadata }) => metadata?.name ?? "").filter((name) => this.pods.includes(name));
  }

  async lease(): Promise<End["lease"]> {
    const { namespace } = this.#dolt;
    try {
      const { spec, metadata } = await this.#coordination.readNamespacedLease({ namespace, name: this.#leaseName });
      const open = Object.keys(metadata?.annotations ?? {}).some((key) => key.endsWith("/execution"));
      return { holder: spec?.holderIdentity || null, open };
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) return null;
      throw error;
    }
  }

  async perform(act: Act, { worker, podOf, startRival }: FaultTargets): Promise<void> {
    const { faults, namespace } = this.#dolt;
    switch (act.kind) {
      case "kill worker":
        return worker.life.kill();
      case "stop worker":
        worker.life.stop();
        return this.#later(act.forMs, async () => worker.life.goOn());
      case "kill":
        return await faults.kill(podOf(act.part));
      case "crash": {
        const pod = podOf(act.part);
        this.#later(act.forMs, () => faults.crashLoop(pod, false));
        return await faults.crashLoop(pod, true);
      }
      case "freeze": {
        const pod = podOf(act.part);
        await faults.freeze(pod);
        return this.#later(act.forMs, () => faults.thaw(pod));
      }
      case "empty volume":
        return await faults.emptyVolume(podOf(act.part));
      case "delete pod":
        await this.#core.deleteNamespacedPod({ namespace, name: podOf(act.part) });
        return;
      case "slow":
        return await faults.slowReplication(podOf(act.from), podOf(act.to), act.delayMs);
      case "partition": {
        const [a, b] = [podOf(act.a), podOf(act.b)];
        await faults.partition(a, b);
        return this.#later(act.forMs, () => faults.rejoin(a, b));
      }
      case "isolate": {
        const pod = podOf(act.part);
        const others = this.pods.filter((other) => other !== pod);
        await Promise.all(others.map((other) => faults.partition(pod, other)));
        return this.#later(act.forMs, async () => {
          await Promise.all(others.map((other) => faults.rejoin(pod, other)));
        });
      }
      case "cut clients":
        return await this.#killConnections(podOf(act.part));
      case "cut worker": {
        const pod = podOf(act.part);
        return this.#later(act.afterMs, () => this.#killConnections(pod));
      }
      case "api":
        if (act.reach === "refused") this.#api.cut(true);
        else this.#api.delay(act.forMs);
        return this.#later(act.forMs, async () => {
          this.#api.cut(false);
          this.#api.delay(0);
        });
      case "api refuses":
        return this.#cluster.apiFaults.failNext({ path: new RegExp(`/${namespace}/`) }, act.code, act.times);
      case "api answers lost":
        // What is under way is cut off: asked or not, done or not, nobody hears.
        return this.#later(act.times * 2, async () => {
          this.#api.cut(true);
          this.#later(30, async () => this.#api.cut(false));
        });
      case "label":
        return await this.#label(podOf(act.part), act.value);
      case "second primary":
        return await this.#makePrimary(podOf(act.part), podOf("old"));
      case "lease stolen":
        return await this.#stealLease();
      case "rival worker":
        return startRival();
    }
  }

  /** By a role procedure, as somebody does by hand, at the epoch above the first one's. */
  async #makePrimary(pod: string, first: string): Promise<void> {
    const nodes = await this.nodes();
    const epoch = nodes.find(({ name }) => name === first)?.epoch ?? 1;
    await this.sql(pod, `CALL dolt_assume_cluster_role('primary', ${epoch + 1})`);
  }

  /** Deletes the StatefulSet; its pods go with it. */
  async deleteTarget(): Promise<void> {
    const { namespace, name } = this.#dolt;
    await this.#apps.deleteNamespacedStatefulSet({ namespace, name });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#workers.map((worker) => worker.close()));
    await this.#followed.close();
    await this.#api.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #leaseName(): string {
    return `handover-${this.#dolt.name}`;
  }

  #login(pod: string): Login {
    const address = this.#followed.addressOf(pod);
    if (address === null) throw new Error(`${pod} has no address`);
    return { ip: address.ip, password: this.#password };
  }

  /** Every connection but the one that asks, the worker's and the clients' alike: the server does not tell them apart. */
  async #killConnections(pod: string): Promise<void> {
    const ids = (await this.sql(pod, "SHOW PROCESSLIST")).map((row) => Number(row.Id));
    for (const id of ids) await this.sql(pod, `KILL ${id}`).catch(() => undefined);
  }

  async #label(name: string, value: string): Promise<void> {
    const { namespace } = this.#dolt;
    const body = { metadata: { labels: { [ROLE_LABEL]: value } } };
    await this.#core.patchNamespacedPod(
      { namespace, name, body },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
  }

  async #stealLease(): Promise<void> {
    const { namespace } = this.#dolt;
    const body = { spec: { holderIdentity: thief } };
    await this.#coordination
      .patchNamespacedLease(
        { namespace, name: this.#leaseName, body },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      )
      .catch((error: unknown) => {
        if (!(error instanceof ApiException && error.code === 404)) throw error;
      });
  }

  #later(afterMs: number | null, act: () => Promise<void>): void {
    if (afterMs === null) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // A pod that is gone by then has nothing to be ended.
      act().catch(() => undefined);
    }, afterMs);
    this.#timers.add(timer);
  }
}
