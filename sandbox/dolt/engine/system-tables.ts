import type { TableName } from "../sql/ast.ts";
import { type Column, type ColumnType, dateTimeText, SqlError, type SqlValue, secondsText } from "../sql/values.ts";
import { isDirty } from "./database.ts";
import type { Instance } from "./instance.ts";
import { mysqlTables } from "./mysql-tables.ts";
import type { Source } from "./select.ts";
import type { Row } from "./table.ts";

function source(
  schema: string,
  table: string,
  columns: readonly (readonly [string, ColumnType])[],
  rows: readonly Row[],
): Source {
  return { columns: columns.map(([name, type]): Column => ({ name, type, table, schema })), rows };
}

/** The rows of a table that the server makes up itself, or undefined when it has none of that name. */
export function systemTable(instance: Instance, name: TableName, database: string | undefined): Source | undefined {
  const table = name.name.toLowerCase();
  switch (database?.toLowerCase()) {
    case "dolt_cluster":
      return table === "dolt_cluster_status" ? clusterStatus(instance) : undefined;
    case "mysql":
      return mysqlTables(instance.shownAccounts, table);
    case "information_schema":
      return informationSchema(instance, table);
    default:
      return table.startsWith("dolt_") ? doltTable(instance, table, database) : undefined;
  }
}

function clusterStatus(instance: Instance): Source {
  const rows = (instance.controller?.status() ?? []).map(
    (row): Row => [
      row.database,
      row.remote,
      row.role,
      row.epoch,
      row.lagMs === null ? null : Math.round(row.lagMs),
      row.lastUpdateMs === null ? null : secondsText(row.lastUpdateMs),
      row.error,
    ],
  );
  const columns: readonly (readonly [string, ColumnType])[] = [
    ["database", "text"],
    ["standby_remote", "text"],
    ["role", "text"],
    ["epoch", "bigint"],
    ["replication_lag_millis", "bigint"],
    ["last_update", "datetime"],
    ["current_error", "text"],
  ];
  return source("dolt_cluster", "dolt_cluster_status", columns, rows);
}

function informationSchema(instance: Instance, table: string): Source | undefined {
  if (table === "schemata") {
    const names = ["information_schema", ...[...instance.volume.databases.keys()].sort(), ...clusterDatabase(instance)];
    return source(
      "information_schema",
      "schemata",
      [["SCHEMA_NAME", "text"]],
      names.map((name) => [name]),
    );
  }
  return table === "processlist" ? processList(instance) : undefined;
}

const clusterDatabase = (instance: Instance) => (instance.controller === undefined ? [] : ["dolt_cluster"]);

/** Names as SHOW DATABASES lists them; a session on a branch sees `db/branch` too. */
export function databaseNames(instance: Instance, current: string | undefined): string[] {
  const names = new Set([
    ...instance.volume.databases.keys(),
    ...clusterDatabase(instance),
    "information_schema",
    "mysql",
  ]);
  if (current?.includes("/")) names.add(current);
  return [...names].sort();
}

export function processList(instance: Instance): Source {
  const rows = [...instance.connections.values()].map(
    (connection): Row => [
      connection.id,
      connection.user,
      connection.host,
      connection.database ?? null,
      connection.running === null ? "Sleep" : "Query",
      0,
      connection.running === null ? "" : "running",
      connection.running ?? "",
    ],
  );
  const columns: readonly (readonly [string, ColumnType])[] = [
    ["Id", "bigint"],
    ["User", "text"],
    ["Host", "text"],
    ["db", "text"],
    ["Command", "text"],
    ["Time", "bigint"],
    ["State", "text"],
    ["Info", "text"],
  ];
  return source("information_schema", "processlist", columns, rows);
}

function doltTable(instance: Instance, table: string, database: string | undefined): Source | undefined {
  if (database === undefined) throw new SqlError("no database selected");
  const base = database.split("/")[0] ?? database;
  const branchControl = instance.volume.branchControl;
  switch (table) {
    case "dolt_branches":
      return branches(instance, base);
    case "dolt_tags":
      return tags(instance, base);
    case "dolt_remotes":
      return remotes(instance, base);
    case "dolt_branch_control":
      return source(
        base,
        table,
        ["database", "branch", "user", "host", "permissions"].map((name) => [name, "text"] as const),
        branchControl.access.map((row) => [row.database, row.branch, row.user, row.host, row.permissions]),
      );
    case "dolt_branch_namespace_control":
      return source(
        base,
        table,
        ["database", "branch", "user", "host"].map((name) => [name, "text"] as const),
        branchControl.namespace.map((row) => [row.database, row.branch, row.user, row.host]),
      );
    default:
      return undefined;
  }
}

function branches(instance: Instance, database: string): Source {
  const columns: readonly (readonly [string, ColumnType])[] = [
    ["name", "text"],
    ["hash", "text"],
    ["latest_committer", "text"],
    ["latest_committer_email", "text"],
    ["latest_commit_date", "datetime"],
    ["latest_commit_message", "text"],
    ["remote", "text"],
    ["branch", "text"],
    ["dirty", "tinyint"],
  ];
  const rows = [...instance.state(database).branches]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, branch]): Row => {
      const { hash, author, email, atMs, message } = branch.head;
      return [name, hash, author, email, dateTimeText(atMs), message, "", "", Number(isDirty(branch))];
    });
  return source(database, "dolt_branches", columns, rows);
}

function tags(instance: Instance, database: string): Source {
  const columns: readonly (readonly [string, ColumnType])[] = [
    ["tag_name", "text"],
    ["tag_hash", "text"],
    ["tagger", "text"],
    ["email", "text"],
    ["date", "datetime"],
    ["message", "text"],
  ];
  const rows = [...instance.state(database).tags]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, tag]): Row => [name, tag.hash, tag.tagger, tag.email, dateTimeText(tag.atMs), tag.message]);
  return source(database, "dolt_tags", columns, rows);
}

function remotes(instance: Instance, database: string): Source {
  const stored = instance.volume.databases.get(database)?.remotes ?? new Map<string, string>();
  const rows = [...stored]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, url]): SqlValue[] => [name, url, JSON.stringify([`refs/heads/*:refs/remotes/${name}/*`]), null]);
  return source(
    database,
    "dolt_remotes",
    ["name", "url", "fetch_specs", "params"].map((name) => [name, "text"] as const),
    rows,
  );
}
