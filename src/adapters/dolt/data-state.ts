import { createHash } from "node:crypto";
import type { z } from "zod";
import type { DataState } from "../../ports/dolt-servers.ts";
import { anyRowSchema, branchRowSchema, databaseRowSchema, rootsRowSchema } from "./rows.ts";

/** Runs one statement and gives its rows, checked. */
export type Read = <Row>(sql: string, row: z.ZodType<Row>) => Promise<Row[]>;

/** Databases that a Dolt server makes itself; users and branch control are read apart. */
const systemDatabases: ReadonlySet<string> = new Set([
  "information_schema",
  "mysql",
  "dolt_cluster",
  "performance_schema",
  "sys",
]);

/** The tables of `mysql` that hold users and grants; the rest of that schema is static. */
const privilegeTables = ["user", "db", "tables_priv", "procs_priv", "role_edges"] as const;

/**
 * A user that each server makes for itself with a password of its own (its local clients use it) and never replicates:
 * its row always differs (seen on Dolt 2.2.3).
 */
export const localUser = "__dolt_local_user__";

/**
 * A column of `mysql.user` that differs by a second between equal servers: the primary rounds its own fraction, and what it
 * replicates is cut (seen on Dolt 2.2.3). A changed password shows in `authentication_string`.
 */
const unequalColumn = "password_last_changed";

export async function readDatabases(read: Read): Promise<string[]> {
  const names = await read("SHOW DATABASES", databaseRowSchema);
  // With dolt_show_branch_databases on, `db/branch` is listed beside `db`.
  return names.filter((name) => !systemDatabases.has(name.toLowerCase()) && !name.includes("/")).sort();
}

export async function readPrivileges(read: Read): Promise<Pick<DataState, "users" | "branchControl">> {
  const tables: Record<string, unknown>[][] = [];
  for (const table of privilegeTables) {
    const rows = await read(`SELECT * FROM mysql.${table}`, anyRowSchema);
    const replicated = rows.filter((row) => row.User !== localUser);
    tables.push(replicated.map(({ [unequalColumn]: _, ...row }) => row));
  }
  return { users: digestOfTables(tables), branchControl: await readBranchControl(read) };
}

/** Branch control is one for the server, but its tables are reached through a user database; without one nobody could have changed it. */
async function readBranchControl(read: Read): Promise<string> {
  const [database] = await readDatabases(read);
  if (database === undefined) return "no database";
  const permissions = await read(`SELECT * FROM ${quoted(database)}.dolt_branch_control`, anyRowSchema);
  const namespaces = await read(`SELECT * FROM ${quoted(database)}.dolt_branch_namespace_control`, anyRowSchema);
  return digestOfTables([permissions, namespaces]);
}

/**
 * Everything in which two servers with the same data agree. `dolt_hashof_db` speaks of the session's current branch
 * only, so every branch is made the current one in turn.
 */
export async function readDataState(read: Read, use: (database: string) => Promise<void>): Promise<DataState> {
  const databases: [string, string][] = [];
  for (const name of await readDatabases(read)) databases.push([name, await readDatabase(read, use, name)]);
  return { databases: Object.fromEntries(databases), ...(await readPrivileges(read)) };
}

async function readDatabase(read: Read, use: (database: string) => Promise<void>, database: string): Promise<string> {
  const branches = await read(`SELECT name, hash, dirty FROM ${quoted(database)}.dolt_branches`, anyRowSchema);
  const tags = await read(`SELECT * FROM ${quoted(database)}.dolt_tags`, anyRowSchema);
  const roots: Record<string, unknown>[] = [];
  for (const { name } of branches.map((row) => branchRowSchema.parse(row))) {
    await use(`${database}/${name}`);
    const [row] = await read(
      "SELECT dolt_hashof_db('WORKING') AS working, dolt_hashof_db('STAGED') AS staged",
      rootsRowSchema,
    );
    roots.push({ name, ...row });
  }
  return digestOfTables([branches, tags, roots]);
}

/** Backquotes an identifier whole: a dot or a slash in a branch's name is part of it. */
export function quoted(identifier: string): string {
  return `\`${identifier.replaceAll("`", "``")}\``;
}

/** SHA-256 over the tables, whatever the order of their rows (it differs between servers). A digest, because rows of users hold password hashes. */
function digestOfTables(tables: readonly (readonly Record<string, unknown>[])[]): string {
  const sorted = tables.map((rows) => rows.map((row) => JSON.stringify(row)).sort());
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex");
}
