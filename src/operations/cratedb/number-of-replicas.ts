import type { CrateTable, ReplicaBounds } from "../../ports/crate-servers.ts";

export interface ReplicaNeed {
  /** `doc.t1`, `doc.t1 partition day=3`. */
  readonly name: string;
  /** As the table has it: `1-2`. */
  readonly replicas: string;
  /** Data nodes so that all its copies find a place. */
  readonly nodesNeeded: number;
}

export interface ReplicaJudgement {
  /** Their lower end does not fit: copies would be missing for good, and a drain could never end. */
  readonly tooMany: readonly ReplicaNeed[];
  /** They give copies up by themselves, and have fewer than they may have afterwards. */
  readonly fewer: readonly ReplicaNeed[];
}

/**
 * `n`, `min-max` or `min-all`; null: it is none of these. CrateDB refuses a bare `all`, but whoever writes it wants no end
 * (cratedb.md, “Settings”), so that its lower end is none that any number of nodes would do for.
 */
export function parseNumberOfReplicas(text: string): ReplicaBounds | null {
  const match = /^(\d+|all)(?:-(\d+|all))?$/.exec(text.trim());
  if (match === null) return null;
  const [, first = "", second = first] = match;
  const min = first === "all" ? Number.POSITIVE_INFINITY : Number(first);
  const max = second === "all" ? null : Number(second);
  return max !== null && min > max ? null : { text, min, max };
}

/**
 * Which tables and partitions fit on the data nodes that are to remain. What a table needs is its lower end; the upper one is
 * what it takes while there are nodes for it, so that missing it is worth a warning. `min-all` follows the number of nodes by
 * itself; it is named only where nothing but its primary would be left.
 */
export function judgeReplicas(
  tables: readonly Pick<CrateTable, "schema" | "table" | "partition" | "partitionValues" | "replicas">[],
  remainingDataNodes: number,
): ReplicaJudgement {
  const tooMany: ReplicaNeed[] = [];
  const fewer: ReplicaNeed[] = [];
  for (const table of tables) {
    const { replicas } = table;
    const name = tableText(table);
    if (replicas.min + 1 > remainingDataNodes) {
      tooMany.push({ name, replicas: replicas.text, nodesNeeded: replicas.min + 1 });
    } else if (wantedCopies(replicas) + 1 > remainingDataNodes) {
      fewer.push({ name, replicas: replicas.text, nodesNeeded: wantedCopies(replicas) + 1 });
    }
  }
  return { tooMany, fewer };
}

/** A table or a partition of it as people know it: by its columns' values, not by CrateDB's code for them. */
export function tableText({
  schema,
  table,
  partition,
  partitionValues,
}: Pick<CrateTable, "schema" | "table" | "partition" | "partitionValues">): string {
  if (partition === null) return `${schema}.${table}`;
  const values = Object.entries(partitionValues ?? {}).map(([column, value]) => `${column}=${String(value)}`);
  return `${schema}.${table} partition ${values.join(", ") || partition}`;
}

/** How many copies people count on: those of a fixed upper end, and one at least where it is open. */
function wantedCopies({ min, max }: ReplicaBounds): number {
  return max ?? Math.max(min, 1);
}
