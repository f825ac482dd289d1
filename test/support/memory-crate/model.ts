import { isExcluded } from "../../../src/operations/cratedb/exclusions.ts";
import type { CrateSetView, CronJobView, StartUpArguments } from "../../../src/ports/crate-clusters.ts";
import type { CrateTable, CrateUser, SnapshotWork } from "../../../src/ports/crate-servers.ts";
import { allocationEnableSetting, excludeNameSetting, type SettingValue } from "../../../src/ports/crate-settings.ts";

/** A StatefulSet, as far as a test says something of it; the rest is what crate-operator makes. */
export type MemorySet = Partial<CrateSetView> & {
  readonly group: string;
  readonly role: "master" | "data";
  replicas: number;
  startUp: StartUpArguments;
};

export interface MemoryShard {
  readonly table: string;
  readonly id: number;
  readonly primary: boolean;
  readonly sizeBytes: number;
  /** Name of the node. */
  node: string;
  /** Where it moves to, and when it is there. */
  target: string | null;
  thereAtMs: number;
}

export interface MemoryNode {
  readonly name: string;
  readonly set: string;
  readonly ordinal: number;
  /** Its pod was deleted; it is gone at this time. */
  leavesAtMs: number | null;
  /** Not in the cluster before this time. */
  joinsAtMs: number;
  usedBytes: number;
}

export interface MemoryOptions {
  readonly sets: readonly MemorySet[];
  readonly tables?: readonly (Partial<CrateTable> & { readonly table: string })[];
  /** By table, shards as `primary node>replica node`. */
  readonly shards?: readonly Omit<MemoryShard, "target" | "thereAtMs">[];
  readonly settings?: Readonly<Record<string, SettingValue>>;
  readonly user?: CrateUser;
  readonly cronJobs?: readonly CronJobView[];
  readonly diskBytes?: number;
  readonly zoneOf?: (node: string) => string;
  readonly version?: string;
}

const joinMs = 3_000;
const leaveMs = 2_000;
const bytesPerMs = 100_000;
/** `cluster.routing.allocation.node_concurrent_recoveries`. */
const concurrent = 2;

/** CrateDB's defaults of what is written here. */
const defaults: Readonly<Record<string, SettingValue>> = {
  [allocationEnableSetting]: "all",
  "cluster.graceful_stop.min_availability": "PRIMARIES",
  "cluster.graceful_stop.timeout": "7200000ms",
  "cluster.graceful_stop.force": false,
};

/** A CrateDB cluster on Kubernetes in memory: pods come and go, shards move, both by a clock that the test owns. */
export class MemoryModel {
  nowMs = 1_000_000;
  readonly sets: MemorySet[];
  nodes: MemoryNode[] = [];
  shards: MemoryShard[];
  readonly tables: readonly (Partial<CrateTable> & { readonly table: string })[];
  readonly transient = new Map<string, SettingValue>();
  readonly persistent = new Map<string, SettingValue>();
  readonly startUpSettings: Readonly<Record<string, SettingValue>>;
  user: CrateUser;
  cronJobs: CronJobView[];
  work: SnapshotWork[] = [];
  acknowledged = new Set<string>();
  readonly diskBytes: number;
  readonly zoneOf: (node: string) => string;
  readonly version: string;
  /** Nodes that never join. */
  readonly stillborn = new Set<string>();
  /** Nodes that do not end. */
  readonly undying = new Set<string>();
  /** What must never happen, as it happened. */
  readonly violations: string[] = [];
  /** When the last shard left a node that leaves, and when its replicas were patched: for the 2 s between them. */
  lastMoveAtMs = 0;
  /** When shards arrived where they moved to. */
  readonly movesAtMs: number[] = [];
  readonly patchedAtMs: number[] = [];
  #voters = 0;
  #masterLost = false;

  constructor(options: MemoryOptions) {
    this.sets = options.sets.map((set) => ({ ...set }));
    this.tables = options.tables ?? [];
    this.shards = (options.shards ?? []).map((shard) => ({ ...shard, target: null, thereAtMs: 0 }));
    this.startUpSettings = options.settings ?? {};
    this.user = options.user ?? { name: "crate", superuser: true, roles: [], privileges: [] };
    this.cronJobs = [...(options.cronJobs ?? [])];
    this.diskBytes = options.diskBytes ?? 100 * 1024 ** 3;
    this.zoneOf = options.zoneOf ?? (() => "a");
    this.version = options.version ?? "6.4.1";
    for (const set of this.sets) {
      for (let ordinal = 0; ordinal < set.replicas; ordinal += 1) this.#start(set, ordinal, 0);
    }
    this.#voters = this.#eligible().length;
  }

  nameOf(set: Pick<MemorySet, "role" | "group">, ordinal: number): string {
    return set.role === "master" ? `master-${ordinal}` : `data-${set.group}-${ordinal}`;
  }

  /** Nodes that see each other. */
  present(): MemoryNode[] {
    return this.nodes.filter(({ joinsAtMs }) => joinsAtMs <= this.nowMs);
  }

  hasMaster(): boolean {
    return !this.#masterLost && this.#eligible().length > 0;
  }

  settingsNow(): Record<string, SettingValue> {
    return {
      ...defaults,
      ...this.startUpSettings,
      ...Object.fromEntries(this.persistent),
      ...Object.fromEntries(this.transient),
    };
  }

