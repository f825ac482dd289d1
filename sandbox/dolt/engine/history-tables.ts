import { type Column, type ColumnType, dateTimeText, SqlError, type SqlValue } from "../sql/values.ts";
import { type Branch, type Commit, historyOf, type Root } from "./database.ts";
import type { Source } from "./select.ts";
import type { Row, Table } from "./table.ts";

/** The rows of `dolt_log` and of Dolt's table functions on one branch, or undefined when there is none of that name. */
export function historyTable(name: string, branch: Branch, args: readonly SqlValue[] | undefined): Source | undefined {
  switch (name.toLowerCase()) {
    case "dolt_log":
      return args === undefined ? log(branch.head) : undefined;
    case "dolt_diff_stat":
      return args === undefined ? undefined : diffStat(branch, args.map(String));
    case "dolt_diff":
      return args === undefined ? undefined : diff(branch, args.map(String));
    default:
      return undefined;
  }
}

function log(head: Commit): Source {
  const commits = [...historyOf(head)];
  const rows = commits.map(({ hash, author, email, atMs, message, parent }, index): Row => {
    return [hash, author, email, dateTimeText(atMs), message, commits.length - index, parent?.hash ?? ""];
  });
  const columns: readonly (readonly [string, ColumnType])[] = [
    ["commit_hash", "text"],
    ["committer", "text"],
    ["email", "text"],
    ["date", "datetime"],
    ["message", "text"],
    ["commit_order", "bigint"],
    ["parents", "text"],
  ];
  return source("dolt_log", columns, rows);
}

/** What became of the rows of a table: `from` null for one added, `to` null for one deleted. */
interface RowChange {
  readonly from: Row | null;
  readonly to: Row | null;
}

function diffStat(branch: Branch, [from, to, only]: readonly string[]): Source {
  const [before, after] = [rootOf(branch, from), rootOf(branch, to)];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const rows = names.flatMap((name): Row[] => {
    if (only !== undefined && only !== name) return [];
    const changes = changesOf(before.get(name), after.get(name));
    if (changes.length === 0) return [];
    const added = changes.filter((change) => change.from === null).length;
    const deleted = changes.filter((change) => change.to === null).length;
    return [[name, added, deleted, changes.length - added - deleted]];
  });
  const columns = ["rows_added", "rows_deleted", "rows_modified"].map((name) => [name, "bigint"] as const);
  return source("dolt_diff_stat", [["table_name", "text"], ...columns], rows);
}

function diff(branch: Branch, [from, to, name]: readonly string[]): Source {
  if (name === undefined) throw new SqlError("Invalid argument to dolt_diff: 2 – expected 3");
  const [before, after] = [rootOf(branch, from).get(name), rootOf(branch, to).get(name)];
  const shape = after?.columns ?? before?.columns;
  if (shape === undefined) throw new SqlError(`table not found: ${name}`, 1146, "HY000");
  const nothing = shape.map((): SqlValue => null);
  const rows = changesOf(before, after).map((change): Row => {
    const kind = change.from === null ? "added" : change.to === null ? "removed" : "modified";
    return [...(change.to ?? nothing), to ?? "", ...(change.from ?? nothing), from ?? "", kind];
  });
  const side = (prefix: string): (readonly [string, ColumnType])[] => [
    ...shape.map((column) => [`${prefix}_${column.name}`, column.type] as const),
    [`${prefix}_commit`, "text"],
  ];
  return source("dolt_diff", [...side("to"), ...side("from"), ["diff_type", "text"]], rows);
}

function changesOf(before: Table | undefined, after: Table | undefined): RowChange[] {
  const old = new Map(before?.entries());
  const fresh = new Map(after?.entries());
  const keys = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return keys.flatMap((key) => {
    const change = { from: old.get(key) ?? null, to: fresh.get(key) ?? null };
    return JSON.stringify(change.from) === JSON.stringify(change.to) ? [] : [change];
  });
}

/** WORKING, or a commit of this branch by its hash. */
function rootOf(branch: Branch, name: string | undefined): Root {
  if (name?.toUpperCase() === "WORKING") return branch.working;
  for (const commit of historyOf(branch.head)) if (commit.hash === name) return commit.root;
  throw new SqlError("target commit not found");
}

function source(table: string, columns: readonly (readonly [string, ColumnType])[], rows: readonly Row[]): Source {
  return { columns: columns.map(([name, type]): Column => ({ name, type, table, schema: "" })), rows };
}
