import type { BranchState, TableChange } from "../../ports/dolt-evidence.ts";

/** What one server holds, as far as another can be compared with it. */
export interface Side {
  readonly pod: string;
  /** By database, its branches. */
  readonly databases: ReadonlyMap<string, readonly BranchState[]>;
  /** `user@host` of each account that replicates. */
  readonly accounts: readonly string[];
}

/** How one branch of one database stands on two servers. */
export interface BranchDivergence {
  readonly database: string;
  readonly branch: string;
  /** Newest commit that both have; null: none among the newest of each, or one side lacks the branch. */
  readonly base: string | null;
  /** Null: that side lacks the branch. */
  readonly one: BranchSide | null;
  readonly other: BranchSide | null;
}

export interface BranchSide {
  readonly state: BranchState;
  /** Commits after the base; null: not known. */
  readonly commits: number | null;
  /** Tables that differ between the two sides, with what changed in them since the base; null: it could not be read. */
  readonly changes: readonly TableDivergence[] | null;
}

export interface TableDivergence extends TableChange {
  /** Of the rows changed since the base, how many the other side does not hold like this; null: too many to compare. */
  readonly onlyHere: number | null;
}

/** Everything in which two servers differ. */
export interface Divergence {
  readonly one: string;
  readonly other: string;
  readonly onlyOnOne: Surplus;
  readonly onlyOnOther: Surplus;
  /** Of the databases that both hold, the branches that are not equal. */
  readonly branches: readonly BranchDivergence[];
}

export interface Surplus {
  readonly databases: readonly string[];
  readonly accounts: readonly string[];
}

export function isEqual(divergence: Divergence): boolean {
  return holdsNothingMore(divergence, "one") && holdsNothingMore(divergence, "other");
}

/**
 * Whether one of the two holds nothing that the other lacks: every database, branch, commit and row of it is there. False
 * where that cannot be told. Which of two versions of a row is the newer one, nobody can tell: both count as held.
 */
export function holdsNothingMore(divergence: Divergence, which: "one" | "other"): boolean {
  const surplus = which === "one" ? divergence.onlyOnOne : divergence.onlyOnOther;
  if (surplus.databases.length > 0 || surplus.accounts.length > 0) return false;
  return divergence.branches.every((branch) => branchHoldsNothingMore(branch, which));
}

function branchHoldsNothingMore(branch: BranchDivergence, which: "one" | "other"): boolean {
  const [own, others] = which === "one" ? [branch.one, branch.other] : [branch.other, branch.one];
  if (own === null) return true;
  if (others === null || own.commits !== 0) return false;
  // It is where the two parted, or at an older commit, and has nothing beside its commits.
  if (!own.state.dirty) return true;
  // Two states that differ while no table does cannot be told apart by their rows.
  if (own.changes === null || (own.changes.length === 0 && !others.changes?.length)) return false;
  return own.changes.every(({ onlyHere }) => onlyHere === 0);
}

/** The databases of one of the two that hold something the other lacks: those that have to be saved before they are overwritten. */
export function databasesAtStake(divergence: Divergence, which: "one" | "other"): string[] {
  const surplus = which === "one" ? divergence.onlyOnOne : divergence.onlyOnOther;
  const differing = divergence.branches
    .filter((branch) => !branchHoldsNothingMore(branch, which))
    .map(({ database }) => database);
  return [...new Set([...surplus.databases, ...differing])].sort();
}

/** The other way round. */
export function turned(divergence: Divergence): Divergence {
  return {
    one: divergence.other,
    other: divergence.one,
    onlyOnOne: divergence.onlyOnOther,
    onlyOnOther: divergence.onlyOnOne,
    branches: divergence.branches.map((branch) => ({ ...branch, one: branch.other, other: branch.one })),
  };
}
