import { type BranchDivergence, type Divergence, holdsNothingMore } from "./divergence.ts";

/**
 * By database, how long ago a primary last reached the server, by that server's own clock; a database is missing where none
 * has since the server started or changed its role.
 */
export type LastContact = ReadonlyMap<string, number>;

/** What a server was found to be newer by: its history has the other's newest commit; it heard from the primary later; it has all of the other's rows. */
export type Basis = "commits" | "contact" | "rows";

/** Which of two servers holds the newer state, by the order of proof. */
export type PairOrder =
  | { readonly kind: "equal" }
  | { readonly kind: "newer"; readonly pod: string; readonly basis: Basis; readonly why: string }
  | { readonly kind: "unclear"; readonly why: string };

/**
 * Contacts nearer than this tell nothing: pushes to two standbys take turns under load (lag of 0.3 to 1 s was measured), and
 * each time is rounded to a second.
 */
const contactApartMs = 2_000;

/**
 * Orders two servers that both followed a primary: by the ancestry of commits; where those are equal, by the later contact
 * with the primary; where those are too near, by rows, if one has all that the other changed and more.
 */
export function orderOf(divergence: Divergence, contacts: (pod: string) => LastContact): PairOrder {
  const orders = [
    ...divergence.branches.map((branch) => orderOfBranch(branch, divergence, contacts)),
    ...orderOfMissing(divergence, contacts),
  ];
  const unclear = orders.filter((order) => order.kind === "unclear");
  if (unclear.length > 0) return { kind: "unclear", why: unclear.map(({ why }) => why).join("; ") };
  const newer = orders.filter((order) => order.kind === "newer");
  const [first] = newer;
  if (first === undefined) return { kind: "equal" };
  const why = newer.map((order) => order.why).join("; ");
  if (newer.some(({ pod }) => pod !== first.pod)) return { kind: "unclear", why: `each holds something newer: ${why}` };
  const weakest = (["rows", "contact", "commits"] as const).find((basis) => newer.some((one) => one.basis === basis));
  return { kind: "newer", pod: first.pod, basis: weakest ?? first.basis, why };
}

function orderOfBranch(
  branch: BranchDivergence,
  { one, other }: Divergence,
  contacts: (pod: string) => LastContact,
): PairOrder {
  const where = `${branch.database}/${branch.branch}`;
  if (branch.one === null || branch.other === null) {
    const holder = branch.one === null ? other : one;
    return byContact(branch.database, [one, other], contacts, `only ${holder} has the branch ${where}`);
  }
  const [ours, theirs] = [branch.one.commits, branch.other.commits];
  if (ours === null || theirs === null) {
    return { kind: "unclear", why: `no commit of ${where} was found that both ${one} and ${other} have` };
  }
  if (ours > 0 && theirs > 0) {
    return { kind: "unclear", why: `${where} parted: ${one} and ${other} each have commits that the other lacks` };
  }
  if (ours > 0) return byCommits(one, other, where, ours);
  if (theirs > 0) return byCommits(other, one, where, theirs);
  return byContactAndRows(branch, [one, other], contacts, `${where}: the same commits, other uncommitted changes`);
}

function byCommits(pod: string, other: string, where: string, ahead: number): PairOrder {
  const why = `${pod} has all commits of ${where} that ${other} has, and ${ahead} more`;
  return { kind: "newer", pod, basis: "commits", why };
}

/** The later contact decides, unless the rows say the opposite; of contacts too near, the rows do. */
function byContactAndRows(
  branch: BranchDivergence,
  [one, other]: readonly [string, string],
  contacts: (pod: string) => LastContact,
  what: string,
): PairOrder {
  const contact = byContact(branch.database, [one, other], contacts, what);
  const holder = holderOfAll(branch, one, other);
  if (contact.kind === "newer") {
    const contradicted = holder !== null && holder !== contact.pod;
    return contradicted ? { kind: "unclear", why: `${contact.why}, yet ${holder} has more rows` } : contact;
  }
  if (holder === null) return contact;
  const lesser = holder === one ? other : one;
  const why = `${holder} has every uncommitted change of ${branch.database}/${branch.branch} that ${lesser} has, and more`;
  return { kind: "newer", pod: holder, basis: "rows", why };
}

/** The one of the two that has all changed rows of the other, and more; null: neither, or both. */
function holderOfAll(branch: BranchDivergence, one: string, other: string): string | null {
  const nothing = { databases: [], accounts: [] };
  const alone: Divergence = { one, other, onlyOnOne: nothing, onlyOnOther: nothing, branches: [branch] };
  const [isOneLess, isOtherLess] = [holdsNothingMore(alone, "one"), holdsNothingMore(alone, "other")];
  if (isOneLess === isOtherLess) return null;
  return isOneLess ? other : one;
}

function byContact(
  database: string,
  [one, other]: readonly [string, string],
  contacts: (pod: string) => LastContact,
  what: string,
): PairOrder {
  const [ours, theirs] = [contacts(one).get(database), contacts(other).get(database)];
  if (ours === undefined || theirs === undefined) {
    const silent = ours === undefined ? one : other;
    return { kind: "unclear", why: `${what}, and ${silent} has heard of no primary since it started` };
  }
  const apartMs = Math.abs(ours - theirs);
  if (apartMs < contactApartMs) {
    return { kind: "unclear", why: `${what}, and both last heard from the primary within ${contactApartMs / 1000} s` };
  }
  const pod = ours < theirs ? one : other;
  const why = `${what}; ${pod} heard from the primary ${(apartMs / 1000).toFixed(1)} s later`;
  return { kind: "newer", pod, basis: "contact", why };
}

/** A database that only one of them has was created, or dropped, last: only a later contact with the primary tells which. */
function orderOfMissing({ one, other, onlyOnOne, onlyOnOther }: Divergence, contacts: (pod: string) => LastContact) {
  const latest = (pod: string): LastContact => {
    const all = [...contacts(pod).values()];
    return all.length === 0 ? new Map() : new Map([["", Math.min(...all)]]);
  };
  const found = (holder: string, databases: readonly string[]) =>
    databases.map((name) => byContact("", [one, other], latest, `only ${holder} has the database ${name}`));
  return [...found(one, onlyOnOne.databases), ...found(other, onlyOnOther.databases)];
}
