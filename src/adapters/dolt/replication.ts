import type { ReplicationRow } from "../../ports/dolt-servers.ts";
import { quoted, type Read } from "./data-state.ts";
import { remoteRowSchema, replicationRowSchema } from "./rows.ts";

/** The status rows, each with the address that its remote has in the database itself: a stored address wins over the server's configuration. */
export async function readReplication(read: Read): Promise<ReplicationRow[]> {
  const rows = await read(
    "SELECT `database`, standby_remote, role, epoch, replication_lag_millis, last_update, current_error FROM dolt_cluster.dolt_cluster_status",
    replicationRowSchema,
  );
  const urls = new Map<string, string>();
  for (const database of new Set(rows.map((row) => row.database))) {
    const remotes = await read(`SELECT name, url FROM ${quoted(database)}.dolt_remotes`, remoteRowSchema);
    for (const { name, url } of remotes) urls.set(keyOf(database, name), url);
  }
  return rows.map((row) => ({ ...row, remoteUrl: urls.get(keyOf(row.database, row.remote)) ?? null }));
}

const keyOf = (database: string, remote: string) => JSON.stringify([database, remote]);
