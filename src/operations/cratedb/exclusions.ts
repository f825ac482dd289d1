import { namesIn } from "../../ports/crate-settings.ts";

export type ExclusionChange =
  /** It is so already. */
  | { readonly kind: "none" }
  /** To be set at both levels, TRANSIENT first: a transient value hides a persistent one, and the persistent one outlives a full restart. */
  | { readonly kind: "set"; readonly value: string }
  /** Nobody else's name is left, so that both levels go at once (`RESET GLOBAL`). */
  | { readonly kind: "reset" };

/** The names in a value of `cluster.routing.allocation.exclude._name`, each once, in their order. */
export function excludedNames(value: string | null): string[] {
  return [...new Set(namesIn(value))];
}

/**
 * The value with these names beside those that stand there already, wildcards among them. Set even where it would be no
 * other: SQL shows the effective value only, and at the level below ours they may be missing.
 */
export function uniteExclusions(value: string | null, own: readonly string[]): string {
  return [...new Set([...excludedNames(value), ...own])].join(",");
}

/** Which of these a drain adds, so that it may take them out again; another's stay. By their very name: a wildcard that matches one is another's. */
export function namesToAdd(value: string | null, own: readonly string[]): string[] {
  const there = new Set(excludedNames(value));
  return [...new Set(own)].filter((name) => !there.has(name));
}

/** Takes these names out and leaves everybody else's, wildcards too. */
export function removeExclusions(value: string | null, own: readonly string[]): ExclusionChange {
  const there = excludedNames(value);
  const left = there.filter((name) => !own.includes(name));
  if (left.length === there.length) return { kind: "none" };
  return left.length === 0 ? { kind: "reset" } : { kind: "set", value: left.join(",") };
}

/** Whether shards have to leave this node, by its name or by a wildcard. */
export function isExcluded(value: string | null, node: string): boolean {
  return excludedNames(value).some((pattern) => matches(pattern, node));
}

function matches(pattern: string, node: string): boolean {
  const escaped = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(node);
}
