export type VotingJudgement =
  /** `warning`: what is true afterwards and worth knowing; null: nothing. */
  { readonly kind: "allowed"; readonly warning: string | null } | { readonly kind: "refused"; readonly why: string };

/**
 * Whether a majority of the voting configuration stays when these leave, one at a time, with a master seen between. The
 * configuration shrinks with them, but never below three once it had three, and no SQL takes a node out of it; of two nodes
 * only one ever votes (cratedb.md, “Quorum”).
 * @param master the elected one now; null: nobody knows
 */
export function judgeVoting(
  eligible: readonly string[],
  leaving: readonly string[],
  master: string | null,
): VotingJudgement {
  const gone = eligible.filter((name) => leaving.includes(name));
  const [before, after] = [eligible.length, eligible.length - gone.length];
  if (gone.length === 0) return { kind: "allowed", warning: null };
  const change = `${before} master-eligible ${before === 1 ? "node" : "nodes"} would become ${after}`;
  if (after === 0) return { kind: "refused", why: `${change}: none could be elected` };
  if (before >= 3 && after === 1) {
    return { kind: "refused", why: `${change}: two of three votes are needed for ever, and one would be left` };
  }
  if (before === 2) {
    if (master === null || gone.includes(master)) {
      const who = master ?? "The one that leaves";
      return { kind: "refused", why: `${change}, and ${who} may hold the only vote` };
    }
    const warning = `${change}. If there ever were three or more, two votes are needed for ever, and the cluster loses its master for good.`;
    return { kind: "allowed", warning };
  }
  if (after === 2) {
    return {
      kind: "allowed",
      warning: `${change}: both are needed from then on, and if one fails nothing can be written.`,
    };
  }
  return { kind: "allowed", warning: null };
}

/** Why so many dedicated masters are none that a cluster should have; null: they are. Zero is a suspended cluster. */
export function masterCountObjection(masters: number): string | null {
  if (masters === 0 || (masters >= 3 && masters % 2 === 1)) return null;
  return masters < 3
    ? `${masters} dedicated ${masters === 1 ? "master" : "masters"} cannot lose one; three is the least`
    : `${masters} dedicated masters are an even number, which can lose no more than ${masters - 1} could`;
}
