import { z } from "zod";
import type { DoltBackups } from "../../ports/dolt-backups.ts";
import { type CallOptions, DoltError } from "../../ports/dolt-servers.ts";
import { quoted } from "./data-state.ts";
import { literal, type Statements } from "./evidence.ts";
import { statusRowSchema } from "./rows.ts";

/** A tag, because making and deleting one leaves nothing behind: a branch would leave a row of branch control (seen on Dolt 2.2.3). */
const announcement = "handover_restored";

const tagRowSchema = z.object({ tag_name: z.string() }).transform((row) => row.tag_name);
const processRowSchema = z.object({ Id: z.int().min(0) }).transform((row) => row.Id);
const connectionRowSchema = z.object({ id: z.int().min(0) });

export class MysqlDoltBackups implements DoltBackups {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  async save(database: string, url: string, options: CallOptions): Promise<void> {
    await this.#statements.run(`USE ${quoted(database)}`, options);
    await this.#call(`dolt_backup('sync-url', ${literal(url)})`, options);
  }

  restore(url: string, database: string, options: CallOptions): Promise<void> {
    return this.#call(`dolt_backup('restore', ${literal(url)}, ${literal(database)})`, options);
  }

  async announce(database: string, options: CallOptions): Promise<void> {
    await this.#statements.run(`USE ${quoted(database)}`, options);
    const tags = await this.#statements.read(options)("SELECT tag_name FROM dolt_tags", tagRowSchema);
    if (!tags.includes(announcement)) await this.#call(`dolt_tag('${announcement}')`, options);
    await this.#call(`dolt_tag('-d', '${announcement}')`, options);
  }

  async dropOnStandbys(database: string, options: CallOptions): Promise<void> {
    await this.#statements.run(`CREATE DATABASE ${quoted(database)}`, options);
    await this.#statements.run(`DROP DATABASE ${quoted(database)}`, options);
  }

  async cutConnections(options: CallOptions): Promise<number> {
    const read = this.#statements.read(options);
    const [own] = await read("SELECT connection_id() AS id", connectionRowSchema);
    const others = (await read("SHOW PROCESSLIST", processRowSchema)).filter((id) => id !== own?.id);
    for (const id of others) await this.#kill(id, options);
    return others.length;
  }

  /** One that has ended by itself meanwhile is as good as cut. */
  async #kill(id: number, options: CallOptions): Promise<void> {
    try {
      await this.#statements.run(`KILL ${id}`, options);
    } catch (error) {
      if (!(error instanceof DoltError && error.outcome === "refused")) throw error;
    }
  }

  async #call(call: string, options: CallOptions): Promise<void> {
    const rows = await this.#statements.read(options)(`CALL ${call}`, statusRowSchema);
    if (rows.length !== 1) throw new DoltError("unknown", `one row was expected, and ${rows.length} came`);
  }
}
