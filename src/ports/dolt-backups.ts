import type { CallOptions } from "./dolt-servers.ts";

/** Copies of whole databases, with every branch and what is in no commit. Users and branch control are no part of them. */
export interface DoltBackups {
  /**
   * `CALL dolt_backup('sync-url', …)`: works on a read-only and on a broken server too. Whatever the URL held becomes this,
   * even when it was another database: give each database a URL of its own.
   */
  save(database: string, url: string, options: CallOptions): Promise<void>;
  /**
   * `CALL dolt_backup('restore', …)`, on a primary only. Throws `refused` when there is a database of that name. It is not
   * replicated by itself: Dolt calls a standby's empty copy caught up until the next write (seen on 2.2.3); see `announce`.
   */
  restore(url: string, database: string, options: CallOptions): Promise<void>;
  /** Makes a primary push a database it was given by `restore`: makes a tag in it, and takes it away again. Safe to repeat. */
  announce(database: string, options: CallOptions): Promise<void>;
  /**
   * Drops a database that only standbys hold, on the primary: makes an empty one of its name, and drops that, which is what
   * replicates. Throws `refused`, and drops nothing, when the primary has one of that name.
   */
  dropOnStandbys(database: string, options: CallOptions): Promise<void>;
  /** Cuts every SQL connection but this one. They may come back at once: this fences nothing. Gives how many. */
  cutConnections(options: CallOptions): Promise<number>;
}
