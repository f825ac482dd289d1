import { SqlError, type SqlValue } from "../sql/values.ts";
import { Table } from "./table.ts";
import type { BranchControl, BranchControlRow } from "./volume.ts";

const ACCESS = "dolt_branch_control";
const NAMESPACE = "dolt_branch_namespace_control";
const COLUMNS = ["database", "branch", "user", "host"];
const PERMISSIONS = ["admin", "write", "merge", "read"];

export function isBranchControlTable(name: string): boolean {
  return [ACCESS, NAMESPACE].includes(name.toLowerCase());
}

/** The rows as an ordinary table, so that INSERT, UPDATE and DELETE work on it. */
export function branchControlTable(contents: BranchControl, name: string): Table {
  const isAccess = name.toLowerCase() === ACCESS;
  const columns = (isAccess ? [...COLUMNS, "permissions"] : COLUMNS).map((column) => ({
    name: column,
    type: "text" as const,
    notNull: true,
  }));
  const rows: SqlValue[][] = isAccess
    ? contents.access.map((row) => [row.database, row.branch, row.user, row.host, row.permissions])
    : contents.namespace.map((row) => [row.database, row.branch, row.user, row.host]);
  return rows.reduce((table, row) => table.with(row), Table.empty(columns, [0, 1, 2, 3]));
}

export function withBranchControlTable(contents: BranchControl, name: string, table: Table): BranchControl {
  const rows = table.rows().map((row): BranchControlRow => {
    const [database = "", branch = "", user = "", host = "", permissions = "read"] = row.map(String);
    return { database, branch, user, host, permissions };
  });
  if (name.toLowerCase() === ACCESS) {
    for (const { permissions } of rows) {
      if (!PERMISSIONS.includes(permissions)) throw new SqlError("Data truncated for column 'permissions' at row 1");
    }
    return { ...contents, access: rows };
  }
  return { ...contents, namespace: rows.map(({ permissions: _, ...row }) => row) };
}

/** Whoever makes a branch becomes its admin. */
export function withAdminOf(contents: BranchControl, branch: Omit<BranchControlRow, "permissions">): BranchControl {
  const row = { ...branch, permissions: "admin" };
  const isSame = (other: BranchControlRow) =>
    other.database === row.database &&
    other.branch === row.branch &&
    other.user === row.user &&
    other.host === row.host;
  return { ...contents, access: [...contents.access.filter((other) => !isSame(other)), row] };
}
