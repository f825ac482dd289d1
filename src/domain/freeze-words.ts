import { z } from "zod";

/** What a freeze says of itself, wherever it stands. */
export const freezeWordsSchema = z.object({
  /** In words, or as Slack mentions a person. */
  by: z.string(),
  reason: z.string(),
  /** By the cluster's clock; null: until it is lifted. */
  untilMs: z.number().int().nullable(),
});
export type FreezeWords = z.infer<typeof freezeWordsSchema>;

/** Set by hand on a workload. Handover itself writes freezes beside the leases, because it may not change workloads. */
export const freezeAnnotation = "handover.dev/freeze";

/**
 * The freeze that a workload's annotations hold: JSON `{"by", "reason", "untilMs"}` (`untilMs` null: until lifted). A text that
 * cannot be read freezes until it is lifted: an ambiguous lock blocks.
 */
export function freezeByHand(annotations: Readonly<Record<string, string>>): FreezeWords | null {
  const text = annotations[freezeAnnotation];
  if (text === undefined || text === "") return null;
  try {
    return freezeWordsSchema.parse(JSON.parse(text));
  } catch {
    return { by: "somebody", reason: text, untilMs: null };
  }
}
