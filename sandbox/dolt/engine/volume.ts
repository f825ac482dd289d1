import { randomUUID } from "node:crypto";
import type { Accounts } from "./accounts.ts";
import type { DatabaseState } from "./database.ts";

/** A row of dolt_branch_control: who may do what to which branch. */
export interface BranchControlRow {
  readonly database: string;
  readonly branch: string;
  readonly user: string;
  readonly host: string;
  readonly permissions: string;
}

/** What replicates as the pseudo-database `dolt_branch_control`. */
export interface BranchControl {
  readonly access: readonly BranchControlRow[];
  readonly namespace: readonly Omit<BranchControlRow, "permissions">[];
}

export const DEFAULT_BRANCH_CONTROL: BranchControl = {
  access: [{ database: "%", branch: "%", user: "%", host: "%", permissions: "write" }],
  namespace: [],
};

export interface StoredDatabase {
  state: DatabaseState;
  /** Remotes by name, with their URL: stored when the database is made or first seen, and never replicated. */
  readonly remotes: Map<string, string>;
}

/** The disk of one server: what outlives its process. */
export class Volume {
  readonly serverUuid: string = randomUUID();
  /** Undefined until the server has started once. */
  role: string | undefined;
  epoch: number | undefined;
  readonly databases = new Map<string, StoredDatabase>();
  /** Undefined until the server has started once. */
  accounts: Accounts | undefined;
  branchControl: BranchControl = DEFAULT_BRANCH_CONTROL;
  /**
   * While true, every write to this disk fails, as on a full one: it ends the server, and none starts on it. Only a role
   * that cannot be kept is passed over in silence.
   */
  full = false;
}
