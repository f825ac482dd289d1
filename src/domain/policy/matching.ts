import type { TargetKey } from "../target.ts";
import { matchesAnyGlob, matchesGlob } from "./globs.ts";
import type { Policy, PolicyRule } from "./rule.ts";

/** A target as the policy sees it. A label that nobody announced is not there. */
export interface PolicyTarget extends TargetKey {
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** The rule that decides about this operation on this target, or null: nothing allows it, so it is denied. */
export function decidingRule(policy: Policy, operation: string, target: PolicyTarget): PolicyRule | null {
  return policy.find((rule) => whyNoMatch(rule, operation, target) === null) ?? null;
}

/** Why a rule has no say about this, in words; null when it matches. */
export function whyNoMatch(rule: PolicyRule, operation: string, target: PolicyTarget): string | null {
  const parts: readonly (readonly [string, readonly string[], string])[] = [
    ["operation", rule.operations, operation],
    ["cluster", rule.clusters, target.cluster],
    ["namespace", rule.namespaces, target.namespace],
    ["target", rule.targets, target.name],
  ];
  for (const [what, patterns, text] of parts) {
    if (!matchesAnyGlob(patterns, text)) return `its ${what}s are ${patterns.join(", ")}, and this is ${text}`;
  }
  for (const [label, pattern] of Object.entries(rule.labels)) {
    const value = target.labels?.[label];
    if (value === undefined) return `it is for the label ${label}=${pattern}, and the target has no such label`;
    if (!matchesGlob(pattern, value))
      return `it is for the label ${label}=${pattern}, and the target has ${label}=${value}`;
  }
  return null;
}
