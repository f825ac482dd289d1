import { z } from "zod";
import { CrateError } from "../../ports/crate-servers.ts";
import type { CrateResult } from "./answer.ts";

/**
 * The rows, each as the tuple that was asked for. What another version of CrateDB answers differently is not guessed at.
 * Throws CrateError `unknown`.
 */
export function rowsOf<Row extends z.ZodType>(result: CrateResult, row: Row, of: string): z.infer<Row>[] {
  const parsed = z.array(row).safeParse(result.rows);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = typeof issue?.path[1] === "number" ? `column ${result.cols[issue.path[1]]}` : "a row";
  throw new CrateError("unknown", `${of} cannot be read: ${where}: ${issue?.message}`);
}

/** Objects arrive with null in the place of what is not set. */
export const textsSchema = z
  .record(z.string(), z.unknown())
  .nullable()
  .transform((entries): Readonly<Record<string, string>> => {
    const set = Object.entries(entries ?? {}).filter(([, value]) => value !== null && value !== "");
    return Object.fromEntries(set.map(([key, value]) => [key, String(value)]));
  });

/** Not partitioned: null in some tables, an empty text in others. */
export const partitionSchema = z
  .string()
  .nullable()
  .transform((ident) => ident || null);
