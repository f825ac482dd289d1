import type { z } from "zod";
import { fail } from "../../domain/errors.ts";

/**
 * Reads JSON text that Redis held.
 * @throws {HandoverError} `record_unreadable`, naming the key and the fields, never their values
 */
export function readStored<T>(key: string, text: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonOrUndefined(text));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join(".") || "the whole");
  throw fail("record_unreadable", { key, why: `not as expected: ${[...new Set(fields)].join(", ")}` });
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
