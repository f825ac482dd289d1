/** `number_of_replicas` of a table: copies beside the primary. `Infinity` stands for `all`. */
export interface ReplicaBounds {
  readonly least: number;
  readonly most: number;
}

/** A table, or one partition of it, as `information_schema.tables` and `table_partitions` list them. */
export interface ReplicatedTable {
  readonly schema: string;
  readonly table: string;
  /** The partition's values, for people; null: the table itself, for a partitioned one what its new partitions get. */
  readonly partition: string | null;
  /** As SQL gives it: `1`, `0-1`, `0-all`. */
  readonly numberOfReplicas: string;
}

export interface ReplicaNeed {
  /** `doc.t1`, `doc.t1 partition day=3`. */
  readonly name: string;
  readonly numberOfReplicas: string;
  /** Data nodes so that all its copies find a place; `Infinity`: as many as there are. */
  readonly nodesNeeded: number;
}

export interface ReplicaJudgement {
  /** Their lower end does not fit: copies would be missing for good, and a drain could never end. */
  readonly tooMany: readonly ReplicaNeed[];
  /** They give copies up by themselves, and have fewer than they may have afterwards. */
  readonly fewer: readonly ReplicaNeed[];
  /** What nobody can tell the need of; it counts as too many. */
  readonly unreadable: readonly ReplicaNeed[];
}

/**
 * `n`, `min-max` or `min-all`. CrateDB refuses a bare `all`, but whoever writes it wants no end (cratedb.md, “Settings”).
 * Null: it is none of these.
 */
export function parseNumberOfReplicas(text: string): ReplicaBounds | null {
  const match = /^(\d+|all)(?:-(\d+|all))?$/.exec(text.trim());
  if (match === null) return null;
  const [, first = "", second = first] = match;
  const bounds = { least: countOf(first), most: countOf(second) };
  return bounds.least <= bounds.most ? bounds : null;
}

/**
 * Which tables fit on the data nodes that are to remain. What a table needs is its lower end; the upper one is what it takes
 * while there are nodes for it, so that missing it is worth a warning. `min-all` follows the number of nodes by itself; it is
 * named only where nothing but its primary would be left.
 */
export function judgeReplicas(tables: readonly ReplicatedTable[], remainingDataNodes: number): ReplicaJudgement {
  const tooMany: ReplicaNeed[] = [];
  const fewer: ReplicaNeed[] = [];
  const unreadable: ReplicaNeed[] = [];
  for (const table of tables) {
    const { numberOfReplicas } = table;
    const name = tableText(table);
    const bounds = parseNumberOfReplicas(numberOfReplicas);
    if (bounds === null) {
      unreadable.push({ name, numberOfReplicas, nodesNeeded: Number.POSITIVE_INFINITY });
    } else if (bounds.least + 1 > remainingDataNodes) {
      tooMany.push({ name, numberOfReplicas, nodesNeeded: bounds.least + 1 });
    } else if (wantedCopies(bounds) + 1 > remainingDataNodes) {
      fewer.push({ name, numberOfReplicas, nodesNeeded: bounds.most + 1 });
    }
  }
  return { tooMany, fewer, unreadable };
}

export function tableText({
  schema,
  table,
  partition,
}: Pick<ReplicatedTable, "schema" | "table" | "partition">): string {
  return partition === null ? `${schema}.${table}` : `${schema}.${table} partition ${partition}`;
}

/** How many copies people count on: those of a fixed upper end, and one at least where it is open. */
function wantedCopies({ least, most }: ReplicaBounds): number {
  return most === Number.POSITIVE_INFINITY ? Math.max(least, 1) : most;
}

function countOf(text: string): number {
  return text === "all" ? Number.POSITIVE_INFINITY : Number(text);
}
