import type { AllocationEnable, CrateSettings, SettingValue } from "./crate-settings.ts";
import type { DoltAccess, TlsTrouble } from "./dolt-servers.ts";

/**
 * CrateDB clusters as far as operations need them, over HTTP (`POST /_sql`). What a call throws is a CrateError, whose
 * `outcome` says whether the cluster is known to have done nothing.
 */
export interface CrateServers {
  /** One cluster, through whichever of its nodes answers. Nothing is dialled before the first question. */
  open(addresses: readonly CrateAddress[], access: CrateAccess): CrateCluster;
}

/** One node's HTTP endpoint. */
export interface CrateAddress {
  /** For people and errors: the pod's name. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Names that its certificate may be for, besides `host`; empty: `host` alone. Not asked where `access.tls` names one itself. */
  readonly tlsNames?: readonly string[];
}

/** User, password and TLS: the same for every node of a cluster, and set like those of Dolt (docs/connecting.md). */
export type CrateAccess = DoltAccess;

/**
 * Questions are asked of one node, the last that answered first, and of the next when it cannot be reached or stays silent.
 * A statement that changes something goes to another node only when it certainly was not asked of the first.
 * What a user may not see is missing from the rows without a word: ask `user` before an empty answer is believed.
 */
export interface CrateCluster {
  /** The nodes that see each other: `sys.nodes` of the node that answered. */
  nodes(options: CrateCallOptions): Promise<CrateNode[]>;
  /** `sys.cluster`: who is master, and the settings in force. */
  state(options: CrateCallOptions): Promise<CrateState>;
  /** By table and partition. No row at all: no tables, or none that this user may see. */
  health(options: CrateCallOptions): Promise<TableHealth[]>;
  shards(options: CrateCallOptions): Promise<CrateShard[]>;
  /** Tables with shards, and partitions with settings of their own beside them. */
  tables(options: CrateCallOptions): Promise<CrateTable[]>;
  /**
   * What the allocator says of shards. It judges every shard against every node, so that on a large cluster it is asked of
   * some.
   * @param options.onNodes ids of nodes, for shards on them only; then none that is unassigned
   */
  allocations(options: CrateCallOptions & { readonly onNodes?: readonly string[] | null }): Promise<CrateAllocation[]>;
  nodeChecks(options: CrateCallOptions): Promise<NodeCheck[]>;
  /** Marks these checks as seen, on every node; each node forgets it when it restarts. */
  acknowledgeChecks(ids: readonly number[], options: CrateCallOptions): Promise<void>;
  /** Snapshots and restores that run: a primary that is being copied cannot move. Reads every repository, which can take long. */
  snapshotWork(options: CrateCallOptions): Promise<SnapshotWork[]>;
  /** Who this login is, with the privileges of its roles. Throws `privilege` when it may not even read that. */
  user(options: CrateCallOptions): Promise<CrateUser>;
  /**
   * Sets these settings at one level, in one statement. With no master it waits until the deadline and is then `unknown`.
   * A transient value hides a persistent one, an empty transient too, and nothing shows what stands below: whoever means it
   * to outlive a full restart writes both, the transient first.
   */
  setGlobal(
    level: SettingLevel,
    settings: Readonly<Record<string, SettingValue>>,
    options: CrateCallOptions,
  ): Promise<void>;
  /** Takes these settings out at both levels, so that defaults and start-up arguments hold again. */
  resetGlobal(settings: readonly string[], options: CrateCallOptions): Promise<void>;
  /**
   * `ALTER CLUSTER DECOMMISSION`, for superusers. Its success proves nothing: a node leaves with shards that cannot move
   * (cratedb.md). The node ends with exit code 0, so that its container starts again and rejoins.
   */
  decommission(nodeName: string, options: CrateCallOptions): Promise<void>;
  /** Asks each address by itself; one that does not answer, or refuses, is an error in its place. */
  reachable(options: CrateCallOptions): Promise<NodeAnswer[]>;
  /** Other addresses from now on: pods come and go. Cheap. */
  useAddresses(addresses: readonly CrateAddress[]): void;
  /** Ends its connections at once, and what waits on them. Safe to call twice. */
  close(): Promise<void>;
}

