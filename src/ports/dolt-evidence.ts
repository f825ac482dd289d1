import type { CallOptions } from "./dolt-servers.ts";

/**
 * What a server can tell of its history and its rows, to compare it with another whose data went another way. Reads only, on a
 * read-only or broken server too; what is read means something only while nothing writes.
 */
export interface DoltEvidence {
  /** The branches of a database, by name. */
  branches(database: string, options: CallOptions): Promise<BranchState[]>;
  /** Hashes of a branch's commits, the newest first, so many at most. */
  commits(database: string, branch: string, limit: number, options: CallOptions): Promise<string[]>;
  /** By table, a hash of all its rows on the branch as they are now, committed or not. */
  tables(database: string, branch: string, options: CallOptions): Promise<Readonly<Record<string, string>>>;
  /** What differs on the branch, committed or not, from one of its commits; only tables that differ. */
  changesSince(database: string, branch: string, commit: string, options: CallOptions): Promise<TableChange[]>;
  /**
   * Digests of the rows of a table that differ from a commit: equal for rows that say the same on two servers.
   * Null: more than `limit`, or the table had another shape in that commit.
   */
  changedRows(
    change: { readonly database: string; readonly branch: string; readonly commit: string; readonly table: string },
    limit: number,
    options: CallOptions,
  ): Promise<string[] | null>;
}

export interface BranchState {
  readonly name: string;
  /** Hash of its newest commit. */
  readonly head: string;
  /** When that was made, by the clock of the server that made it. */
  readonly headAtMs: number;
  /** Hashes of what the branch holds beside its commits; equal ones mean equal rows and shapes. */
  readonly working: string;
  readonly staged: string;
  /** Whether it holds what is in no commit. */
  readonly dirty: boolean;
}

/** Rows of one table; nulls where Dolt cannot count, as for tables without a primary key. */
export interface TableChange {
  readonly table: string;
  readonly added: number | null;
  readonly modified: number | null;
  readonly deleted: number | null;
}
