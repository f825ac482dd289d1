import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { DoltTargetSpec } from "./handle.ts";

const POLL_MS = 50;
/** Of the user and the branch control row that are written for a moment to see them replicated. */
const PROBE = "handover_probe";

/**
 * Waits until everything that a graceful demotion waits for has replicated once: the databases, the users and branch control.
 *
 * The last two show in no status. Where the primary's first attempts failed, because the standbys were still starting, they
 * back off for up to about a minute, and a demotion meanwhile takes seconds or fails. Writing to them ends the back-off.
 */
export async function untilReplicated(
  primary: Connection,
  standbys: readonly Connection[],
  spec: DoltTargetSpec,
  signal: AbortSignal,
): Promise<void> {
  await until(
    () => "the primary has replicated every database",
    signal,
    () => hasCaughtUp(primary, spec),
  );
  const [database] = spec.databases;
  await probe(primary, standbys, signal, {
    what: "users",
    write: `CREATE USER '${PROBE}'@'localhost'`,
    erase: `DROP USER '${PROBE}'@'localhost'`,
    count: `SELECT COUNT(*) AS n FROM mysql.user WHERE User = '${PROBE}'`,
  });
  if (database !== undefined) {
    const table = `${primary.escapeId(database)}.dolt_branch_control`;
    await probe(primary, standbys, signal, {
      what: "branch control",
      write: `INSERT INTO ${table} VALUES ('${PROBE}', '%', '%', '%', 'read')`,
      erase: `DELETE FROM ${table} WHERE \`database\` = '${PROBE}'`,
      count: `SELECT COUNT(*) AS n FROM ${table} WHERE \`database\` = '${PROBE}'`,
    });
  }
}

/** Throws when the signal aborts, with what was waited for. */
export async function until(what: () => string, signal: AbortSignal, ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask())) {
    if (signal.aborted) {
      throw new Error(`waited in vain until ${what()}`, { cause: signal.reason });
    }
    // An abort only ends the wait early.
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}

interface Probe {
  readonly what: string;
  readonly write: string;
  readonly erase: string;
  /** Selects as `n` how many of what was written are there. */
  readonly count: string;
}

async function probe(
  primary: Connection,
  standbys: readonly Connection[],
  signal: AbortSignal,
  { what, write, erase, count }: Probe,
): Promise<void> {
  for (const [statement, expected] of [
    [write, 1],
    [erase, 0],
  ] as const) {
    await primary.query(statement);
    await until(
      () => `the standbys have the primary's ${what}`,
      signal,
      async () => {
        const counts = await Promise.all(standbys.map((standby) => selectNumber(standby, count)));
        return counts.every((found) => found === expected);
      },
    );
  }
}

/** Whether the primary reports, for each database and standby, a successful push and no error. */
async function hasCaughtUp(primary: Connection, spec: DoltTargetSpec): Promise<boolean> {
  const [rows] = await primary.query<RowDataPacket[]>(
    "SELECT replication_lag_millis AS lagMs, current_error AS error FROM dolt_cluster.dolt_cluster_status",
  );
  const expected = spec.databases.length * (spec.replicas - 1);
  return rows.length >= expected && rows.every((row) => row.lagMs !== null && row.error === null);
}

async function selectNumber(server: Connection, sql: string): Promise<number> {
  const [rows] = await server.query<RowDataPacket[]>(sql);
  return Number(rows[0]?.n);
}
