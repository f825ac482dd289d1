import type { ServerDetails } from "../../ports/dolt-servers.ts";
import { localUser, quoted, type Read, readDatabases } from "./data-state.ts";
import { accountRowSchema, branchRowSchema, clockRowSchema, variableRowSchema } from "./rows.ts";

/**
 * Global variables in which two servers of a target should agree, because clients notice after a switch. Each server has
 * its own: none of them is replicated (dolt.md, “Seen on real servers”, for the first).
 */
const comparedSettings: ReadonlySet<string> = new Set([
  "dolt_cluster_ack_writes_timeout_secs",
  "dolt_transaction_commit",
  "dolt_allow_commit_conflicts",
  "dolt_force_transaction_commit",
  "autocommit",
  "group_concat_max_len",
  "sql_mode",
  "time_zone",
  "max_connections",
  "max_allowed_packet",
  "lower_case_table_names",
  "transaction_isolation",
  "character_set_server",
  "collation_server",
  "require_secure_transport",
  "local_infile",
]);

export async function readDetails(read: Read): Promise<ServerDetails> {
  const branches: [string, string[]][] = [];
  for (const database of await readDatabases(read)) {
    const rows = await read(`SELECT name FROM ${quoted(database)}.dolt_branches`, branchRowSchema);
    branches.push([database, rows.map(({ name }) => name).sort()]);
  }
  const accounts = await read("SELECT User, Host FROM mysql.user", accountRowSchema);
  const variables = await read("SHOW GLOBAL VARIABLES", variableRowSchema);
  // `last_update` is in UTC whatever the server's zone, and `NOW()` is not (seen on Dolt 2.2.3 with TZ=America/New_York).
  const [clockMs = Number.NaN] = await read("SELECT UTC_TIMESTAMP(3) AS server_clock", clockRowSchema);
  return {
    branches: Object.fromEntries(branches),
    accounts: accounts
      .filter(({ user }) => user !== localUser)
      .map(({ user, host }) => `${user}@${host}`)
      .sort(),
    settings: Object.fromEntries(
      variables
        .filter((row) => comparedSettings.has(row.Variable_name))
        .map((row) => [row.Variable_name, String(row.Value)]),
    ),
    clockMs,
  };
}
