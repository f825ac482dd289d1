import { SqlError } from "../sql/values.ts";
import { doltHash } from "./hash.ts";
import type { Table } from "./table.ts";

/** The tables of one database at one moment. */
export type Root = ReadonlyMap<string, Table>;

export interface Commit {
  readonly hash: string;
  readonly root: Root;
  /** Null for the first one of a database. */
  readonly parent: Commit | null;
  readonly message: string;
  readonly author: string;
  readonly email: string;
  /** Milliseconds since the epoch, by the clock of the server that made it. */
  readonly atMs: number;
}

export interface Branch {
  readonly head: Commit;
  readonly staged: Root;
  readonly working: Root;
}

export interface Tag {
  readonly hash: string;
  readonly tagger: string;
  readonly email: string;
  readonly atMs: number;
  readonly message: string;
}

/** A whole database at one moment: what a primary pushes to a standby. Never changed, only replaced. */
export interface DatabaseState {
  readonly branches: ReadonlyMap<string, Branch>;
  readonly tags: ReadonlyMap<string, Tag>;
}

export const DEFAULT_BRANCH = "main";
const EMPTY_ROOT: Root = new Map();

/** `seed` makes the first commit of two databases of one name differ, as the time of their making does in Dolt. */
export function newDatabase(seed: string, nowMs: number): DatabaseState {
  const head: Commit = {
    hash: doltHash("initialize", seed),
    root: EMPTY_ROOT,
    parent: null,
    message: "Initialize data repository",
    author: "Dolt System Account",
    email: "doltuser@dolthub.com",
    atMs: nowMs,
  };
  return { branches: new Map([[DEFAULT_BRANCH, { head, staged: EMPTY_ROOT, working: EMPTY_ROOT }]]), tags: new Map() };
}

export function rootHash(root: Root): string {
  const tables = [...root].sort(([a], [b]) => (a < b ? -1 : 1));
  return doltHash("root", ...tables.flatMap(([name, table]) => [name, table.hash]));
}

/** The commit and all before it, the newest first. */
export function* historyOf(commit: Commit): Generator<Commit> {
  for (let at: Commit | null = commit; at !== null; at = at.parent) yield at;
}

export function isDirty(branch: Branch): boolean {
  if (branch.working === branch.head.root && branch.staged === branch.head.root) return false;
  const head = rootHash(branch.head.root);
  return rootHash(branch.working) !== head || rootHash(branch.staged) !== head;
}

export function withBranch(state: DatabaseState, name: string, branch: Branch): DatabaseState {
  return { ...state, branches: new Map(state.branches).set(name, branch) };
}

export function withWorking(state: DatabaseState, branchName: string, working: Root): DatabaseState {
  const branch = state.branches.get(branchName);
  if (branch === undefined) throw new SqlError(`branch not found: ${branchName}`);
  return withBranch(state, branchName, { ...branch, working });
}

/**
 * Brings a transaction's tables together with what others committed since it began. Throws Dolt's serialization failure
 * when both changed the same row, or one changed a table's shape.
 */
export function mergeRoots(base: Root, theirs: Root, ours: Root): Root {
  if (theirs === base) return ours;
  const merged = new Map(theirs);
  for (const name of new Set([...base.keys(), ...ours.keys()])) {
    const [before, our, their] = [base.get(name), ours.get(name), theirs.get(name)];
    if (our === before) continue;
    if (their === before) {
      if (our === undefined) merged.delete(name);
      else merged.set(name, our);
    } else if (before === undefined || our === undefined || their === undefined) {
      throw conflict();
    } else {
      merged.set(name, mergeTables(before, their, our));
    }
  }
  return merged;
}

function mergeTables(base: Table, theirs: Table, ours: Table): Table {
  let merged = theirs;
  const keys = new Set<string>();
  for (const [key, row] of ours.entries()) if (base.get(key) !== row) keys.add(key);
  for (const [key] of base.entries()) if (ours.get(key) === undefined) keys.add(key);
  for (const key of keys) {
    if (theirs.get(key) !== base.get(key)) throw conflict();
    const row = ours.get(key);
    merged = row === undefined ? merged.without(key) : merged.with(row);
  }
  return merged;
}

function conflict(): SqlError {
  return new SqlError(
    "serialization failure: this transaction conflicts with a committed transaction from another client, try restarting transaction.",
    1213,
    "40001",
  );
}
