import { fail } from "../../../../../src/domain/errors.ts";
import type { OperationContext } from "../../../../../src/operations/operation.ts";
import type { Clock } from "../../../../../src/ports/clock.ts";
import type {
  CrateClusters,
  CrateClusterView,
  CrateRight,
  CrateSetView,
  CronJobView,
  DeploymentView,
  JobView,
} from "../../../../../src/ports/crate-clusters.ts";
import {
  type CrateCluster,
  CrateError,
  type CrateNode,
  type CrateState,
  type Health,
  type NodeCheck,
  type SnapshotWork,
  type TableHealth,
} from "../../../../../src/ports/crate-servers.ts";
import type { SettingValue } from "../../../../../src/ports/crate-settings.ts";
import type { PodView, Workloads } from "../../../../../src/ports/workloads.ts";
import { noCluster } from "../../../../support/no-cluster.ts";

export interface WorldPod {
  uid: string;
  createdAtMs: number;
  readyAtMs: number;
  /** When it has ended; null: it is not on its way out. */
  endsAtMs: number | null;
  revision: string;
  /** Whether its postStart hook has run. */
  hasStarted: boolean;
}

export interface WorldSet {
  name: string;
  role: "master" | "data";
  group: string;
  replicas: number;
  pods: Map<number, WorldPod>;
  annotations: Record<string, string>;
  labels: Record<string, string>;
  preStop: string[] | null;
  gracePeriodSeconds: number;
  rollsFromOrdinal: number | null;
  updateRevision: string;
  owner: string | null;
  deletesVolumes: boolean;
  command: string[];
}

export const dcUtilHook = ["/bin/sh", "-c", "./dc_util-linux --min-availability PRIMARIES --timeout 20s || true"];

const endMs = 4_000;
const startMs = 6_000;
const recoveryMs = 3_000;
const allocation = "cluster.routing.allocation.enable";

const defaults: Readonly<Record<string, SettingValue>> = {
  [allocation]: "all",
  "cluster.graceful_stop.min_availability": "primaries",
  "cluster.graceful_stop.timeout": "7200000ms",
  "cluster.graceful_stop.force": false,
};

/** What happens to one write: nothing is heard of it, or of its answer, by a process that is dead then; or its answer is lost. */
export type WriteFault = "die-before" | "die-after" | "lose-answer";

/**
 * A CrateDB cluster and the Kubernetes objects around it, in memory, in a time of its own that goes on while somebody sleeps. It keeps a
 * list of everything that must never happen.
 */
export class CrateWorld {
  readonly sets: WorldSet[];
  cronJobs: CronJobView[] = [];
  deployments: DeploymentView[] = [];
  jobs: (JobView & { endsAtMs: number })[] = [];
  snapshots: { name: string; endsAtMs: number }[] = [];
  checks: NodeCheck[] = [];
  readonly transient = new Map<string, SettingValue>();
  readonly persistent = new Map<string, SettingValue>();
  /** Nodes that were away and whose copies are not complete yet, and since when they may recover. */
  readonly #stale = new Map<string, number | null>();
  /** What must never happen and did. */
  readonly violations: string[] = [];
  /** How often each pod was ended. */
  readonly ended = new Map<string, number>();
  readonly written: string[] = [];
  /** By the number of the write, from 1. */
  faults = new Map<number, WriteFault>();
  /** Pods whose successors never become Ready. */
  readonly crashing = new Set<string>();
  /** How often the next evictions are refused. */
  refusals = 0;
  /** Every so often a backup starts, as far as its CronJob is not suspended; null: never. */
  backupEveryMs: number | null = null;
  missingRights: CrateRight[] = [];
  /** Nobody answers SQL. */
  silent = false;
  /** True for the time of a suspend: pods end without `primaries`. */
  expectsHold = true;
  #nextBackupMs = 0;
  #ms = 1_800_000_000_000;
  #uids = 0;
  #writes = 0;
  #version = 1;
  #died = Promise.withResolvers<"dead">();
  #isDead = false;

