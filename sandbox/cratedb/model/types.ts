/** What a simulated CrateDB cluster consists of. Plain, changeable records: whoever holds the cluster holds all of them. */

/** A node as its start-up arguments make it, and the disk that it keeps over restarts. */
export interface CrateNodeSpec {
  /** `data-hot-0`; the same name means the same volume, and the same id. */
  readonly name: string;
  readonly isMasterEligible: boolean;
  readonly holdsData: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  /** Every `-C` argument by its name. */
  readonly arguments: Readonly<Record<string, string>>;
  readonly version: string;
  readonly restUrl: string;
  readonly hostname: string;
}

export interface Member {
  readonly id: string;
  readonly spec: CrateNodeSpec;
  /** Ids of checks that were acknowledged since it started. */
  readonly acknowledged: Set<number>;
}

/** The volume of one node. */
export interface Disk {
  totalBytes: number;
  /** What lies on it beside shards. */
  otherBytes: number;
}

export interface SimTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly shards: number;
  readonly partitionedBy: readonly string[];
  /** `number_of_replicas` as written; for a partitioned table, of partitions to come. */
  replicas: string;
  /** `routing.allocation.*` and other settings that were given, by name. */
  settings: Map<string, string>;
  readonly parts: TablePart[];
}

/** What is allocated by itself: a table, or one partition. */
export interface TablePart {
  readonly table: SimTable;
  /** Empty: not partitioned. */
  readonly ident: string;
  readonly values: Readonly<Record<string, unknown>>;
  replicas: string;
  settings: Map<string, string>;
  readonly groups: ShardGroup[];
}

/** All copies of one shard. */
export interface ShardGroup {
  readonly part: TablePart;
  readonly id: number;
  bytes: number;
  readonly rows: Record<string, unknown>[];
  readonly copies: ShardCopy[];
  /** Ids of nodes whose disk holds all that was acknowledged: any of them may become the primary. Empty: never allocated. */
  inSync: Set<string>;
  /** Ids of nodes whose disk holds an older state of it: a replica there starts from what it has. */
  stale: Set<string>;
}

export type RoutingState = "UNASSIGNED" | "INITIALIZING" | "STARTED" | "RELOCATING";

export interface ShardCopy {
  readonly allocationId: string;
  readonly group: ShardGroup;
  primary: boolean;
  state: RoutingState;
  /** Id of the node; null: unassigned. */
  node: string | null;
  /** RELOCATING: id of the node it moves to. */
  target: string | null;
  /** INITIALIZING: how this copy comes to be. RELOCATING: how its successor does. */
  recovery: Recovery | null;
  /** How this copy once came to its node. */
  past: { readonly type: RecoveryType; readonly bytes: number } | null;
  /** UNASSIGNED: why, and until when a replica waits for the node that left. */
  unassigned: { readonly reason: string; readonly delayedUntilMs: number; readonly lastNode: string | null } | null;
}

export type RecoveryType = "EMPTY_STORE" | "EXISTING_STORE" | "PEER" | "SNAPSHOT";

export interface Recovery {
  readonly type: RecoveryType;
  readonly bytes: number;
  /** Of 1. */
  done: number;
}

export const isActive = ({ state }: ShardCopy) => state === "STARTED" || state === "RELOCATING";

export function tableName({ schema, name }: Pick<SimTable, "schema" | "name">): string {
  return `${schema}.${name}`;
}
