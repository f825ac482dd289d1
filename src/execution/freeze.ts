import { z } from "zod";
import { type Problem, problem } from "../domain/errors.ts";

/** Kept on the workload, so that it holds for the command line and for an emptied Redis too. */
export const freezeAnnotation = "handover.dev/freeze";

const freezeSchema = z.object({ by: z.string(), reason: z.string(), untilMs: z.number().int().nullable() });

/**
 * Whether a target is frozen, by its annotations: JSON `{"by", "reason", "untilMs"}` (`untilMs` null: until lifted).
 * A text that cannot be read freezes until it is lifted: an ambiguous lock blocks.
 */
export function freezeOf(target: string, annotations: Readonly<Record<string, string>>, nowMs: number): Problem | null {
  const text = annotations[freezeAnnotation];
  if (text === undefined || text === "") return null;
  const freeze = readFreeze(text);
  if (freeze.untilMs !== null && freeze.untilMs <= nowMs) return null;
  const until = freeze.untilMs === null ? "it is lifted" : new Date(freeze.untilMs).toISOString();
  return problem("target_frozen", { target, by: freeze.by, reason: freeze.reason, until });
}

function readFreeze(text: string) {
  try {
    return freezeSchema.parse(JSON.parse(text));
  } catch {
    return { by: "somebody", reason: text, untilMs: null };
  }
}
