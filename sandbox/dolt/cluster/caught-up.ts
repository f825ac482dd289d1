import { SqlError } from "../sql/values.ts";

/** One row of a demotion: whether this standby had everything of this database. */
export interface CaughtUpRow {
  readonly caughtUp: boolean;
  readonly database: string;
  readonly remote: string;
  readonly url: string;
}

/**
 * Throws when a demotion must fail. `minCaughtUp` 0 demands every standby.
 * Dolt counts a standby as caught up when it has as many caught-up rows as there are databases, by the host of the URL.
 */
export function demandCaughtUp(rows: readonly CaughtUpRow[], minCaughtUp: number): void {
  if (minCaughtUp === 0) {
    if (rows.every((row) => row.caughtUp)) return;
    throw new SqlError(
      "cluster/controller: failed to transition from primary to standby gracefully; could not replicate databases to standby in a timely manner.",
    );
  }
  const databases = new Set(rows.map((row) => row.database)).size;
  const caughtUpRows = new Map<string, number>();
  for (const row of rows) {
    const host = new URL(row.url).host;
    caughtUpRows.set(host, (caughtUpRows.get(host) ?? 0) + (row.caughtUp ? 1 : 0));
  }
  const caughtUp = [...caughtUpRows.values()].filter((count) => count === databases).length;
  if (caughtUp >= minCaughtUp) return;
  throw new SqlError(
    `cluster/controller: failed to transition from primary to standby gracefully; could not ensure ${minCaughtUp} replicas were caught up on all ${databases} databases. Only caught up ${caughtUp} standbys fully.`,
  );
}
