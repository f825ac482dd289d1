import { isAnswering } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import { type Contradiction, type ContradictionCode, contradictionsOf } from "./contradictions.ts";
import { type Divergence, databasesAtStake, holdsNothingMore, isEqual, turned } from "./divergence.ts";
import type { Evidence } from "./divergence-read.ts";
import { describeSurplus } from "./divergence-text.ts";
import type { DoltNode, DoltView } from "./look.ts";
import { routedPods } from "./role-labels.ts";

/** What a repair mends, by making one server primary above all others: who is primary, and who holds what. */
const repairable: ReadonlySet<ContradictionCode> = new Set([
  "primary_lacks",
  "broken_config",
  "two_primaries",
  "no_primary",
  "login_refused",
  "silent",
  "epochs_apart",
  "epoch_behind",
  "standby_lacks",
  "standby_holds_more",
  "users_behind",
  "branch_control_behind",
]);

/** Why there is something to repair; empty when there is not. */
export function reasonsForRepair(view: DoltView): Contradiction[] {
  return contradictionsOf(view).filter(({ code }) => repairable.has(code));
}

/**
 * The server that can become primary without anything being lost: it holds everything that any other holds, and every
 * other was read. Of several, the one that people approved, then the newest primary, then the routed one, then by ordinal.
 * Null: that is for a person to choose.
 */
export function findHolderOfAll(view: DoltView, evidence: Evidence, approved?: string): string | null {
  if (evidence.unread.size > 0 || view.nodes.some((node) => node.answer === null)) return null;
  const routed = routedPods(view.workload);
  const rank = ({ name, answer }: AnsweringNode) =>
    (name === approved ? 8 : 0) + (answer.role === "primary" ? 4 : 0) + (routed.includes(name) ? 2 : 0);
  const holders = view.nodes
    .filter(isAnswering)
    .filter(({ name }) => divergencesFrom(evidence, name).every((divergence) => holdsNothingMore(divergence, "other")));
  const [best] = holders.sort((a, b) => rank(b) - rank(a) || b.answer.epoch - a.answer.epoch);
  return best?.name ?? null;
}

/** Of one server, how it differs from each other one; it is `one` in all of them. */
export function divergencesFrom(evidence: Evidence, pod: string): Divergence[] {
  return evidence.divergences.flatMap((divergence) => {
    if (divergence.one === pod) return [divergence];
    return divergence.other === pod ? [turned(divergence)] : [];
  });
}

/** What one server holds that would be overwritten. */
export interface Stake {
  readonly pod: string;
  /** To be saved. Null: nobody can read them, or save them. */
  readonly databases: readonly string[] | null;
  /** What is known of it, in words. */
  readonly figures: readonly string[];
  /** Another one that holds all of it too, so that one save is enough; null: none. */
  readonly savedWith: string | null;
}

/** What is at stake when this server is chosen: everything that others hold and it lacks, or may hold and nobody can tell. */
export function stakesOf(view: DoltView, evidence: Evidence, chosen: string): Stake[] {
  const stakes: Stake[] = [];
  for (const node of view.nodes) {
    if (node.name === chosen) continue;
    const stake = stakeOf(node, evidence, chosen);
    if (stake === null) continue;
    const holder = stakes.find((known) => known.savedWith === null && holdsAllOf(evidence, known.pod, node.name));
    stakes.push({ ...stake, savedWith: holder?.pod ?? null });
  }
  return stakes;
}

function stakeOf(node: DoltNode, evidence: Evidence, chosen: string): Omit<Stake, "savedWith"> | null {
  const { name, answer } = node;
  if (answer === null) {
    const figures = [
      `${name} does not answer (${node.silence?.text ?? "no reason known"}): what only it holds is not known`,
    ];
    return { pod: name, databases: null, figures };
  }
  const divergence = divergencesFrom(evidence, name).find(({ other }) => other === chosen);
  if (divergence === undefined) {
    const why = evidence.unread.get(name) ?? evidence.unread.get(chosen) ?? "it was not read";
    return { pod: name, databases: answer.databases, figures: [`what ${name} holds could not be compared (${why})`] };
  }
  if (holdsNothingMore(divergence, "one")) return null;
  return { pod: name, databases: databasesAtStake(divergence, "one"), figures: describeSurplus(divergence, "one") };
}

function holdsAllOf(evidence: Evidence, holder: string, pod: string): boolean {
  const divergence = divergencesFrom(evidence, pod).find(({ other }) => other === holder);
  return divergence !== undefined && (isEqual(divergence) || holdsNothingMore(divergence, "one"));
}
