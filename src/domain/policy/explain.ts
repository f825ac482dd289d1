import type { Belonging } from "../memberships.ts";
import type { Person } from "../people.ts";
import { type Candidates, candidatesOf } from "./candidates.ts";
import { type ActiveFreeze, activeFreeze } from "./freeze-windows.ts";
import { matchesAnyGlob } from "./globs.ts";
import { judgeRequester, type Known } from "./judging.ts";
import { type PolicyTarget, whyNoMatch } from "./matching.ts";
import { missingApprovals } from "./requirements.ts";
import type { Policy, PolicyRule } from "./rule.ts";

/** What is asked of a policy. */
export interface Question {
  readonly operation: string;
  readonly target: PolicyTarget;
  /** Whose request it would be; null: anybody's. */
  readonly person: Person | null;
  readonly atMs: number;
  /** Whether it changes anything: what only reads needs nobody's leave but the policy's, and is never frozen. */
  readonly changesTarget: boolean;
}

export interface Explanation {
  /** Null: no rule matches, so it is denied. */
  readonly rule: PolicyRule | null;
  /** The rules before it, and why each has no say. */
  readonly passed: readonly { readonly name: string; readonly why: string }[];
  /** Null where nobody in particular asks, or no rule decides. */
  readonly mayAsk: Belonging | null;
  /** Who could approve; empty where no approval is needed. */
  readonly candidates: Candidates;
  readonly frozen: ActiveFreeze | null;
}

/** What a policy says to a question, and why. */
export function explain(policy: Policy, question: Question, known: Known): Explanation {
  const { operation, target, person, atMs, changesTarget } = question;
  const passed: { name: string; why: string }[] = [];
  for (const rule of policy) {
    const why = whyNoMatch(rule, operation, target);
    if (why !== null) {
      passed.push({ name: rule.name, why });
      continue;
    }
    const asked = changesTarget ? rule : { ...rule, requirements: [] };
    return {
      rule: asked,
      passed,
      mayAsk: person === null ? null : judgeRequester(rule, person, known),
      candidates: candidatesOf(asked, person ?? nobody, known.memberships),
      frozen: changesTarget ? activeFreeze(rule.freeze, atMs) : null,
    };
  }
  return { rule: null, passed, mayAsk: null, candidates: { people: new Map(), unknown: [] }, frozen: null };
}

const nobody = { userId: "" };

/** Whether the approvals of just these people would be enough, each counting once. */
export function isEnough({ rule, candidates }: Explanation, userIds: readonly string[]): boolean {
  if (rule === null) return false;
  const counts = rule.requirements.map(({ count }) => count);
  const rights = [...new Set(userIds)].map((userId) => candidates.people.get(userId) ?? []);
  return missingApprovals(counts, rights).length === 0;
}

/** Whether a Kubernetes user, by name or by a group, may do it on the command line without Slack; null: the policy does not say. */
export function mayBreakGlass(rule: PolicyRule, names: readonly string[]): boolean | null {
  const { breakGlass } = rule;
  return breakGlass === null ? null : names.some((name) => matchesAnyGlob(breakGlass, name));
}