  constructor(shape: { masters?: number; groups?: Readonly<Record<string, number>>; preStop?: string[] | null } = {}) {
    const { masters = 3, groups = { hot: 3 }, preStop = dcUtilHook } = shape;
    const set = (name: string, role: "master" | "data", group: string, replicas: number): WorldSet => ({
      name,
      role,
      group,
      replicas,
      pods: new Map(),
      annotations: {},
      labels: { "app.kubernetes.io/name": "metrics" },
      preStop,
      gracePeriodSeconds: 60,
      rollsFromOrdinal: null,
      updateRevision: `${name}-1`,
      owner: null,
      deletesVolumes: false,
      command: ["crate"],
    });
    this.sets = [
      ...(masters === 0 ? [] : [set("crate-master-metrics", "master", "masters", masters)]),
      ...Object.entries(groups).map(([group, count]) => set(`crate-data-${group}-metrics`, "data", group, count)),
    ];
    this.#settle();
    this.#ms += startMs;
    this.#settle();
    this.ended.clear();
  }

  /** Resolves when a fault has ended the process. */
  get died(): Promise<"dead"> {
    return this.#died.promise;
  }

  get writes(): number {
    return this.#writes;
  }

  /** Another process, with faults of its own; the time goes on meanwhile. */
  async revive(faults: ReadonlyMap<number, WriteFault> = new Map()): Promise<void> {
    this.#isDead = false;
    this.#died = Promise.withResolvers<"dead">();
    this.#writes = 0;
    this.faults = new Map(faults);
    this.#pass(15_000);
  }

  now(): number {
    return this.#ms;
  }

  /** Lets time go on until nothing changes any more by itself. */
  rest(): void {
    for (let piece = 0; piece < 120; piece += 1) this.#pass(1_000);
  }

