import { nearestWord } from "../nearest-word.ts";
import { type Principal, principalKey } from "../principals.ts";
import { globCovers, matchesAnyGlob, matchesGlob } from "./globs.ts";
import type { Complain } from "./groups.ts";
import { missingApprovals } from "./requirements.ts";
import type { Policy, PolicyRule, Requirement } from "./rule.ts";

/** What there is for a policy to be about. */
export interface PolicyWorld {
  /** Every operation that there is, as the policy names it. */
  readonly operations: readonly string[];
  readonly clusters: readonly string[];
}

/** Finds rules that can never decide, patterns that match nothing, and approvals that nobody could ever give. */
export function checkPolicy(policy: Policy, world: PolicyWorld, complain: Complain): void {
  for (const [index, rule] of policy.entries()) {
    const path = ["policy", index];
    const matchesNothing = [
      ...deadPatterns(rule.operations, world.operations, "operation", [...path, "operations"], complain),
      ...deadPatterns(rule.clusters, world.clusters, "cluster", [...path, "clusters"], complain),
    ];
    const before = matchesNothing.length > 0 ? null : whoShadows(rule, policy.slice(0, index), world);
    if (before !== null) {
      const whose = before.map((one) => `“${one}”`).join(", ");
      complain(
        [...path, "name"],
        `never decides: whatever it matches is decided before by ${whose}. Put it first, or leave it out`,
      );
    }
    const objection = unsatisfiable(rule);
    if (objection !== null) complain([...path, "approvals"], objection);
  }
}

function deadPatterns(
  patterns: readonly string[],
  known: readonly string[],
  what: string,
  path: readonly (string | number)[],
  complain: Complain,
): string[] {
  return patterns.filter((pattern, index) => {
    if (known.some((one) => matchesGlob(pattern, one))) return false;
    const near = nearestWord(pattern, known);
    const hint = near === null ? `there are ${known.join(", ")}` : `did you mean ${near}?`;
    complain([...path, index], `“${pattern}” matches no ${what}; ${hint}`);
    return true;
  });
}

/**
 * The earlier rules that leave nothing for this one, or null. Exact in operations and clusters, which are known; in names and labels,
 * where one earlier rule has to cover all of this one's, it may miss some that are hidden behind several together.
 */
function whoShadows(rule: PolicyRule, earlier: readonly PolicyRule[], world: PolicyWorld): string[] | null {
  const covering = earlier.filter((other) => coversPlaces(other, rule));
  const names = new Set<string>();
  for (const operation of world.operations.filter((one) => matchesAnyGlob(rule.operations, one))) {
    for (const cluster of world.clusters.filter((one) => matchesAnyGlob(rule.clusters, one))) {
      const decides = covering.find(
        (other) => matchesAnyGlob(other.operations, operation) && matchesAnyGlob(other.clusters, cluster),
      );
      if (decides === undefined) return null;
      names.add(decides.name);
    }
  }
  return names.size === 0 ? null : [...names];
}

/** Whether `wide` matches every namespace, target and set of labels that `narrow` matches. */
function coversPlaces(wide: PolicyRule, narrow: PolicyRule): boolean {
  const covers = (all: readonly string[], some: readonly string[]) =>
    some.every((pattern) => all.some((other) => globCovers(other, pattern)));
  return (
    covers(wide.namespaces, narrow.namespaces) &&
    covers(wide.targets, narrow.targets) &&
    Object.entries(wide.labels).every(([label, pattern]) => {
      const own = narrow.labels[label];
      return own !== undefined && globCovers(pattern, own);
    })
  );
}

/** Why nobody could ever approve by this rule, as far as that is known without asking anybody who is in a group. Null: somebody could. */
function unsatisfiable({ requirements, requesters, selfApproval, escalation }: PolicyRule): string | null {
  const tiers = escalation.filter(({ mayApprove }) => mayApprove).flatMap(({ principals }) => principals);
  const asked = requirements.map((one) => ({ ...one, principals: [...one.principals, ...tiers] }));
  const tooFew = shortOf(asked, null);
  if (tooFew > 0) return `asks for ${tooFew} more different people than it names, so nobody could ever satisfy it`;
  const everybodyIsKnown = requesters.principals.length > 0 && requesters.principals.every(isOnePerson);
  if (selfApproval || !everybodyIsKnown) return null;
  const isStuck = requesters.principals.every((requester) => shortOf(asked, requester) > 0);
  return isStuck
    ? "cannot be had: nobody approves what they asked for themselves, and without the person who asked, too few are left"
    : null;
}

/** How many approvals are missing when everybody approves who can, but for one. A group that has to be looked up may hold anybody. */
function shortOf(requirements: readonly Requirement[], without: Principal | null): number {
  const bounded = requirements.filter(({ principals }) => principals.every(isOnePerson));
  const excluded = without === null ? null : principalKey(without);
  const people = new Set(bounded.flatMap(({ principals }) => principals.map(principalKey)));
  const rights = [...people]
    .filter((person) => person !== excluded)
    .map((person) =>
      bounded.flatMap(({ principals }, index) =>
        principals.some((one) => principalKey(one) === person) ? [index] : [],
      ),
    );
  const missing = missingApprovals(
    bounded.map(({ count }) => count),
    rights,
  );
  return missing.reduce((sum, { count }) => sum + count, 0);
}

function isOnePerson({ kind }: Principal): boolean {
  return kind === "user" || kind === "email";
}
