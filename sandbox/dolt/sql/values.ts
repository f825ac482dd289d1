/** A value of SQL. Integers are safe integers; dates and times travel as text, `YYYY-MM-DD HH:MM:SS[.ffffff]`. */
export type SqlValue = string | number | null;

export type ColumnType = "tinyint" | "bigint" | "double" | "datetime" | "text" | "null";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly table?: string;
  readonly schema?: string;
}

export interface ResultSet {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly SqlValue[])[];
}

/** An error as the client sees it. Dolt sends nearly everything as 1105 with SQL state HY000. */
export class SqlError extends Error {
  override readonly name = "SqlError";
  readonly code: number;
  readonly sqlState: string;

  constructor(message: string, code = 1105, sqlState = "HY000") {
    super(message);
    this.code = code;
    this.sqlState = sqlState;
  }
}

/** Microseconds are kept, because `NOW(6)` and the status table show them. */
export function dateTimeText(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}000`;
}

/** A DATETIME without a fraction, rounded as MySQL does. */
export function secondsText(ms: number): string {
  return dateTimeText(Math.round(ms / 1000) * 1000).slice(0, 19);
}
