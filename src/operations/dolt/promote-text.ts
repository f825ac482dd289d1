import type { BranchState } from "../../ports/dolt-evidence.ts";
import { isAnswering } from "./assess.ts";
import type { Divergence, Side } from "./divergence.ts";
import type { LastContact } from "./freshness.ts";
import { type Freshness, lastContactOf } from "./freshness-look.ts";
import type { DoltView } from "./look.ts";

/** Branches of one server that are shown; a phone shows a few lines. */
const branchesShown = 8;
const ackWritesSetting = "dolt_cluster_ack_writes_timeout_secs";

/** What each standby holds, by database: its newest commit, whether there is more beside it, and its last contact. */
export function holdingsLines(view: DoltView, { evidence }: Freshness): string[] {
  return view.nodes.filter(isAnswering).flatMap((node) => {
    const side = evidence.sides.find(({ pod }) => pod === node.name);
    if (side === undefined) return [`${node.name}: ${evidence.unread.get(node.name) ?? "what it holds was not read"}`];
    return sideLines(side, lastContactOf(node));
  });
}

function sideLines({ pod, databases }: Side, contact: LastContact): string[] {
  const lines = [...databases].flatMap(([database, branches]) =>
    branches.map((branch) => `${pod} holds ${database}: ${branchText(branch)}; ${contactText(contact.get(database))}`),
  );
  const more = lines.length - branchesShown;
  return more > 0 ? [...lines.slice(0, branchesShown), `${pod}: and ${more} more branches`] : lines;
}

function branchText({ name, head, headAtMs, dirty }: BranchState): string {
  const at = new Date(headAtMs).toISOString().slice(0, 19).replace("T", " ");
  return `${name} at commit ${head.slice(0, 8)} of ${at} UTC${dirty ? ", and uncommitted changes" : ""}`;
}

function numbered(count: number | "many", what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function contactText(agoMs: number | undefined): string {
  return agoMs === undefined
    ? "has heard of no primary since it started"
    : `heard from the primary ${duration(agoMs)} ago`;
}

export function duration(ms: number): string {
  if (ms < 120_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

/** What a person accepts: what is known of the loss, and why no more is. */
export function lossFigures(view: DoltView, freshness: Freshness, candidate: string, lost: string | null): string[] {
  const node = view.nodes.filter(isAnswering).find(({ name }) => name === candidate);
  const contact = node === undefined ? new Map<string, number>() : lastContactOf(node);
  const databases = node?.answer.databases ?? [];
  const silent = view.nodes.filter(({ answer }) => answer === null).map(({ name }) => name);
  const others = freshness.evidence.divergences.filter(({ one, other }) => [one, other].includes(candidate));
  return [
    ...databases.map((database) => `${database} on ${candidate}: ${contactText(contact.get(database))}.`),
    ...others.flatMap((divergence) => lackingLines(divergence, candidate)),
    silent.length === 0
      ? `All servers answer as standbys, so each was compared: nothing beside what is named here is missing on ${candidate}.`
      : `How many writes are lost cannot be known while ${lost ?? silent.join(", ")} does not answer: those that it acknowledged after that, and those that were still on their way. Only those answered without warning 3024, with ${ackWritesSetting} set on the lost primary, are sure to be on every standby.`,
  ];
}

/** What another standby holds and the candidate does not. */
function lackingLines(divergence: Divergence, candidate: string): string[] {
  const isOne = divergence.one === candidate;
  const other = isOne ? divergence.other : divergence.one;
  const surplus = isOne ? divergence.onlyOnOther : divergence.onlyOnOne;
  const databases = surplus.databases.map((name) => `Only ${other} has the database ${name}.`);
  const accounts = surplus.accounts.map((name) => `Only ${other} has the user ${name}.`);
  const rows = divergence.branches.flatMap((branch) => {
    const theirs = isOne ? branch.other : branch.one;
    const where = `${branch.database}/${branch.branch}`;
    if (theirs === null) return [];
    if (theirs.changes === null) return [`${other} differs in ${where}; by how much could not be read.`];
    const counts = theirs.changes.map(({ onlyHere }) => onlyHere);
    const commits = theirs.commits ?? 0;
    const count = counts.some((one) => one === null)
      ? "many"
      : counts.reduce<number>((sum, one) => sum + (one ?? 0), 0);
    if (count === 0 && commits === 0) return [];
    return [
      `Only ${other} has ${numbered(count, "row")}${commits > 0 ? ` and ${numbered(commits, "commit")}` : ""} of ${where}.`,
    ];
  });
  return [...databases, ...accounts, ...rows];
}

/** What becomes of the lost primary when it returns, and how its writes are saved first. */
export function returnText(lost: string | null, candidate: string): string {
  const it = lost ?? "the lost primary";
  return `When ${it} returns, it takes writes from whoever reaches it until it meets ${candidate}; then it becomes a standby, and what only it holds is overwritten. To save that first, keep ${it} from starting, and use repair before the two meet.`;
}
