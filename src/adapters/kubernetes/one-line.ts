/** Long enough for a sentence of the kubelet, short enough for five of them on a phone. */
const longestLine = 240;

const secrets: readonly [RegExp, string][] = [
  [/(Bearer|Basic) \S+|eyJ[\w-]+\.[\w.-]+/g, "[hidden]"],
  [/(identified\s+(?:with\s+\S+\s+)?by)\s+(?:'[^']*'|"[^"]*")/gi, "$1 [hidden]"],
  [/((?:password|passwd|pwd|secret|token)\w*"?\s*[:=]\s*)(?:'[^']*'|"[^"]*"|\S+)/gi, "$1[hidden]"],
  [/(\/\/[^/\s:@]+):[^/\s@]+@/g, "$1:[hidden]@"],
];

/** What another program wrote, fit for a message to people: one line, short, and without anything that looks like a secret. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  const hidden = secrets.reduce((masked, [pattern, replacement]) => masked.replaceAll(pattern, replacement), line);
  return hidden.length <= longestLine ? hidden : `${hidden.slice(0, longestLine - 1)}…`;
}
