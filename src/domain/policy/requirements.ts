/** What is still missing: so many approvals more, by people who are in any one of these requirements (by index). */
export interface MissingApprovals {
  readonly count: number;
  readonly anyOf: readonly number[];
}

/**
 * Whether the approvals of distinct people are enough, where each counts for one requirement only: a maximum matching of
 * approvals to requirements, so that it never hangs on the order of the clicks.
 * @param counts how many approvals each requirement asks for
 * @param rights for each approval, the requirements it could count for
 * @returns what is missing; empty: it is enough
 */
export function missingApprovals(
  counts: readonly number[],
  rights: readonly (readonly number[])[],
): readonly MissingApprovals[] {
  const assigned = assign(counts, rights);
  const free = counts.flatMap((count, index) => (count > (assigned[index]?.length ?? 0) ? [index] : []));
  const missing = new Map<string, { count: number; anyOf: readonly number[] }>();
  for (const requirement of free) {
    const anyOf = whoHelps(requirement, assigned, rights);
    const key = anyOf.join(",");
    const count = (counts[requirement] ?? 0) - (assigned[requirement]?.length ?? 0);
    missing.set(key, { count: count + (missing.get(key)?.count ?? 0), anyOf });
  }
  return [...missing.values()];
}

/** Whether an approval that could count for these requirements would bring it nearer to enough. */
export function wouldHelp(missing: readonly MissingApprovals[], rights: readonly number[]): boolean {
  return missing.some(({ anyOf }) => anyOf.some((requirement) => rights.includes(requirement)));
}

/** Gives as many approvals as possible a requirement each (augmenting paths). @returns the approvals of each requirement */
function assign(counts: readonly number[], rights: readonly (readonly number[])[]): number[][] {
  const assigned: number[][] = counts.map(() => []);
  const place = (approval: number, seen: Set<number>): boolean => {
    for (const requirement of rights[approval] ?? []) {
      const holders = assigned[requirement];
      if (holders === undefined || seen.has(requirement)) continue;
      seen.add(requirement);
      if (holders.length < (counts[requirement] ?? 0)) {
        holders.push(approval);
        return true;
      }
      const movable = holders.findIndex((holder) => place(holder, seen));
      if (movable < 0) continue;
      holders[movable] = approval;
      return true;
    }
    return false;
  };
  for (const approval of rights.keys()) place(approval, new Set());
  return assigned;
}

/** The requirements whose people could fill this one: itself, and those from which somebody who has approved can move over. */
function whoHelps(
  requirement: number,
  assigned: readonly (readonly number[])[],
  rights: readonly (readonly number[])[],
): number[] {
  const helps = new Set([requirement]);
  for (let before = 0; before !== helps.size; ) {
    before = helps.size;
    for (const [index, holders] of assigned.entries()) {
      const canMove = holders.some((holder) => rights[holder]?.some((other) => helps.has(other)));
      if (canMove) helps.add(index);
    }
  }
  return [...helps].sort((a, b) => a - b);
}
