import { z } from "zod";
import type { AuditEntry } from "../../adapters/redis/audit-chain.ts";
import { signedSchema } from "../../domain/signing.ts";

/** An event as it is kept; what an older or newer version wrote beside it is kept too. */
const eventSchema = z.object({
  kind: z.string(),
  requestId: z.string().nullable(),
  by: z.record(z.string(), z.string()),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  statements: z.array(signedSchema).default([]),
  version: z.string().optional(),
});
export type KeptEvent = z.infer<typeof eventSchema>;

/** One entry of the audit, its event read; null for the event when it has another shape. */
export interface ReadEntry {
  readonly entry: AuditEntry;
  readonly event: KeptEvent | null;
}

export function readEntry(entry: AuditEntry): ReadEntry {
  try {
    return { entry, event: eventSchema.parse(JSON.parse(entry.event)) };
  } catch {
    return { entry, event: null };
  }
}

/** Whoever did it, in a few words: a person by Slack ids, or a process. */
export function whoText({ by }: KeptEvent): string {
  const { userId, teamId, enterpriseId, ...process } = by;
  if (userId !== undefined) return [userId, `(${[enterpriseId, teamId].filter(Boolean).join(", ")})`].join(" ");
  const [kind, name] = Object.entries(process)[0] ?? ["somebody", "unnamed"];
  return `${kind} ${name}`;
}

export function timeText(atMs: number): string {
  return new Date(atMs)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}

/** The facts that say something, `name=value` each; a text of several words in quotes. */
export function factsText({ facts }: KeptEvent): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name}=${typeof value === "string" && /\s/.test(value) ? JSON.stringify(value) : value}`)
    .join(" ");
}

/** As a JSON document: the event as it was written, within its link of the chain. */
export function entryJson({ entry, event }: ReadEntry): object {
  const { event: text, ...link } = entry;
  return { ...link, event: event ?? text };
}
