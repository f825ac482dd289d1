import { type Belonging, belongs, type Memberships, noMemberships } from "../memberships.ts";
import { type Person, samePerson } from "../people.ts";
import { distinctPrincipals, needsLookup, type Principal, principalKey } from "../principals.ts";
import type { Escalation, Policy, PolicyRule, Requirement } from "./rule.ts";

/** What is known of who is in which group, and how old that may be. */
export interface Known {
  readonly memberships: Memberships;
  /** What was found out earlier than this counts for nothing; null: its age does not count. */
  readonly notBeforeMs: number | null;
}

/** Whether this person may ask. Whether they could, if only somebody said who is in a group, is unknown and not a yes. */
export function judgeRequester(rule: PolicyRule, person: Person, known: Known): Belonging {
  return firstYes(rule.requesters.principals.map((principal) => belongsNow(person, principal, known)));
}

/** Whom somebody has to look up before it is known whether this person may ask; nobody where the rule names them by id. */
export function requestersToLookUp(rule: PolicyRule, person: Person): readonly Principal[] {
  const known = { memberships: noMemberships, notBeforeMs: null };
  return judgeRequester(rule, person, known).kind === "yes" ? [] : rule.requesters.principals.filter(needsLookup);
}

/** By what right somebody approves: which requirement (by index), as which principal (`principalKey`), found out when. */
export interface Right {
  readonly requirement: number;
  readonly principal: string;
  /** Null where nothing had to be looked up. */
  readonly asOfMs: number | null;
}

/** “usergroup:S0123 (looked up 2026-11-21T19:20:00.000Z)”: for the audit. */
export function rightText({ principal, asOfMs }: Pick<Right, "principal" | "asOfMs">): string {
  return asOfMs === null ? principal : `${principal} (looked up ${new Date(asOfMs).toISOString()})`;
}

export type ApproverJudgement =
  | { readonly kind: "may"; readonly rights: readonly Right[] }
  | { readonly kind: "is_requester" }
  | { readonly kind: "not_named" }
  /** They are now, and were not when the plan was made: joining a group in order to approve must not work. */
  | { readonly kind: "came_later"; readonly of: string }
  /** Nobody can say. */
  | { readonly kind: "unknown"; readonly of: string; readonly why: string };

/** What an approver is judged by: of a policy's rule, or of the rule as a record keeps it. */
export type ApprovingRule = Pick<PolicyRule, "requirements" | "selfApproval" | "escalation">;

/**
 * Whether this person may approve what the requester asked for: whom the rule names now, and whom the plan names as having
 * been named when it was made.
 * @param planMembers of the signed plan: who each principal was when the plan was made. One that is missing was not named then.
 */
export function judgeApprover(
  rule: ApprovingRule,
  click: { readonly approver: Person; readonly requester: Person; readonly atMs: number; readonly plannedAtMs: number },
  planMembers: Memberships,
  now: Known,
): ApproverJudgement {
  if (!rule.selfApproval && samePerson(click.approver, click.requester)) return { kind: "is_requester" };
  const rights: Right[] = [];
  let later: string | null = null;
  let unknown: { of: string; why: string } | null = null;
  for (const [requirement, { principals, of }] of requirementsAt(rule, click.plannedAtMs, click.atMs).entries()) {
    for (const principal of principals) {
      const is = belongsNow(click.approver, principal, now);
      if (is.kind === "no") continue;
      const was = belonged(click.approver, principal, planMembers);
      if (was.kind === "no") later ??= of;
      else if (is.kind === "unknown") unknown ??= { of, why: is.why };
      else if (was.kind === "unknown") unknown ??= { of, why: `when the plan was made: ${was.why}` };
      else rights.push({ requirement, principal: principalKey(principal), asOfMs: is.asOfMs });
    }
  }
  if (rights.length > 0) return { kind: "may", rights };
  if (unknown !== null) return { kind: "unknown", ...unknown };
  return later === null ? { kind: "not_named" } : { kind: "came_later", of: later };
}

/** The requirements with those to whom it was escalated by then and who may approve. */
export function requirementsAt(
  { requirements, escalation }: Pick<ApprovingRule, "requirements" | "escalation">,
  plannedAtMs: number,
  atMs: number,
): readonly Requirement[] {
  const tiers = escalation.filter((tier) => tier.mayApprove && atMs >= plannedAtMs + tier.afterMinutes * 60_000);
  if (tiers.length === 0) return requirements;
  const more = tiers.flatMap(({ principals }) => principals);
  const names = tiers.map(({ to }) => to);
  return requirements.map((requirement) => ({
    ...requirement,
    of: [requirement.of, ...names].join(" or "),
    principals: distinctPrincipals([...requirement.principals, ...more]),
  }));
}

/** Everybody whose approval can ever count, and so whom a plan has to list. */
export function approvingPrincipals(rule: {
  readonly requirements: readonly Pick<Requirement, "principals">[];
  readonly escalation: readonly Pick<Escalation, "principals" | "mayApprove">[];
}): Principal[] {
  const tiers = rule.escalation.filter(({ mayApprove }) => mayApprove);
  return distinctPrincipals([...rule.requirements, ...tiers].flatMap(({ principals }) => principals));
}

/** Everybody whom the policy names, for those who keep what is known of them. */
export function principalsOf(policy: Policy): Principal[] {
  return distinctPrincipals(
    policy.flatMap(({ requesters, requirements, escalation }) =>
      [requesters, ...requirements, ...escalation].flatMap(({ principals }) => principals),
    ),
  );
}

function belongsNow(person: Person, principal: Principal, { memberships, notBeforeMs }: Known): Belonging {
  return belongs(person.userId, principal, memberships, notBeforeMs);
}

function belonged(person: Person, principal: Principal, planMembers: Memberships): Belonging {
  const then = planMembers.get(principalKey(principal));
  if (then === undefined) return { kind: "no" };
  if ("unknown" in then) return { kind: "unknown", why: then.unknown };
  return then.members.includes(person.userId) ? { kind: "yes", asOfMs: then.asOfMs } : { kind: "no" };
}

function firstYes(all: readonly Belonging[]): Belonging {
  return all.find(({ kind }) => kind === "yes") ?? all.find(({ kind }) => kind === "unknown") ?? { kind: "no" };
}
