import type { BranchDivergence, BranchSide, Divergence, TableDivergence } from "./divergence.ts";

/** A plan is read on a phone: so many branches are told one by one, and the rest is counted. */
const branchesAtMost = 8;
const tablesAtMost = 5;
const namesAtMost = 8;

/** In what two servers differ, line by line; one line when they hold the same. */
export function describeDivergence(divergence: Divergence): string[] {
  const { one, other, branches } = divergence;
  const lines = [
    ...surplusLines(one, other, divergence.onlyOnOne),
    ...surplusLines(other, one, divergence.onlyOnOther),
    ...branches.slice(0, branchesAtMost).flatMap((branch) => branchLines(branch, one, other)),
  ];
  const untold = branches.length - branchesAtMost;
  if (untold > 0) lines.push(`${one} and ${other} differ in ${untold} more branches.`);
  return lines.length === 0 ? [`${one} and ${other} hold the same.`] : lines;
}

/** The same in one line, for what a person accepts. */
export function describeSurplus(divergence: Divergence, which: "one" | "other"): string[] {
  const [pod, than] = which === "one" ? [divergence.one, divergence.other] : [divergence.other, divergence.one];
  const surplus = which === "one" ? divergence.onlyOnOne : divergence.onlyOnOther;
  const lines = surplusLines(pod, than, surplus);
  for (const branch of divergence.branches.slice(0, branchesAtMost)) {
    const side = which === "one" ? branch.one : branch.other;
    if (side !== null) lines.push(`${branch.database}/${branch.branch}: ${sideText(pod, side, than)}`);
  }
  return lines;
}

function surplusLines(pod: string, other: string, surplus: Divergence["onlyOnOne"]): string[] {
  return [
    ...(surplus.databases.length === 0 ? [] : [`Only ${pod} has the database ${names(surplus.databases)}.`]),
    ...(surplus.accounts.length === 0
      ? []
      : [`Only ${pod} has the user ${names(surplus.accounts)}; ${other} does not.`]),
  ];
}

function branchLines(
  { database, branch, base, one, other }: BranchDivergence,
  pod: string,
  otherPod: string,
): string[] {
  const where = `${database}/${branch}`;
  if (one === null || other === null) {
    const holder = one === null ? otherPod : pod;
    return [`Only ${holder} has the branch ${where}.`];
  }
  const parted =
    base === null ? `${where}: no commit was found that both have` : `${where}: the same up to commit ${short(base)}`;
  return [`${parted}. ${sideText(pod, one, otherPod)}. ${sideText(otherPod, other, pod)}.`];
}

function sideText(pod: string, side: BranchSide, otherPod: string): string {
  const { state, commits, changes } = side;
  const since =
    commits === null || commits === 0 ? [] : [`${count(commits, "commit")} more (newest ${timeText(state.headAtMs)})`];
  const rows = changes === null ? ["its changed rows could not be read"] : rowsText(changes, otherPod);
  const parts = [`head ${short(state.head)}`, ...since, ...rows];
  return `${pod}: ${parts.join(", ")}`;
}

function rowsText(changes: readonly TableDivergence[], otherPod: string): string[] {
  const told = changes.slice(0, tablesAtMost).map((change) => {
    const counts = [
      ...(change.added ? [`${change.added} added`] : []),
      ...(change.modified ? [`${change.modified} changed`] : []),
      ...(change.deleted ? [`${change.deleted} deleted`] : []),
    ];
    if (counts.length === 0 && change.onlyHere === null) return `${change.table}: made, or of another shape`;
    const only =
      change.onlyHere === null ? "too many to compare one by one" : `${change.onlyHere} of them not on ${otherPod}`;
    return `${change.table}: rows ${counts.join(", ") || "changed"} since, ${only}`;
  });
  const untold = changes.length - tablesAtMost;
  return untold > 0 ? [...told, `${count(untold, "more table")}`] : told;
}

function names(all: readonly string[]): string {
  const untold = all.length - namesAtMost;
  return untold > 0 ? `${all.slice(0, namesAtMost).join(", ")} and ${untold} more` : all.join(", ");
}

/** Enough of a hash to find the commit by. */
function short(hash: string): string {
  return hash.slice(0, 8);
}

function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
