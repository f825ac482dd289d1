import { type Problem, problem } from "../src/domain/errors.ts";
import { noMemberships, oldestMembershipMs } from "../src/domain/memberships.ts";
import { mention, type Person } from "../src/domain/people.ts";
import { activeFreeze } from "../src/domain/policy/freeze-windows.ts";
import { policyHashOf } from "../src/domain/policy/hash.ts";
import { judgeRequester, requestersToLookUp } from "../src/domain/policy/judging.ts";
import { decidingRule } from "../src/domain/policy/matching.ts";
import { type RecordedRule, recordedRule } from "../src/domain/policy/recorded-rule.ts";
import type { PolicyRule } from "../src/domain/policy/rule.ts";
import { frozenByPolicy } from "../src/domain/policy/said.ts";
import { type AnnouncedTarget, targetText } from "../src/domain/target.ts";
import type { ClusterServices, EdgeServices } from "./services.ts";

/** What somebody asks for, before it is a request. */
export interface Wanted {
  readonly person: Person;
  readonly operation: { readonly name: string; readonly changesTarget: boolean };
  readonly target: AnnouncedTarget;
  readonly reason: string | null;
  /** The line as it was typed, to be typed again with a reason. */
  readonly line: string;
  /** When it is to begin; null: as soon as it is approved. */
  readonly startAtMs: number | null;
}

export type JudgedRequest =
  /** The rule as the request keeps it, and as of when whoever asks was known to be one who may; null: named by id. */
  | { readonly ok: true; readonly rule: RecordedRule; readonly membershipAsOfMs: number | null }
  | { readonly ok: false; readonly problem: Problem };

/**
 * Whether the policy lets this person ask for this now: a rule that names them, no freeze of the policy, a reason where one is
 * demanded. What only reads is never frozen, and needs no reason.
 * @throws {HandoverError} `redis_away`
 */
export async function judgeRequest(
  wanted: Wanted,
  cluster: Pick<ClusterServices, "memberships">,
  services: Pick<EdgeServices, "policy" | "clock">,
): Promise<JudgedRequest> {
  const { operation, target, reason, line } = wanted;
  const { policy, clock } = services;
  const rule = decidingRule(policy, operation.name, target);
  if (rule === null) return no(notAllowed(wanted));
  const person = await judgePerson(wanted, rule, cluster);
  if (!person.ok) return person;
  if (operation.changesTarget) {
    const frozen = activeFreeze(rule.freeze, wanted.startAtMs ?? clock.nowMs());
    if (frozen !== null) return no(frozenByPolicy(targetText(target), frozen));
    if (rule.reasonRequired && reason === null) return no(problem("reason_missing", { usage: line }));
  }
  const about = { operation: operation.name, target, changesTarget: operation.changesTarget };
  return { ...person, rule: recordedRule(rule, policyHashOf(policy), about) };
}

type JudgedPerson =
  | { readonly ok: true; readonly membershipAsOfMs: number | null }
  | { readonly ok: false; readonly problem: Problem };

async function judgePerson(
  wanted: Wanted,
  rule: PolicyRule,
  { memberships }: Pick<ClusterServices, "memberships">,
): Promise<JudgedPerson> {
  const nobodyToLookUp = requestersToLookUp(rule, wanted.person).length === 0;
  const known = nobodyToLookUp ? { memberships: noMemberships, nowMs: 0 } : await memberships.read();
  const judged = judgeRequester(rule, wanted.person, {
    memberships: known.memberships,
    notBeforeMs: known.nowMs - oldestMembershipMs,
  });
  switch (judged.kind) {
    case "yes":
      return { ok: true, membershipAsOfMs: judged.asOfMs };
    case "no":
      return no(notAllowed(wanted));
    case "unknown": {
      const why = `${rule.requesters.text}: ${judged.why}`;
      return no(problem("people_lookup_failed", { person: mention(wanted.person), why }));
    }
  }
}

function notAllowed({ operation, target }: Wanted): Problem {
  return problem("requester_not_allowed", { operation: operation.name, target: targetText(target) });
}

function no(why: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: why };
}
