import type { FlagDefinition } from "./catalogue.ts";

/** Which pods a rolling restart leaves alone because they are new enough: the same notion for every engine. */
export interface Newness {
  /** Pods created at this time or later. Milliseconds since 1970. */
  readonly beforeMs?: number | undefined;
  /** Pods of the newest revision of their StatefulSet. */
  readonly outdated: boolean;
}

export const beforeFlag: FlagDefinition = {
  name: "before",
  parameter: "beforeMs",
  value: "TIME",
  summary: "only pods created before this time; the others are new enough, so typing it again goes on",
  expected: "a time with its zone (RFC 3339), such as 2026-11-21T15:30:00Z",
  parse: parseTime,
};

export const outdatedFlag: FlagDefinition = {
  name: "outdated",
  parameter: "outdated",
  value: null,
  summary: "only pods that are not of the StatefulSet's newest revision",
  expected: "no value",
  parse: () => true,
};

/** Why this pod is new enough, in words; null: it is not. */
export function whyNewEnough(
  pod: { readonly createdAtMs: number; readonly revision: string | null },
  updateRevision: string,
  { beforeMs, outdated }: Newness,
): string | null {
  if (beforeMs !== undefined && pod.createdAtMs >= beforeMs) {
    return `new enough: created ${timeText(pod.createdAtMs)}`;
  }
  if (outdated && pod.revision === updateRevision) return `new enough: of revision ${pod.revision}`;
  return null;
}

/** A time as `--before` takes it, in whole seconds as the API server keeps them. */
export function timeText(ms: number): string {
  return new Date(Math.floor(ms / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
}

/** RFC 3339, with its zone: a time without one would be the zone of whoever reads it. */
function parseTime(text: string): number | null {
  const isTime = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(text);
  const ms = isTime ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) || ms < 0 ? null : ms;
}
