import type { CaughtUpRow } from "../../ports/dolt-servers.ts";
import type { PodView } from "../../ports/workloads.ts";
import { podOfRemote } from "./remotes.ts";

/** What a demotion's rows call the users and the branch control, which replicate like databases. */
export const pseudoDatabases = ["mysql", "dolt_branch_control"] as const;

/**
 * What one pod lacks, by the rows of a demotion: every database named, whatever other databases the rows speak of, users
 * and branch control. Empty only when each has a row of this very pod that says caught up.
 */
export function missingFrom(
  pod: string,
  databases: readonly string[],
  rows: readonly CaughtUpRow[],
  pods: readonly { readonly name: string; readonly pod: PodView | null }[],
): string[] {
  const own = rows.filter((row) => podOfRemote({ name: row.remote, url: row.remoteUrl }, pods) === pod);
  const needed = new Set([...databases, ...pseudoDatabases, ...rows.map((row) => row.database)]);
  return [...needed].filter((database) => {
    const ofDatabase = own.filter((row) => row.database === database);
    return ofDatabase.length === 0 || ofDatabase.some((row) => !row.caughtUp);
  });
}
