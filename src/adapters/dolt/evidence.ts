import { createHash } from "node:crypto";
import { z } from "zod";
import type { BranchState, DoltEvidence, TableChange } from "../../ports/dolt-evidence.ts";
import { type CallOptions, DoltError } from "../../ports/dolt-servers.ts";
import { quoted, type Read } from "./data-state.ts";
import { rootsRowSchema } from "./rows.ts";

/** Statements of one session, each bounded by what its caller gave. */
export interface Statements {
  readonly read: (options: CallOptions) => Read;
  /** One whose rows say nothing. */
  readonly run: (sql: string, options: CallOptions) => Promise<void>;
}

const branchRowSchema = z
  .object({
    name: z.string(),
    hash: z.string(),
    latest_commit_date: z.date(),
    dirty: z.union([z.literal(0), z.literal(1)]),
  })
  .transform((row) => ({
    name: row.name,
    head: row.hash,
    headAtMs: row.latest_commit_date.getTime(),
    dirty: row.dirty === 1,
  }));
const commitRowSchema = z.object({ commit_hash: z.string() }).transform((row) => row.commit_hash);
/** `Tables_in_DATABASE` is the only column of SHOW TABLES. */
const tableRowSchema = z.record(z.string(), z.string()).transform((row) => Object.values(row)[0] ?? "");
const hashRowSchema = z.object({ hash: z.string() });
const changeRowSchema = z
  .object({
    table_name: z.string(),
    rows_added: z.number().nullable(),
    rows_modified: z.number().nullable(),
    rows_deleted: z.number().nullable(),
  })
  .transform(
    (row): TableChange => ({
      table: row.table_name,
      added: row.rows_added,
      modified: row.rows_modified,
      deleted: row.rows_deleted,
    }),
  );
const diffRowSchema = z.record(z.string(), z.unknown());

/** Of a row of `dolt_diff`: what says when and from where, not what. */
const unequalColumns = new Set(["to_commit", "to_commit_date", "from_commit", "from_commit_date"]);

export class MysqlDoltEvidence implements DoltEvidence {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  async branches(database: string, options: CallOptions): Promise<BranchState[]> {
    const read = this.#statements.read(options);
    const columns = "name, hash, latest_commit_date, dirty";
    const branches = await read(`SELECT ${columns} FROM ${quoted(database)}.dolt_branches`, branchRowSchema);
    const states: BranchState[] = [];
    for (const branch of branches) {
      await this.#use(database, branch.name, options);
      const [roots] = await read(
        "SELECT dolt_hashof_db('WORKING') AS working, dolt_hashof_db('STAGED') AS staged",
        rootsRowSchema,
      );
      if (roots !== undefined) states.push({ ...branch, ...roots });
    }
    return states;
  }

  async commits(database: string, branch: string, limit: number, options: CallOptions): Promise<string[]> {
    await this.#use(database, branch, options);
    // The session's branch: no argument, so that a branch's name is never part of a literal.
    return await this.#statements.read(options)(
      `SELECT commit_hash FROM dolt_log LIMIT ${Math.trunc(limit)}`,
      commitRowSchema,
    );
  }

  async tables(database: string, branch: string, options: CallOptions): Promise<Record<string, string>> {
    await this.#use(database, branch, options);
    const read = this.#statements.read(options);
    const hashes: [string, string][] = [];
    for (const table of await read("SHOW TABLES", tableRowSchema)) {
      hashes.push([table, await hashOf(read, table)]);
    }
    return Object.fromEntries(hashes);
  }

  async changesSince(database: string, branch: string, commit: string, options: CallOptions): Promise<TableChange[]> {
    await this.#use(database, branch, options);
    const columns = "table_name, rows_added, rows_modified, rows_deleted";
    return await this.#statements.read(options)(
      `SELECT ${columns} FROM dolt_diff_stat(${literal(commit)}, 'WORKING')`,
      changeRowSchema,
    );
  }

  async changedRows(
    change: { readonly database: string; readonly branch: string; readonly commit: string; readonly table: string },
    limit: number,
    options: CallOptions,
  ): Promise<string[] | null> {
    const { database, branch, commit, table } = change;
    await this.#use(database, branch, options);
    const rows = await this.#statements.read(options)(
      `SELECT * FROM dolt_diff(${literal(commit)}, 'WORKING', ${literal(table)}) LIMIT ${Math.trunc(limit) + 1}`,
      diffRowSchema,
    );
    return rows.length > limit ? null : rows.map(digestOf);
  }

  #use(database: string, branch: string, options: CallOptions): Promise<void> {
    return this.#statements.run(`USE ${quoted(`${database}/${branch}`)}`, options);
  }
}

/** Empty for a view: it is listed as a table, and is a row of `dolt_schemas` (seen on Dolt 2.2.3). */
async function hashOf(read: Read, table: string): Promise<string> {
  try {
    const [row] = await read(`SELECT dolt_hashof_table(${literal(table)}) AS hash`, hashRowSchema);
    return row?.hash ?? "";
  } catch (error) {
    if (error instanceof DoltError && error.outcome === "refused") return "";
    throw error;
  }
}

function digestOf(row: Record<string, unknown>): string {
  const cells = Object.entries(row).filter(([name]) => !unequalColumns.has(name));
  return createHash("sha256")
    .update(JSON.stringify(cells.sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest("hex");
}

/** Quotes a text as a literal of SQL. Dolt takes no placeholders in table functions. */
export function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
