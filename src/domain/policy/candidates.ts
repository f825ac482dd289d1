import { type Problem, problem } from "../errors.ts";
import { type Memberships, noMemberships } from "../memberships.ts";
import type { Person } from "../people.ts";
import { type Principal, principalKey } from "../principals.ts";
import { missingApprovals } from "./requirements.ts";
import type { PolicyRule, Requirement } from "./rule.ts";
import { missingText } from "./standing.ts";

/** Everybody who could approve by a rule, as far as that is known, with the requirements (by index) that each could count for. */
export interface Candidates {
  readonly people: ReadonlyMap<string, readonly number[]>;
  /** Groups of which nobody could say who is in them. */
  readonly unknown: readonly { readonly requirement: number; readonly of: string; readonly why: string }[];
}

/** @param requester never counts, but where the rule lets people approve what they asked for */
export function candidatesOf(
  { requirements, escalation, selfApproval }: Pick<PolicyRule, "requirements" | "escalation" | "selfApproval">,
  requester: Pick<Person, "userId">,
  known: Memberships,
): Candidates {
  const tiers = escalation.filter(({ mayApprove }) => mayApprove).flatMap(({ principals }) => principals);
  const people = new Map<string, Set<number>>();
  const unknown: { requirement: number; of: string; why: string }[] = [];
  for (const [requirement, { principals, of }] of requirements.entries()) {
    for (const principal of [...principals, ...tiers]) {
      const members = membersOf(principal, known);
      if ("why" in members) {
        unknown.push({ requirement, of, why: members.why });
        continue;
      }
      for (const userId of members.ids) {
        if (userId === requester.userId && !selfApproval) continue;
        people.set(userId, (people.get(userId) ?? new Set()).add(requirement));
      }
    }
  }
  return { people: new Map([...people].map(([userId, rights]) => [userId, [...rights]])), unknown };
}

/** Why this can never be approved, as far as anybody can say now; null: it can. */
export function whyNobodyCanApprove(
  rule: Pick<PolicyRule, "requirements" | "escalation" | "selfApproval">,
  requester: Pick<Person, "userId">,
  known: Memberships = noMemberships,
): Problem | null {
  const { people, unknown } = candidatesOf(rule, requester, known);
  const missing = missingApprovals(countsOf(rule.requirements), [...people.values()]);
  if (missing.length === 0) return null;
  const open = unknown.find(({ requirement }) => missing.some(({ anyOf }) => anyOf.includes(requirement)));
  if (open !== undefined) return problem("people_lookup_failed", { person: open.of, why: open.why });
  return problem("nobody_can_approve", { missing: missingText(missing, rule.requirements) });
}

function countsOf(requirements: readonly Requirement[]): number[] {
  return requirements.map(({ count }) => count);
}

function membersOf(principal: Principal, known: Memberships): { ids: readonly string[] } | { why: string } {
  if (principal.kind === "user") return { ids: [principal.userId] };
  const membership = known.get(principalKey(principal));
  if (membership === undefined) return { why: "nobody has looked it up" };
  return "unknown" in membership ? { why: membership.unknown } : { ids: membership.members };
}
