import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../../../src/ports/clock.ts";
import { allStopped, finishRecovery, loseCopies, nodeLeft, reroute } from "../allocation/allocator.ts";
import { type AllocationView, copiesOf } from "../allocation/view.ts";
import { listOf, SimSettings, timeMs } from "./settings.ts";
import { type SimSnapshot, Snapshots } from "./snapshots.ts";
import type { CrateNodeSpec, Disk, Member, ShardCopy, ShardGroup, SimTable } from "./types.ts";
import { Users } from "./users.ts";
import { Voting } from "./voting.ts";

/** How fast things go. Times by the injected clock. */
export interface CratePace {
  /** Of one shard that is copied to another node. Infinity: at once. */
  readonly bytesPerSecond: number;
  /** Added for each shard. */
  readonly perShardMs: number;
  /** After so long a node that answers nothing is taken for dead (three checks of 10 s each on real nodes). */
  readonly faultDetectionMs: number;
  /** How long a snapshot takes that was begun by SQL. */
  readonly snapshotMs: number;
}

export const defaultPace: CratePace = {
  bytesPerSecond: Number.POSITIVE_INFINITY,
  perShardMs: 0,
  faultDetectionMs: 30_000,
  snapshotMs: 0,
};

export interface CrateClusterOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly pace?: Partial<CratePace>;
  /** Size of each node's disk. Default 100 GiB. */
  readonly diskBytes?: number;
}

/** A node's process, from its start to its end. */
export interface LocalNode {
  readonly id: string;
  readonly spec: CrateNodeSpec;
  /** By the cluster's clock; null: it runs. */
  frozenSinceMs: number | null;
  /** The node ends by itself, with exit code 0: it was decommissioned. */
  readonly leave: () => void;
}

/** Every rule of the loop holds after a few rounds; more would be a rule that undoes another. */
const mostRounds = 10_000;

/**
 * A CrateDB cluster: its state as the master has it, and the processes that make it up. Time is looked at whenever somebody
 * asks, and everything that fell due since is done in order, each at its own time: the cluster needs no timers.
 */