  /** Lets time pass, in pieces in which nothing else happens. */
  pass(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + 100);
      this.#tick();
      // Nothing can happen before somebody does something.
      if (!this.#isUnderWay()) this.nowMs = endMs;
    }
  }

  #isUnderWay(): boolean {
    const shards = this.shards.some(({ target }) => target !== null);
    const { nowMs } = this;
    return (
      shards ||
      this.nodes.some(({ leavesAtMs, joinsAtMs }) => {
        return leavesAtMs !== null || (joinsAtMs > nowMs && joinsAtMs !== Number.POSITIVE_INFINITY);
      })
    );
  }

  scale(set: MemorySet, replicas: number): void {
    if (replicas < set.replicas) {
      const leaving = this.nodes.filter((node) => node.set === set.group && node.ordinal >= replicas);
      const holding = this.shards.filter(({ node, target }) =>
        leaving.some(({ name }) => name === node || name === target),
      );
      for (const shard of holding)
        this.violations.push(`${shard.table}/${shard.id} was on ${shard.node} when it was let go`);
      this.patchedAtMs.push(this.nowMs);
    }
    set.replicas = replicas;
    this.#tick();
  }

  #start(set: MemorySet, ordinal: number, afterMs: number): void {
    const name = this.nameOf(set, ordinal);
    this.nodes.push({
      name,
      set: set.group,
      ordinal,
      leavesAtMs: null,
      joinsAtMs: this.stillborn.has(name) ? Number.POSITIVE_INFINITY : this.nowMs + afterMs,
      usedBytes: this.shards.filter(({ node }) => node === name).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    });
  }

  #tick(): void {
    for (const set of this.sets) {
      for (let ordinal = 0; ordinal < set.replicas; ordinal += 1) {
        const node = this.nodes.find((one) => one.set === set.group && one.ordinal === ordinal);
        if (node === undefined) this.#start(set, ordinal, joinMs);
      }
      for (const node of this.nodes.filter((one) => one.set === set.group && one.ordinal >= set.replicas)) {
        if (node.leavesAtMs === null && !this.undying.has(node.name)) this.#stop(node, set);
      }
    }
    const before = this.#eligible().length;
    for (const node of this.nodes.filter(({ leavesAtMs }) => leavesAtMs !== null && leavesAtMs <= this.nowMs)) {
      for (const shard of this.shards.filter((one) => one.node === node.name)) {
        this.violations.push(`${shard.table}/${shard.id} left with ${node.name}`);
      }
      this.nodes = this.nodes.filter((one) => one !== node);
    }
    this.#countVotes(before);
    this.#move();
  }

  /** dc_util writes these when a pod stops, and a pod that was scaled away never runs what resets them (cratedb.md). */
  #stop(node: MemoryNode, set: MemorySet): void {
    node.leavesAtMs = this.nowMs + leaveMs;
    if (!set.preStop?.some((word) => word.includes("dc_util"))) return;
    this.transient.set(allocationEnableSetting, "new_primaries");
    this.transient.set("cluster.graceful_stop.force", true);
    this.transient.set("cluster.graceful_stop.timeout", "720s");
  }

  #eligible(): MemoryNode[] {
    const groups = new Set(
      this.sets.filter(({ isMasterEligible }) => isMasterEligible === true).map(({ group }) => group),
    );
    return this.present().filter(({ set }) => groups.has(set));
  }

  /** The configuration follows one node at a time, and never below three once it had three. */
  #countVotes(before: number): void {
    const now = this.#eligible().length;
    if (now > this.#voters) this.#voters = now;
    if (now < before) {
      if (now <= Math.floor(this.#voters / 2)) {
        this.#masterLost = true;
        this.violations.push(`${this.#voters} votes, and ${now} are left: no master any more`);
      } else if (now >= 3) this.#voters = now;
    }
  }

  #move(): void {
    for (const shard of this.shards) {
      if (shard.target === null || shard.thereAtMs > this.nowMs) continue;
      shard.node = shard.target;
      shard.target = null;
      this.lastMoveAtMs = this.nowMs;
      this.movesAtMs.push(this.nowMs);
    }
    const settings = this.settingsNow();
    if (settings[allocationEnableSetting] !== "all") return;
    const excluded = String(settings[excludeNameSetting] ?? "");
    const open = this.present().filter(
      (node) =>
        this.sets.some((set) => set.group === node.set && set.role === "data") && !isExcluded(excluded, node.name),
    );
    for (const shard of this.shards) {
      if (shard.target !== null || !isExcluded(excluded, shard.node) || this.isStuck(shard)) continue;
      this.#send(shard, open);
    }
    this.#rebalance(open);
  }

  /** A test may hold a shard where it is. */
  isStuck: (shard: MemoryShard) => boolean = () => false;

  #send(shard: MemoryShard, open: readonly MemoryNode[]): void {
    const copies = this.shards.filter((one) => one.table === shard.table && one.id === shard.id);
    const [best] = open
      .filter(({ name }) => !copies.some(({ node, target }) => node === name || target === name))
      .filter(({ name }) => this.shards.filter(({ target }) => target === name).length < concurrent)
      .toSorted((a, b) => this.#count(a.name) - this.#count(b.name));
    if (best === undefined) return;
    shard.target = best.name;
    shard.thereAtMs = this.nowMs + Math.max(200, shard.sizeBytes / bytesPerMs);
  }

  #rebalance(open: readonly MemoryNode[]): void {
    if (this.shards.some(({ target }) => target !== null)) return;
    const sorted = open.toSorted((a, b) => this.#count(a.name) - this.#count(b.name));
    const [least, most] = [sorted[0], sorted.at(-1)];
    if (least === undefined || most === undefined || this.#count(most.name) - this.#count(least.name) < 2) return;
    const shard = this.shards.find(
      (one) =>
        one.node === most.name &&
        !this.isStuck(one) &&
        !this.shards.some((other) => other.table === one.table && other.id === one.id && other.node === least.name),
    );
    if (shard !== undefined) this.#send(shard, [least]);
  }

  #count(node: string): number {
    return this.shards.filter((shard) => (shard.target ?? shard.node) === node).length;
  }
}
