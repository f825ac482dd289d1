import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";

export interface SqlAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

const CONNECT_DEADLINE_MS = 10_000;

/** Opens a connection for `use` and closes it afterwards, whatever happens. */
export async function withConnection<T>(address: SqlAddress, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({ ...address, connectTimeout: CONNECT_DEADLINE_MS });
  try {
    return await use(connection);
  } finally {
    connection.destroy();
  }
}

/** `primary`, `standby` or `detected_broken_config`. */
export async function readRole(connection: Connection): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>("SELECT @@GLOBAL.dolt_cluster_role AS role");
  return String(rows[0]?.role);
}

/** Creates the databases, each with a table `t (id BIGINT PRIMARY KEY, v TEXT)`. */
export async function createDatabases(connection: Connection, databases: readonly string[]): Promise<void> {
  for (const database of databases) {
    await connection.query("CREATE DATABASE IF NOT EXISTS ??", [database]);
    await connection.query("CREATE TABLE IF NOT EXISTS ??.t (id BIGINT PRIMARY KEY, v TEXT)", [database]);
  }
}

/** Whether, as the primary sees it, every standby has every database without an error and without lag. */
export async function replicationSettled(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT replication_lag_millis AS lag, current_error AS error FROM dolt_cluster.dolt_cluster_status",
  );
  return rows.every(({ lag, error }) => lag === 0 && error === null);
}
