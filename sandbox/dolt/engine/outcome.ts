import type { ResultSet } from "../sql/values.ts";

export interface Warning {
  readonly level: "Note" | "Warning";
  readonly code: number;
  readonly message: string;
}

/** What one statement gave: rows, or a count. */
export type Outcome = { readonly rows: ResultSet } | { readonly affectedRows: number };

export const NOTHING: Outcome = { affectedRows: 0 };

export function list(column: string, values: readonly string[]): Outcome {
  return { rows: { columns: [{ name: column, type: "text" }], rows: values.map((value) => [value]) } };
}

export function warningRows(warnings: readonly Warning[]): ResultSet {
  return {
    columns: [
      { name: "Level", type: "text" },
      { name: "Code", type: "bigint" },
      { name: "Message", type: "text" },
    ],
    rows: warnings.map(({ level, code, message }) => [level, code, message]),
  };
}