  readonly clock: Clock = {
    nowMs: () => this.#ms,
    monotonicMs: () => this.#ms,
    sleep: async (durationMs, signal) => {
      if (this.#isDead) return await new Promise<void>(() => undefined);
      signal?.throwIfAborted();
      this.#pass(durationMs);
      // Real timers run too, now and then: a signal that was meant to end it does.
      if (this.#ms % 5_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    },
  };

  context(signal: AbortSignal = new AbortController().signal): OperationContext {
    return {
      ...noCluster,
      target: { namespace: "db", workload: "metrics" },
      targetName: "metrics",
      workloads: this.#workloads(),
      crateClusters: this.#clusters(),
      crate: { open: () => this.#database() },
      clock: this.clock,
      signal,
      surface: "terminal",
    };
  }

  /** What is left at the end, for comparing one end with another. */
  state() {
    return {
      transient: Object.fromEntries(this.transient),
      persistent: Object.fromEntries(this.persistent),
      sets: this.sets.map(({ name, replicas, annotations, labels, pods }) => ({
        name,
        replicas,
        annotations: { ...annotations },
        labels: { ...labels },
        pods: pods.size,
      })),
      cronJobs: this.cronJobs.map(({ name, suspended, annotations }) => ({ name, suspended, annotations })),
      deployments: this.deployments.map(({ name, replicas }) => ({ name, replicas })),
      health: this.#health(),
      violations: this.violations,
    };
  }

  effective(setting: string): SettingValue | null {
    return this.transient.get(setting) ?? this.persistent.get(setting) ?? defaults[setting] ?? null;
  }

  addCronJob(name: string, suspended: boolean): void {
    this.cronJobs.push({
      namespace: "db",
      name,
      uid: `uid-${name}`,
      resourceVersion: String(this.#version),
      suspended,
      schedule: "* * * * *",
      labels: { "app.kubernetes.io/component": "backup", "app.kubernetes.io/name": "metrics" },
      annotations: { theirs: "kept" },
      active: [],
    });
  }

  addDeployment(name: string, replicas: number, annotations: Readonly<Record<string, string>> = {}): void {
    const uid = `uid-${name}`;
    this.deployments.push({ namespace: "db", name, uid, replicas, podsNow: replicas, labels: {}, annotations });
  }

  /** As kubectl does it. */
  endPod(name: string): void {
    for (const set of this.sets) {
      for (const [ordinal, pod] of set.pods) if (`${set.name}-${ordinal}` === name) this.#end(set, ordinal, pod);
    }
  }

  nodeName({ role, group }: WorldSet, ordinal: number): string {
    return role === "master" ? `master-${ordinal}` : `data-${group}-${ordinal}`;
  }

  // What time does.

  #pass(durationMs: number): void {
    const untilMs = this.#ms + durationMs;
    while (this.#ms < untilMs) {
      this.#ms = Math.min(untilMs, this.#ms + 500);
      this.#settle();
    }
  }

  #settle(): void {
    this.snapshots = this.snapshots.filter(({ endsAtMs }) => endsAtMs > this.#ms);
    this.jobs = this.jobs.filter(({ endsAtMs }) => endsAtMs > this.#ms);
    for (const set of this.sets) {
      for (const [ordinal, pod] of set.pods) {
        if (pod.endsAtMs !== null && pod.endsAtMs <= this.#ms) {
          set.pods.delete(ordinal);
          this.#preStop(set);
        } else if (ordinal >= set.replicas && pod.endsAtMs === null) this.#end(set, ordinal, pod);
      }
      for (let ordinal = 0; ordinal < set.replicas; ordinal += 1) {
        if (set.pods.has(ordinal)) continue;
        this.#uids += 1;
        const isCrashing = this.crashing.has(`${set.name}-${ordinal}`);
        set.pods.set(ordinal, {
          uid: `uid-${this.#uids}`,
          createdAtMs: this.#ms,
          readyAtMs: isCrashing ? Number.POSITIVE_INFINITY : this.#ms + startMs,
          endsAtMs: null,
          revision: set.updateRevision,
          hasStarted: false,
        });
      }
    }
    for (const set of this.sets) for (const pod of set.pods.values()) this.#postStart(set, pod);
    this.deployments = this.deployments.map((one) => ({ ...one, podsNow: one.replicas }));
    if (this.#liveNodes().length === 0 && this.#podCount() === 0) this.transient.clear();
    this.#recover();
    this.#startBackups();
  }

  #recover(): void {
    const live = this.#liveNodes();
    for (const [node, sinceMs] of this.#stale) {
      const mayRecover = this.effective(allocation) === "all" && live.includes(node);
      if (!mayRecover) this.#stale.set(node, null);
      else if (sinceMs === null) this.#stale.set(node, this.#ms);
      else if (this.#ms - sinceMs >= recoveryMs) this.#stale.delete(node);
    }
  }

  #startBackups(): void {
    if (this.backupEveryMs === null || this.#ms < this.#nextBackupMs) return;
    const runs = this.cronJobs.filter(({ suspended }) => !suspended);
    if (runs.length === 0 || this.#master() === null) return;
    this.#nextBackupMs = this.#ms + this.backupEveryMs;
    this.snapshots.push({ name: "nightly", endsAtMs: this.#ms + 8_000 });
  }

  #end(set: WorldSet, ordinal: number, pod: WorldPod): void {
    const name = `${set.name}-${ordinal}`;
    pod.endsAtMs = this.#ms + endMs;
    this.ended.set(name, (this.ended.get(name) ?? 0) + 1);
    this.#stale.set(this.nodeName(set, ordinal), null);
    if (this.expectsHold) {
      const enable = this.effective(allocation);
      if (enable !== "primaries") this.violations.push(`${name} ended while ${allocation} was ${String(enable)}`);
      const away = this.#away().filter((one) => one !== name);
      if (away.length > 0) this.violations.push(`${name} ended while ${away.join(", ")} was away`);
    }
    if (this.snapshots.length + this.jobs.length > 0) this.violations.push(`${name} ended in the middle of a backup`);
    if (this.cronJobs.some(({ suspended }) => !suspended))
      this.violations.push(`${name} ended while backups were not paused`);
  }

  /** dc_util's, as cratedb.md tells it. */
  #preStop({ preStop, labels }: WorldSet): void {
    if (preStop === null || this.#master() === null) return;
    this.transient.set("cluster.graceful_stop.force", true);
    if (labels["dc-util-routing-owner"] === undefined) {
      this.transient.set(allocation, "new_primaries");
      if (this.expectsHold) this.violations.push("new_primaries was in force");
    }
  }

  #postStart({ preStop, labels }: WorldSet, pod: WorldPod): void {
    if (pod.hasStarted || !this.#isLive(pod)) return;
    pod.hasStarted = true;
    if (preStop !== null && labels["dc-util-routing-owner"] === undefined) this.transient.delete(allocation);
  }

  #away(): string[] {
    return this.sets.flatMap((set) =>
      Array.from({ length: set.replicas }, (_, ordinal) => ordinal)
        .filter((ordinal) => !this.#isLive(set.pods.get(ordinal)))
        .map((ordinal) => `${set.name}-${ordinal}`),
    );
  }

  #isLive(pod: WorldPod | undefined): boolean {
    return pod !== undefined && pod.endsAtMs === null && pod.readyAtMs <= this.#ms;
  }

  /** Nodes that run: also those that are being ended, until they have. */
  #liveNodes(role?: "master" | "data"): string[] {
    return this.sets
      .filter((set) => role === undefined || set.role === role)
      .flatMap((set) =>
        [...set.pods].filter(([, pod]) => pod.readyAtMs <= this.#ms).map(([ordinal]) => this.nodeName(set, ordinal)),
      );
  }

  #podCount(): number {
    return this.sets.reduce((sum, { pods }) => sum + pods.size, 0);
  }

  #master(): string | null {
    const hasMasters = this.sets.some(({ role }) => role === "master");
    const eligible = this.sets.filter(({ role }) => role === "master" || !hasMasters);
    const wanted = eligible.reduce((sum, { replicas }) => sum + replicas, 0);
    const live = this.#liveNodes(hasMasters ? "master" : "data");
    return live.length > 0 && live.length * 2 > Math.min(wanted, 3) ? (live[0] ?? null) : null;
  }

  #health(): Health {
    if (this.#master() === null) return "RED";
    const data = this.sets.filter(({ role }) => role === "data");
    const wanted = data.reduce((sum, { replicas }) => sum + replicas, 0);
    const live = this.#liveNodes("data").length;
    if (live < wanted - 1 || live === 0) return "RED";
    const stale = [...this.#stale.keys()].some((node) => node.startsWith("data"));
    return live < wanted || stale ? "YELLOW" : "GREEN";
  }

  // The ports.

  async #write<T>(what: string, lost: () => unknown, work: () => T): Promise<T> {
    if (this.#isDead) return await new Promise<T>(() => undefined);
    this.#writes += 1;
    const fault = this.faults.get(this.#writes);
    if (fault === "die-before") return await this.#die();
    this.written.push(what);
    const result = work();
    if (fault === "die-after") return await this.#die();
    if (fault === "lose-answer") throw lost();
    return result;
  }

  async #read<T>(work: () => T): Promise<T> {
    if (this.#isDead) return await new Promise<T>(() => undefined);
    return work();
  }

  /** What a process does on its way to the commitment counts as a write too. */
  async commit(work: () => void): Promise<void> {
    await this.#write("commit", () => new Error("no answer"), work);
  }

  async #die<T>(): Promise<T> {
    this.#isDead = true;
    this.#died.resolve("dead");
    return await new Promise<T>(() => undefined);
  }

  #away503 = (doing: string) => fail("kubernetes_away", { doing, why: "the answer was lost" });

  #workloads(): Workloads {
    return {
      ...noCluster.workloads,
      events: async () => ["Warning BackOff: Back-off restarting failed container crate"],
      podLog: async () => ["bootstrap checks failed"],
      evictPod: ({ name, uid }) =>
        this.#write(
          `evict ${name}`,
          () => this.#away503("evicting"),
          () => {
            if (this.refusals > 0) {
              this.refusals -= 1;
              return { kind: "refused", why: "needs 3 healthy pods and has 3" } as const;
            }
            const found = this.sets.flatMap((set) => [...set.pods].map(([ordinal, pod]) => ({ set, ordinal, pod })));
            const one = found.find(({ set, ordinal }) => `${set.name}-${ordinal}` === name);
            if (one === undefined || one.pod.uid !== uid) return { kind: "gone" } as const;
            if (one.pod.endsAtMs === null) this.#end(one.set, one.ordinal, one.pod);
            return { kind: "accepted" } as const;
          },
        ),
    };
  }

  #clusters(): CrateClusters {
    const setOf = (name: string, uid: string) => {
      const set = this.sets.find((one) => one.name === name && uid === `uid-${name}`);
      if (set === undefined) throw fail("kubernetes_refused", { doing: "writing", why: "not found" });
      return set;
    };
    const mark =
      (of: "annotations" | "labels") =>
      (reference: { name: string; uid: string }, changes: Readonly<Record<string, string | null>>) =>
        this.#write(
          `${of} ${reference.name} ${JSON.stringify(changes)}`,
          () => this.#away503("writing"),
          () => {
            const set = setOf(reference.name, reference.uid);
            for (const [key, value] of Object.entries(changes)) {
              if (value === null) delete set[of][key];
              else set[of][key] = value;
            }
          },
        );
    return {
      ...noCluster.crateClusters,
      look: () => this.#read(() => this.view()),
      access: async () => ({ username: "crate", password: "", source: "test", connectBy: "ip", tls: null }),
      autoscalers: () => this.#read(() => ({ seen: true, value: [] }) as const),
      missingRights: () => this.#read(() => this.missingRights),
      setReplicas: ({ name, uid }, from, to) =>
        this.#write(
          `replicas ${name} ${to}`,
          () => this.#away503("scaling"),
          () => {
            const set = setOf(name, uid);
            if (set.replicas !== from && set.replicas !== to) return false;
            if (set.role === "master" && to === 0 && this.#liveNodes("data").length > 0) {
              this.violations.push("masters went before the data nodes");
            }
            if (to === 0 && set.annotations["handover.dev/suspended"] === undefined) {
              this.violations.push(`${name} was stopped before it was written down`);
            }
            if (set.role === "data" && to > 0 && this.sets.some((one) => one.role === "master" && one.replicas === 0)) {
              this.violations.push("data nodes came before the masters");
            }
            set.replicas = to;
            return true;
          },
        ),
      annotate: mark("annotations"),
      label: mark("labels"),
      cronJobs: () => this.#read(() => ({ seen: true, value: [...this.cronJobs] }) as const),
      jobs: () => this.#read(() => ({ seen: true, value: [...this.jobs] }) as const),
      changeCronJob: (read, change) =>
        this.#write(
          `cronjob ${read.name} ${change.suspended}`,
          () => this.#away503("writing"),
          () => {
            const index = this.cronJobs.findIndex(({ name }) => name === read.name);
            const now = this.cronJobs[index];
            if (now === undefined || now.resourceVersion !== read.resourceVersion) return null;
            const annotations: Record<string, string> = { ...now.annotations };
            for (const [key, value] of Object.entries(change.annotations)) {
              if (value === null) delete annotations[key];
              else annotations[key] = value;
            }
            this.#version += 1;
            const next = { ...now, annotations, suspended: change.suspended, resourceVersion: String(this.#version) };
            this.cronJobs[index] = next;
            return next;
          },
        ),
      deployments: () => this.#read(() => ({ seen: true, value: [...this.deployments] }) as const),
      scaleDeployment: ({ name }, from, to) =>
        this.#write(
          `deployment ${name} ${to}`,
          () => this.#away503("scaling"),
          () => {
            const index = this.deployments.findIndex((one) => one.name === name);
            const now = this.deployments[index];
            if (now === undefined || (now.replicas !== from && now.replicas !== to)) return false;
            this.deployments[index] = { ...now, replicas: to };
            return true;
          },
        ),
    };
  }

  view(): CrateClusterView {
    return { namespace: "db", name: "metrics", sets: this.sets.map((set) => this.#setView(set)) };
  }

  #setView(set: WorldSet): CrateSetView {
    const ordinals = [...new Set([...Array.from({ length: set.replicas }, (_, index) => index), ...set.pods.keys()])];
    const hasMasters = this.sets.some(({ role }) => role === "master");
    return {
      namespace: "db",
      name: set.name,
      uid: `uid-${set.name}`,
      resourceVersion: "1",
      role: set.role,
      group: set.group,
      isMasterEligible: set.role === "master" || !hasMasters,
      replicas: set.replicas,
      readyReplicas: [...set.pods.values()].filter((pod) => this.#isLive(pod)).length,
      podsNow: set.pods.size,
      firstOrdinal: 0,
      serviceName: null,
      isObserved: true,
      updateRevision: set.updateRevision,
      currentRevision: set.updateRevision,
      rollsFromOrdinal: set.rollsFromOrdinal,
      gracePeriodSeconds: set.gracePeriodSeconds,
      preStop: set.preStop,
      startUp: { command: set.command, args: null },
      annotations: { ...set.annotations },
      labels: { ...set.labels },
      owner: set.owner,
      deletesVolumes: set.deletesVolumes,
      pods: ordinals
        .toSorted((one, other) => one - other)
        .map((ordinal) => ({
          name: `${set.name}-${ordinal}`,
          ordinal,
          pod: this.#podView(set.pods.get(ordinal)),
        })),
    };
  }

  #podView(pod: WorldPod | undefined): PodView | null {
    if (pod === undefined) return null;
    const ready = this.#isLive(pod);
    return {
      uid: pod.uid,
      createdAtMs: pod.createdAtMs,
      ip: "127.0.0.1",
      port: 4200,
      ready,
      readyChangedAtMs: pod.readyAtMs,
      terminating: pod.endsAtMs !== null,
      revision: pod.revision,
      labels: {},
      container: { state: ready ? "running" : "unknown", text: ready ? "running" : "starting" },
    };
  }

  #database(): CrateCluster {
    const ask = <T>(work: () => T) =>
      this.#read(() => {
        if (this.silent || this.#liveNodes().length === 0) throw new CrateError("unreachable", "no node answers");
        return work();
      });
    const change = (what: string, work: () => void) =>
      this.#write(
        what,
        () => new CrateError("unknown", "the answer was lost"),
        () => {
          if (this.silent || this.#liveNodes().length === 0) throw new CrateError("unreachable", "no node answers");
          if (this.#master() === null) throw new CrateError("unknown", "no master");
          work();
          this.#settle();
        },
      );
    return {
      nodes: () => ask(() => this.#liveNodes().map((name) => node(name))),
      state: () => ask(() => this.#state()),
      health: () => ask(() => this.#tableHealth()),
      shards: () => ask(() => []),
      tables: () => ask(() => []),
      allocations: () => ask(() => []),
      nodeChecks: () => ask(() => this.checks),
      acknowledgeChecks: (ids) =>
        change(`acknowledge ${ids.join(",")}`, () => {
          this.checks = this.checks.map((check) => (ids.includes(check.id) ? { ...check, acknowledged: true } : check));
        }),
      snapshotWork: () =>
        ask(() =>
          this.snapshots.map(
            ({ name }): SnapshotWork => ({ kind: "snapshot", repository: "s3", name, startedAtMs: 0 }),
          ),
        ),
      user: () => ask(() => ({ name: "crate", superuser: true, roles: [], privileges: [] })),
      setGlobal: (level, settings) =>
        change(`${level} ${JSON.stringify(settings)}`, () => {
          for (const [key, value] of Object.entries(settings)) this[level].set(key, value);
          if (Object.values(settings).includes("new_primaries")) this.violations.push("new_primaries was set");
        }),
      resetGlobal: (settings) =>
        change(`reset ${settings.join(",")}`, () => {
          for (const key of settings) {
            this.transient.delete(key);
            this.persistent.delete(key);
          }
        }),
      decommission: async () => undefined,
      reachable: async () => [],
      useAddresses: () => undefined,
      close: async () => undefined,
    };
  }

  #tableHealth(): TableHealth[] {
    const health = this.#health();
    return [
      {
        schema: "doc",
        table: "t1",
        partition: null,
        health,
        missingShards: health === "RED" ? 1 : 0,
        underreplicatedShards: health === "GREEN" ? 0 : 2,
      },
    ];
  }

  #state(): CrateState {
    const all = Object.fromEntries(Object.keys(defaults).map((key) => [key, this.effective(key)]));
    const enable = this.effective(allocation);
    return {
      clusterName: "metrics",
      masterNodeId: this.#master(),
      settings: {
        allocationEnable: enable === "primaries" || enable === "new_primaries" || enable === "none" ? enable : "all",
        filters: { require: {}, include: {}, exclude: {} },
        awareness: { attributes: [], forced: {} },
        totalShardsPerNode: null,
        maxShardsPerNode: 1_000,
        disk: {
          thresholdEnabled: true,
          low: { kind: "used_share", share: 0.85, text: "85%" },
          high: { kind: "used_share", share: 0.9, text: "90%" },
          flood: { kind: "used_share", share: 0.95, text: "95%" },
        },
        rebalanceEnable: "all",
        nodeConcurrentRecoveries: null,
        gracefulStop: { minAvailability: "primaries", timeout: "2h", force: false },
        gateway: { expectedDataNodes: null, recoverAfterDataNodes: null },
        all,
      },
    };
  }
}

function node(name: string): CrateNode {
  return {
    id: name,
    name,
    answers: true,
    version: "6.4.1",
    restUrl: null,
    roles: null,
    attributes: {},
    disk: null,
  };
}
