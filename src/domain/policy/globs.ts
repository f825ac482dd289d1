/** Patterns of the policy match whole texts; `*` stands for any run of characters, and everything else for itself. */
export function matchesGlob(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === text;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

export function matchesAnyGlob(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, text));
}

/** A character that no pattern holds: what only a star can match. */
const onlyForStars = "\u0000";

/**
 * Whether everything that `narrow` matches is matched by `wide` too. Exact: each star of `narrow` is read as a character that
 * only a star of `wide` can match, and a star that matches it matches whatever stands there.
 */
export function globCovers(wide: string, narrow: string): boolean {
  return matchesGlob(wide, narrow.replaceAll("*", onlyForStars));
}
