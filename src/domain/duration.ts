const unitsMs: Readonly<Record<string, number>> = { "": 1_000, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A length of time as people type it: `90` and `90s` are seconds, and so are `1m30s`, `2m`, `0.5h`. Null for anything else, and for none at all. */
export function parseDurationMs(text: string): number | null {
  if (!/^(\d{1,6}(\.\d{1,3})?|(\d{1,6}(\.\d{1,3})?(ms|s|m|h))+)$/.test(text)) return null;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|)/g)];
  const totalMs = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (unitsMs[unit ?? ""] ?? 0), 0);
  return totalMs > 0 ? Math.round(totalMs) : null;
}