export class SimulatedCrateCluster {
  readonly name: string;
  readonly settings = new SimSettings();
  readonly users = new Users();
  readonly snapshots = new Snapshots();
  readonly tables: SimTable[] = [];
  readonly voting = new Voting();
  readonly #clock: Clock;
  readonly #diskBytes: number;
  #pace: CratePace;
  #nowMs: number;
  /** Processes that run, frozen ones too. */
  readonly #running = new Map<string, LocalNode>();
  /** The state that the last master published. */
  #members = new Map<string, Member>();
  #masterId: string | null = null;
  readonly #disks = new Map<string, Disk>();
  readonly #leaving = new Map<string, "primaries" | "full">();
  readonly #stuck = new Set<(copy: ShardCopy) => boolean>();
  /** False between a full start and the gateway's go. */
  #isRecovered = true;
  #gatewayWaitsUntilMs: number | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(options: CrateClusterOptions) {
    this.name = options.name;
    this.#clock = options.clock;
    this.#pace = { ...defaultPace, ...options.pace };
    this.#diskBytes = options.diskBytes ?? 100 * 1024 ** 3;
    this.#nowMs = options.clock.nowMs();
  }

  get pace(): CratePace {
    return this.#pace;
  }

  /** From now on; what is under way goes on at the new pace. */
  setPace(pace: Partial<CratePace>): void {
    this.advance();
    this.#pace = { ...this.#pace, ...pace };
    this.changed();
  }

  get masterId(): string | null {
    return this.#masterId;
  }

  /** Members by id, as the last master published them: without one, also those that are gone. */
  get members(): ReadonlyMap<string, Member> {
    return this.#members;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get isRecovered(): boolean {
    return this.#isRecovered;
  }

  /** Whether the node is there and answers the others. */
  answers(nodeId: string): boolean {
    const node = this.#running.get(nodeId);
    return node !== undefined && node.frozenSinceMs === null;
  }

  /** Whether anything can be changed now: a master that lives, and a majority with it. */
  canPublish(): boolean {
    return this.#masterId !== null && this.answers(this.#masterId) && this.voting.hasQuorum(this.#liveMasters(true));
  }

  disk(nodeId: string): Disk {
    const known = this.#disks.get(nodeId);
    if (known !== undefined) return known;
    const disk = { totalBytes: this.#diskBytes, otherBytes: 0 };
    this.#disks.set(nodeId, disk);
    return disk;
  }

  /** The id that a node of this name has, as long as its volume is there. */
  idOf(nodeName: string): string {
    return createHash("sha256").update(`${this.name}/${nodeName}`).digest("base64url").slice(0, 22);
  }

  start(spec: CrateNodeSpec, leave: () => void): LocalNode {
    this.advance();
    const node: LocalNode = { id: this.idOf(spec.name), spec, frozenSinceMs: null, leave };
    this.#running.set(node.id, node);
    this.changed();
    return node;
  }

  /** The process has ended, however. */
  end(node: LocalNode): void {
    if (this.#running.get(node.id) !== node) return;
    this.advance();
    this.#running.delete(node.id);
    this.#leaving.delete(node.id);
    if (this.#running.size === 0) this.#stop();
    this.changed();
  }

  freeze(node: LocalNode): void {
    this.advance();
    node.frozenSinceMs ??= this.#nowMs;
  }

  thaw(node: LocalNode): void {
    this.advance();
    node.frozenSinceMs = null;
    this.changed();
  }

  /** Something was changed from outside: the state follows, and whoever waits looks again. */
  changed(): void {
    this.#settle();
    for (const listener of [...this.#listeners]) listener();
  }

  /** Called after each change from outside; what time brings is seen by looking again. Returns what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Does all that fell due until now, each at its own time. */
  advance(): void {
    const nowMs = this.#clock.nowMs();
    for (let round = 0; round < mostRounds; round += 1) {
      const next = this.#nextMs();
      if (next === null || next > nowMs) break;
      this.#passTime(Math.max(next, this.#nowMs));
      this.#settle();
    }
    this.#passTime(Math.max(nowMs, this.#nowMs));
    this.#settle();
  }

  /** What allocation decides by. */
  view(): AllocationView {
    let copies: readonly ShardCopy[] | null = null;
    const { tables } = this;
    return {
      get copies() {
        copies ??= copiesOf(tables);
        return copies;
      },
      recount: () => {
        copies = null;
      },
      dataNodes: new Map([...this.#members].filter(([, { spec }]) => spec.holdsData)),
      tables,
      settings: this.settings,
      disk: (id) => this.disk(id),
      held: (copy) => this.#held(copy),
      leaving: this.#leaving,
      nowMs: () => this.#nowMs,
    };
  }

  /** Holds copies where they are, as one that failed too often; returns what lets them go. */
  stick(which: (copy: ShardCopy) => boolean): () => void {
    this.#stuck.add(which);
    return () => {
      this.#stuck.delete(which);
      this.changed();
    };
  }

  /** Every copy of this shard is lost, and no disk has it any more; returns what brings them back. */
  loseShard(group: ShardGroup): () => void {
    this.advance();
    const { inSync, stale } = group;
    group.inSync = new Set(["a node that is gone"]);
    group.stale = new Set();
    loseCopies(group, this.#nowMs);
    this.changed();
    return () => {
      group.inSync = inSync;
      group.stale = stale;
      this.changed();
    };
  }

  beginSnapshot(repository: string, name: string, tables: readonly SimTable[], durationMs: number | null): SimSnapshot {
    const endsMs = durationMs === null ? null : this.#nowMs + durationMs;
    const parts = tables.flatMap((table) => table.parts);
    const snapshot = this.snapshots.begin(repository, name, parts, { startedMs: this.#nowMs, endsMs });
    this.advance();
    return snapshot;
  }

  endSnapshot(snapshot: SimSnapshot): void {
    this.advance();
    this.snapshots.end(snapshot, this.#nowMs);
    this.changed();
  }

  /** Marks a node as leaving: from now on shards leave it, as far as they can. */
  beginDecommission(nodeId: string, availability: "none" | "primaries" | "full"): void {
    if (availability !== "none") this.#leaving.set(nodeId, availability);
    this.changed();
  }

  endDecommission(nodeId: string): void {
    this.#leaving.delete(nodeId);
    this.changed();
  }

  /** The node ends by itself, as after ALTER CLUSTER DECOMMISSION. */
  letGo(nodeId: string): void {
    this.#running.get(nodeId)?.leave();
  }

  localNode(nodeId: string): LocalNode | undefined {
    return this.#running.get(nodeId);
  }

  #held(copy: ShardCopy): ReturnType<AllocationView["held"]> {
    if ([...this.#stuck].some((which) => which(copy))) {
      return {
        type: "NO",
        explanation:
          "shard has exceeded the maximum number of retries [5] on failed allocation attempts - run ALTER CLUSTER REROUTE RETRY FAILED to retry",
      };
    }
    const { part, id } = copy.group;
    const running = this.snapshots.running().find(({ parts }) => parts.includes(part));
    if (!copy.primary || running === undefined) return null;
    return {
      type: "THROTTLE",
      explanation: `waiting for snapshotting of shard [[${part.table.name}][${id}]] to complete on this node [${copy.node}]`,
    };
  }

  /** The whole cluster is down: what was only in memory is gone. */
  #stop(): void {
    this.settings.forgetTransient();
    allStopped(this.view());
    this.#members = new Map();
    this.#masterId = null;
    this.#isRecovered = false;
    this.#gatewayWaitsUntilMs = null;
  }

  /** Makes everything that follows from the present follow: master, members, shards. */
  #settle(): void {
    for (let round = 0; round < mostRounds; round += 1) {
      this.#elect();
      const isDue = this.#finishWhatIsDue();
      const isRerouted = this.canPublish() && this.#isOpen() && reroute(this.view(), randomUUID);
      if (!isDue && !isRerouted) return;
    }
    throw new Error(`the shards of ${this.name} do not come to rest`);
  }

  #elect(): void {
    const live = this.#liveMasters(false);
    this.#bootstrap(live);
    if (!this.voting.hasQuorum(live)) {
      this.#masterId = null;
      return;
    }
    const isMasterAlive = this.#masterId !== null && live.has(this.#masterId);
    const [first = null] = [...live].toSorted();
    if (!isMasterAlive) this.#masterId = [...live].toSorted().find((id) => this.voting.config.has(id)) ?? first;
    if (this.#masterId === null) return;
    this.#publishMembers();
    this.voting.reconfigure([...live], this.#masterId);
  }

  /** A first majority of `cluster.initial_master_nodes`, or the one node that names none. */
  #bootstrap(live: ReadonlySet<string>): void {
    if (this.voting.config.size > 0) return;
    const eligible = [...this.#running.values()].filter(({ spec }) => spec.isMasterEligible);
    const named = eligible.map(({ spec }) => listOf(spec.arguments["cluster.initial_master_nodes"] ?? ""));
    const initial = named.find((names) => names.length > 0)?.map((name) => this.idOf(name)) ?? [...live].slice(0, 1);
    const there = initial.filter((id) => live.has(id)).length;
    if (initial.length > 0 && there * 2 > initial.length) this.voting.bootstrap(initial);
  }

  /** Master-eligible nodes that count as living: one that froze, until that is noticed. */
  #liveMasters(mustAnswer: boolean): Set<string> {
    const live = [...this.#running.values()].filter(
      (node) => node.spec.isMasterEligible && (mustAnswer ? node.frozenSinceMs === null : !this.#isTakenForDead(node)),
    );
    return new Set(live.map(({ id }) => id));
  }

  #isTakenForDead({ frozenSinceMs }: LocalNode): boolean {
    return frozenSinceMs !== null && this.#nowMs >= frozenSinceMs + this.#pace.faultDetectionMs;
  }

  #publishMembers(): void {
    const living = [...this.#running.values()].filter((node) => !this.#isTakenForDead(node));
    const next = new Map(
      living.map((node) => {
        const known = this.#members.get(node.id);
        const isSame = known !== undefined && known.spec === node.spec;
        return [node.id, isSame ? known : { id: node.id, spec: node.spec, acknowledged: new Set<number>() }] as const;
      }),
    );
    const gone = [...this.#members].filter(([id, member]) => next.get(id) !== member);
    this.#members = next;
    // One that came back so fast that nobody missed it has left all the same.
    for (const [id] of gone) nodeLeft(this.view(), id);
    if (!this.#isRecovered) this.#recoverState();
  }

  /** The gateway: after a full stop the state is taken up when enough data nodes are there. */
  #recoverState(): void {
    const [first] = this.#members.values();
    const setting = (name: string) => Number(this.settings.get(`gateway.${name}`, first?.spec.arguments));
    const dataNodes = [...this.#members.values()].filter(({ spec }) => spec.holdsData).length;
    const expected = setting("expected_data_nodes");
    const least = setting("recover_after_data_nodes");
    if (expected <= 0 || dataNodes >= expected) {
      this.#isRecovered = true;
    } else if (least <= 0 || dataNodes >= least) {
      const waitMs = timeMs(this.settings.get("gateway.recover_after_time", first?.spec.arguments));
      this.#gatewayWaitsUntilMs ??= this.#nowMs + waitMs;
      if (this.#nowMs >= this.#gatewayWaitsUntilMs) this.#isRecovered = true;
    }
  }

  #isOpen(): boolean {
    return this.#isRecovered;
  }

  #passTime(toMs: number): void {
    const passedMs = toMs - this.#nowMs;
    this.#nowMs = toMs;
    if (passedMs <= 0) return;
    for (const { recovery } of copiesOf(this.tables)) {
      if (recovery !== null) recovery.done = Math.min(1, recovery.done + passedMs / this.#durationMs(recovery));
    }
  }

  #finishWhatIsDue(): boolean {
    let finished = false;
    for (const copy of copiesOf(this.tables)) {
      const { recovery } = copy;
      if (recovery === null || !(recovery.done >= 1 - 1e-9 || this.#durationMs(recovery) === 0)) continue;
      if (!this.#canCopy(copy)) continue;
      finishRecovery(copy);
      finished = true;
    }
    for (const snapshot of this.snapshots.running()) {
      if (snapshot.endsMs === null || snapshot.endsMs > this.#nowMs) continue;
      this.snapshots.end(snapshot, this.#nowMs);
      finished = true;
    }
    return finished;
  }

  /** A copy needs both ends, and the master's word at its end. */
  #canCopy({ node, target }: ShardCopy): boolean {
    return this.canPublish() && [node, target].every((id) => id === null || this.answers(id));
  }

  #durationMs({ bytes }: { readonly bytes: number }): number {
    const { bytesPerSecond, perShardMs } = this.#pace;
    return perShardMs + (Number.isFinite(bytesPerSecond) ? (bytes / bytesPerSecond) * 1000 : 0);
  }

  /** When the next thing falls due by itself; null: nothing does. */
  #nextMs(): number | null {
    const times: number[] = [];
    for (const copy of copiesOf(this.tables)) {
      const { recovery, unassigned } = copy;
      if (recovery !== null && this.#canCopy(copy)) {
        const leftMs = (1 - recovery.done) * this.#durationMs(recovery);
        if (leftMs > 1e-6) times.push(this.#nowMs + leftMs);
      }
      if (unassigned !== null && unassigned.delayedUntilMs > this.#nowMs) times.push(unassigned.delayedUntilMs);
    }
    for (const node of this.#running.values()) {
      if (node.frozenSinceMs !== null && !this.#isTakenForDead(node)) {
        times.push(node.frozenSinceMs + this.#pace.faultDetectionMs);
      }
    }
    for (const { endsMs } of this.snapshots.running()) if (endsMs !== null) times.push(endsMs);
    if (!this.#isRecovered && this.#gatewayWaitsUntilMs !== null) times.push(this.#gatewayWaitsUntilMs);
    const later = times.filter((time) => time > this.#nowMs);
    return later.length === 0 ? null : Math.min(...later);
  }
}
