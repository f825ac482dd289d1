import { z } from "zod";
import type {
  CallOptions,
  CaughtUpRow,
  DataState,
  DoltIdentity,
  DoltSession,
  ReplicationRow,
  ServerDetails,
} from "../../ports/dolt-servers.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import { MysqlDoltBackups } from "./backups.ts";
import { bounded } from "./bounded.ts";
import { quoted, type Read, readDatabases, readDataState, readPrivileges } from "./data-state.ts";
import { readDetails } from "./details.ts";
import { MysqlDoltEvidence, type Statements } from "./evidence.ts";
import { callFailure } from "./failures.ts";
import { readReplication } from "./replication.ts";
import { caughtUpRowSchema, identityRowSchema, statusRowSchema } from "./rows.ts";

/** What a session needs of a mysql2 connection. */
export interface MysqlConnection {
  query(statement: { sql: string }, answered: (error: Error | null, rows: unknown) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  destroy(): void;
}

/** One authenticated connection. A call that gets no answer destroys it: its answer could otherwise be taken for the next call's. */
export class MysqlDoltSession implements DoltSession {
  readonly evidence: MysqlDoltEvidence;
  readonly backups: MysqlDoltBackups;
  readonly #connection: MysqlConnection;
  #closed: string | null = null;

  constructor(connection: MysqlConnection) {
    this.#connection = connection;
    // Without listeners a connection lost between two calls would end the process.
    connection.on("error", (error: Error) => this.#markClosed(error.message));
    connection.on("end", () => this.#markClosed("the connection ended"));
    const statements: Statements = {
      read: (options) => this.#reader(options),
      run: async (sql, options) => {
        await this.#answer(sql, options);
      },
    };
    this.evidence = new MysqlDoltEvidence(statements);
    this.backups = new MysqlDoltBackups(statements);
  }

  async identity(options: CallOptions): Promise<DoltIdentity> {
    const sql =
      "SELECT @@GLOBAL.dolt_cluster_role AS role, @@GLOBAL.dolt_cluster_role_epoch AS epoch, @@GLOBAL.read_only AS read_only, dolt_version() AS version";
    return only(await this.#rows(sql, identityRowSchema, options));
  }

  databases(options: CallOptions): Promise<string[]> {
    return readDatabases(this.#reader(options));
  }

  replication(options: CallOptions): Promise<ReplicationRow[]> {
    return readReplication(this.#reader(options));
  }

  privileges(options: CallOptions): Promise<Pick<DataState, "users" | "branchControl">> {
    return readPrivileges(this.#reader(options));
  }

  details(options: CallOptions): Promise<ServerDetails> {
    return readDetails(this.#reader(options));
  }

  dataState(options: CallOptions): Promise<DataState> {
    const use = async (database: string) => {
      await this.#answer(`USE ${quoted(database)}`, options);
    };
    return readDataState(this.#reader(options), use);
  }

  async assumeRole(role: "primary" | "standby", epoch: number, options: CallOptions): Promise<void> {
    only(await this.#rows(`CALL dolt_assume_cluster_role('${role}', ${whole(epoch)})`, statusRowSchema, options));
  }

  transitionToStandby(epoch: number, minCaughtUp: number, options: CallOptions): Promise<CaughtUpRow[]> {
    const sql = `CALL dolt_cluster_transition_to_standby(${whole(epoch)}, ${whole(minCaughtUp)})`;
    return this.#rows(sql, caughtUpRowSchema, options);
  }

  close(): void {
    this.#markClosed("the session was closed");
    this.#connection.destroy();
  }

  #reader(options: CallOptions): Read {
    return (sql, row) => this.#rows(sql, row, options);
  }

  async #rows<Row>(sql: string, row: z.ZodType<Row>, options: CallOptions): Promise<Row[]> {
    const parsed = z.array(row).safeParse(await this.#answer(sql, options));
    if (parsed.success) return parsed.data;
    throw new DoltError("unknown", `the answer has an unexpected shape: ${z.prettifyError(parsed.error)}`);
  }

  /** One statement, sent only while the connection is good and the wait is wanted: what is thrown before is `unreachable`, as nothing was asked. */
  async #answer(sql: string, options: CallOptions): Promise<unknown> {
    if (this.#closed !== null) throw new DoltError("unreachable", this.#closed);
    if (options.signal.aborted) throw new DoltError("unreachable", "cancelled before anything was asked");
    const answered = Promise.withResolvers<unknown>();
    this.#connection.query({ sql }, (error, rows) => {
      if (error === null) answered.resolve(rows);
      else answered.reject(callFailure(error));
    });
    return bounded(answered.promise, options, (why) => {
      this.close();
      return new DoltError("unknown", why);
    });
  }

  #markClosed(why: string): void {
    this.#closed ??= why;
  }
}

function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined || rows.length !== 1) {
    throw new DoltError("unknown", `one row was expected, and ${rows.length} came`);
  }
  return row;
}

/** Numbers go into the statement as text, so anything but a whole number must not get there. */
function whole(number: number): number {
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${number} is not a whole number from 0`);
  return number;
}