export interface CrateCallOptions {
  /** For the whole call, all nodes tried. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Where a setting stands: TRANSIENT ones are lost when the whole cluster stops. */
export type SettingLevel = "transient" | "persistent";

export interface CrateNode {
  readonly id: string;
  /** `data-hot-0`, `master-1`. */
  readonly name: string;
  /** False: it is a member, but did not answer the node asked within 3 s; then all below is null. */
  readonly answers: boolean;
  readonly version: string | null;
  readonly restUrl: string | null;
  /** `master_eligible`, `data`; null where this version does not say. */
  readonly roles: readonly string[] | null;
  /** `-Cnode.attr.zone=a` and the like. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Of all its data paths together. */
  readonly disk: { readonly totalBytes: number; readonly usedBytes: number; readonly availableBytes: number } | null;
}

export interface CrateState {
  readonly clusterName: string;
  /** Id of a node; null: there is no master, and nothing can be changed until there is one. */
  readonly masterNodeId: string | null;
  readonly settings: CrateSettings;
}

export type Health = "GREEN" | "YELLOW" | "RED";

/** Part of a table that is looked after by itself: the table, or one partition of it. */
export interface TablePart {
  readonly schema: string;
  readonly table: string;
  /** The partition's ident, as CrateDB codes it; null: the table is not partitioned, or, in `tables`, is meant as a whole. */
  readonly partition: string | null;
}

export interface TableHealth extends TablePart {
  readonly health: Health;
  /** Primaries that are nowhere, or not started. */
  readonly missingShards: number;
  readonly underreplicatedShards: number;
}

export interface CrateShard extends TablePart {
  readonly id: number;
  readonly primary: boolean;
  /** Null: unassigned. */
  readonly node: { readonly id: string; readonly name: string } | null;
  readonly routingState: "UNASSIGNED" | "INITIALIZING" | "STARTED" | "RELOCATING";
  /** Id of the node it moves to; of an INITIALIZING one, the node it comes from, where this version shows such rows at all. */
  readonly relocatingNode: string | null;
  /** Last known, some seconds old; 0 of an unassigned one. */
  readonly sizeBytes: number;
  /** Of the copy on this node. A shard that moves away shows how it once came here, not how far it is. */
  readonly recovery: {
    readonly stage: string;
    readonly percent: number;
    readonly recoveredBytes: number;
    readonly totalBytes: number;
  } | null;
}

export interface CrateTable extends TablePart {
  /** Values of the partition's columns, for people; null of a table. */
  readonly partitionValues: Readonly<Record<string, unknown>> | null;
  /** Of a table: it has no shards itself, and its settings are those of partitions to come. */
  readonly isPartitioned: boolean;
  readonly isClosed: boolean;
  readonly shards: number;
  readonly replicas: ReplicaBounds;
  readonly routing: TableRouting;
}

/** `number_of_replicas`. What a table needs is the lower bound; up to the upper one it grows and shrinks with the nodes. */
export interface ReplicaBounds {
  /** As it is written: `2`, `0-1`, `0-all`. */
  readonly text: string;
  readonly min: number;
  /** Null: `all`, on every other node. */
  readonly max: number | null;
}

/** What a table says of its own about where its shards may be; it goes before the cluster's settings. */
export interface TableRouting {
  /** CrateDB shows `all` both where it is set and where nothing is. */
  readonly enable: AllocationEnable;
  /** Null: no limit. */
  readonly totalShardsPerNode: number | null;
  /** Filters by attribute, as `_name` or `tier`. Any of them at all, and the table ignores the cluster's filters altogether. */
  readonly require: Readonly<Record<string, string>>;
  readonly include: Readonly<Record<string, string>>;
  readonly exclude: Readonly<Record<string, string>>;
}

export interface CrateAllocation extends TablePart {
  readonly shardId: number;
  readonly primary: boolean;
  /** Null: it is nowhere. */
  readonly nodeId: string | null;
  readonly state: CrateShard["routingState"];
  /** Why it is nowhere, or has to leave its node, in the allocator's words; null: it is well where it is. */
  readonly problem: string | null;
  /** Of one with a problem: no node takes it as things are. Else it only waits for its turn, or for a node that left. */
  readonly isStuck: boolean;
  /** Of each other node, why not there. */
  readonly decisions: readonly {
    readonly nodeId: string;
    readonly nodeName: string;
    readonly explanations: readonly string[];
  }[];
}

/** 1 to 3: gateway settings; 5, 6 and 7: disk watermarks high, low and flood stage; 8: shards on the node. */
export interface NodeCheck {
  readonly id: number;
  readonly nodeId: string;
  /** The higher the worse. */
  readonly severity: number;
  readonly description: string;
  readonly passed: boolean;
  readonly acknowledged: boolean;
}

/** Something that reads or writes whole shards. */
export type SnapshotWork =
  /** A statement that runs. Others' statements are seen with the privilege AL only. */
  | {
      readonly kind: "statement";
      /** Its first words, without literals: `CREATE SNAPSHOT backups.nightly`. */
      readonly text: string;
      readonly username: string;
      readonly startedAtMs: number;
    }
  /** `CREATE SNAPSHOT` returns before it is done, so that no statement stands for this one. */
  | {
      readonly kind: "snapshot";
      readonly repository: string;
      readonly name: string;
      readonly startedAtMs: number | null;
    }
  | { readonly kind: "restore"; readonly repository: string; readonly name: string };

export interface CrateUser {
  readonly name: string;
  readonly superuser: boolean;
  /** Own and inherited, through any number of steps. */
  readonly roles: readonly string[];
  /** Its own and those of its roles. A superuser needs none. */
  readonly privileges: readonly CratePrivilege[];
}

export interface CratePrivilege {
  /** The user itself or one of its roles. */
  readonly grantee: string;
  readonly state: "GRANT" | "DENY";
  readonly type: "DQL" | "DML" | "DDL" | "AL";
  readonly class: "CLUSTER" | "SCHEMA" | "TABLE" | "VIEW";
  /** `sys`, `doc.metrics`; null: the cluster. */
  readonly ident: string | null;
}

export interface NodeAnswer {
  readonly address: CrateAddress;
  /** Null: it answered. */
  readonly error: CrateError | null;
}

/**
 * - `login`: a node answered and refused user or password. Nothing was asked.
 * - `privilege`: this user may not do that (4011), or nobody but a superuser (4010). Nothing was done.
 * - `refused`: the cluster answered with an error and did not do what was asked.
 * - `unreachable`: no node could be reached; nothing was asked.
 * - `unknown`: asked, and no answer came, or one that does not tell whether it was done. Of a question: not answered.
 */
export type CrateOutcome = "login" | "privilege" | "refused" | "unreachable" | "unknown";

export class CrateError extends Error {
  override readonly name = "CrateError";
  readonly outcome: CrateOutcome;
  /** CrateDB's own number, as 4043 for a column that is not there; null where it gave none. */
  readonly code: number | null;
  /** Of an `unreachable` node that is there, and only TLS is in the way: what of it. */
  readonly tls: TlsTrouble | null;

  constructor(
    outcome: CrateOutcome,
    message: string,
    options?: { cause?: unknown; code?: number | null; tls?: TlsTrouble | null },
  ) {
    super(message, options);
    this.outcome = outcome;
    this.code = options?.code ?? null;
    this.tls = options?.tls ?? null;
  }
}
