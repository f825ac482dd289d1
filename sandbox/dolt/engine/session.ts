import type { Statement, TableName } from "../sql/ast.ts";
import { parseStatement } from "../sql/parser.ts";
import { SqlError, type SqlValue } from "../sql/values.ts";
import { changeAccounts } from "./account-statements.ts";
import { branchControlTable, isBranchControlTable, withBranchControlTable } from "./branch-control-writes.ts";
import { type DatabaseState, type Root, withWorking } from "./database.ts";
import { splitDatabase } from "./database-name.ts";
import { evaluate, type Scope } from "./expression.ts";
import { callFunction } from "./functions.ts";
import { historyTable } from "./history-tables.ts";
import type { Instance } from "./instance.ts";
import { MYSQL_TABLE_NAMES } from "./mysql-tables.ts";
import { newTable } from "./new-table.ts";
import { list, NOTHING, type Outcome, type Warning, warningRows } from "./outcome.ts";
import { callProcedure } from "./procedures.ts";
import { runSelect, type Source } from "./select.ts";
import { databaseNames, processList, systemTable } from "./system-tables.ts";
import type { Table } from "./table.ts";
import { Transaction } from "./transaction.ts";
import { setVariable, showVariables, variableValue } from "./variables.ts";
import { deleteRows, insertRows, rowsByKey, updateRows } from "./write-rows.ts";

const SPENT = "this server transitioned cluster roles. this connection can no longer be used. please reconnect.";
const READ_ONLY_SERVER = "database server is set to read only mode";

/** One client's session: its database and branch, its transaction, its warnings. Runs one statement at a time. */
export class Session {
  readonly id: number;
  readonly user: string;
  readonly host: string;
  readonly instance: Instance;
  /** As `database()` shows it: `db` or `db/branch`. */
  database: string | undefined;
  autocommit = true;
  warnings: readonly Warning[] = [];
  #transaction: Transaction | undefined;
  #inExplicitTransaction = false;
  #spent = false;

  constructor(instance: Instance, id: number, user: string, host: string) {
    this.instance = instance;
    this.id = id;
    this.user = user;
    this.host = host;
  }

  get inTransaction(): boolean {
    return this.#inExplicitTransaction;
  }

  /** After a role change that this session asked for, it answers nothing but an error. */
  spend(): void {
    this.#spent = true;
    this.#transaction = undefined;
    this.#inExplicitTransaction = false;
  }

  /** Runs one statement. `signal` aborts when the connection ends. */
  async execute(sql: string, parameters: readonly SqlValue[], signal: AbortSignal): Promise<Outcome> {
    if (this.#spent) throw new SqlError(SPENT);
    const { statement } = parseStatement(sql);
    if (statement.kind !== "showWarnings") this.warnings = [];
    return await this.#run(statement, parameters, signal);
  }

  use(database: string): void {
    if (this.#spent) throw new SqlError(SPENT);
    // A branch's name may hold slashes of its own.
    const { database: base, branch } = splitDatabase(database);
    const system = ["mysql", "information_schema", "dolt_cluster"];
    if (!system.includes(base.toLowerCase()) && !this.instance.state(base).branches.has(branch)) {
      throw new SqlError(`database not found: ${database}`, 1049, "HY000");
    }
    this.database = database;
  }

  /** Database and branch that a name without a database means. */
  current(): { database: string; branch: string } {
    if (this.database === undefined) throw new SqlError("no database selected", 1046, "3D000");
    return splitDatabase(this.database);
  }

  /** The state of a database as this session sees it now. */
  state(database: string): DatabaseState {
    return this.#transaction?.state(database) ?? this.instance.state(database);
  }

  demandWritable(): void {
    if (this.instance.readOnly) throw new SqlError(READ_ONLY_SERVER);
  }

  /** Commits what is open, as every statement that cannot be rolled back does first. */
  async commit(signal: AbortSignal): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    this.#inExplicitTransaction = false;
    if (transaction === undefined) return;
    const changed = transaction.changes();
    if (changed.size === 0) return;
    this.demandWritable();
    for (const [database, state] of changed) this.instance.store(database, state);
    await this.acknowledge([...changed.keys()], signal);
  }

  /** Waits for the standbys as far as `dolt_cluster_ack_writes_timeout_secs` asks. A commit without them still succeeds. */
  async acknowledge(databases: readonly string[], signal: AbortSignal): Promise<void> {
    const { ackTimeoutSecs, controller, clock } = this.instance;
    if (ackTimeoutSecs === 0 || controller === undefined) return;
    const deadline = new AbortController();
    const finished = new AbortController();
    const timer = clock.sleep(ackTimeoutSecs * 1000, AbortSignal.any([signal, finished.signal])).then(
      () => deadline.abort(),
      () => deadline.abort(),
    );
    const results = await Promise.all(databases.map((name) => controller.acknowledged(name, deadline.signal)));
    finished.abort();
    await timer;
    const missing = results.reduce((sum, result) => sum + result.missing, 0);
    const standbys = results.reduce((sum, result) => sum + result.standbys, 0);
    if (missing === 0) return;
    const message = `Timed out replication of commit to ${missing} out of ${standbys} replicas.`;
    this.warnings = [...this.warnings, { level: "Warning", code: 3024, message }];
  }

  async #run(statement: Statement, parameters: readonly SqlValue[], signal: AbortSignal): Promise<Outcome> {
    const scope = this.#scope(parameters);
    switch (statement.kind) {
      case "select":
        await this.#sleep(statement, scope, signal);
        return { rows: runSelect(statement, statement.from && this.#source(statement.from, statement, scope), scope) };
      case "insert":
        return await this.#write(statement.table, (table) => insertRows(table, statement, scope), signal);
      case "update":
        return await this.#write(statement.table, (table) => updateRows(table, statement, scope), signal);
      case "delete":
        return await this.#write(statement.table, (table) => deleteRows(table, statement.where, scope), signal);
      case "createTable":
      case "dropTable":
        return await this.#changeSchema(statement, signal);
      case "createDatabase":
      case "dropDatabase":
        return await this.#changeDatabases(statement, signal);
      case "createUser":
      case "dropUser":
      case "grant":
        await this.commit(signal);
        this.demandWritable();
        changeAccounts(this.instance, statement);
        return NOTHING;
      case "call":
        return { rows: await callProcedure(this, statement, scope, signal) };
      case "use":
        this.use(statement.database);
        return NOTHING;
      case "begin":
        await this.commit(signal);
        this.#transaction = new Transaction(this.instance);
        this.#inExplicitTransaction = true;
        return NOTHING;
      case "commit":
        await this.commit(signal);
        return NOTHING;
      case "rollback":
        this.#transaction = undefined;
        this.#inExplicitTransaction = false;
        return NOTHING;
      case "set":
        return await this.#set(statement, scope, signal);
      case "setNames":
        return NOTHING;
      case "kill":
        return this.#kill(statement, scope);
      case "showDatabases":
        return list("Database", databaseNames(this.instance, this.database));
      case "showTables":
        return this.#showTables(statement.database);
      case "showProcesslist":
        return { rows: processList(this.instance) };
      case "showVariables":
        return { rows: showVariables(this, statement.pattern) };
      case "showWarnings":
        return { rows: warningRows(this.warnings) };
    }
  }

  /** `SELECT sleep(seconds)`: the one function that takes time. */
  async #sleep(
    statement: Statement & { kind: "select" },
    scope: Omit<Scope, "column">,
    signal: AbortSignal,
  ): Promise<void> {
    for (const item of statement.items) {
      if (item.kind === "star" || item.expression.kind !== "call" || item.expression.name !== "sleep") continue;
      const [seconds] = item.expression.arguments;
      if (seconds === undefined) continue;
      const durationMs = Number(evaluate(seconds, { ...scope, column: () => null })) * 1000;
      // A connection that is cut meanwhile has nobody left to answer.
      await this.instance.clock.sleep(durationMs, signal).catch(() => undefined);
    }
  }

  #scope(parameters: readonly SqlValue[]): Omit<Scope, "column"> {
    return {
      parameter: (index) => parameters[index] ?? null,
      variable: (_scope, name, written) => variableValue(this, name, written),
      call: (name, args) => callFunction(this, name, args),
    };
  }

  #source(name: TableName, statement: Statement & { kind: "select" }, scope: Omit<Scope, "column">): Source {
    const system = systemTable(this.instance, name, name.database ?? this.database);
    if (system !== undefined) return system;
    const { database, branch } = this.#locate(name);
    const history = this.#historyTable(name.name, database, branch, statement, scope);
    if (history !== undefined) return history;
    const table = this.#root(database, branch).get(name.name);
    if (table === undefined) throw new SqlError(`table not found: ${name.name}`, 1146, "HY000");
    const columns = table.columns.map((column) => ({
      name: column.name,
      type: column.type,
      table: name.name,
      schema: database,
    }));
    return { columns, rows: rowsByKey(table, statement.where, scope) ?? table.rows() };
  }

  #historyTable(
    name: string,
    database: string,
    branchName: string,
    { fromArguments }: Statement & { kind: "select" },
    scope: Omit<Scope, "column">,
  ): Source | undefined {
    const branch = this.state(database).branches.get(branchName);
    const args = fromArguments?.map((argument) => evaluate(argument, { ...scope, column: () => null }));
    const found = branch && historyTable(name, branch, args);
    if (found === undefined && args !== undefined) throw new SqlError(`table function: '${name}' not found`);
    return found;
  }

  #locate(name: TableName): { database: string; branch: string } {
    if (name.database === undefined) return this.current();
    const named = splitDatabase(name.database);
    const here = this.database === undefined ? undefined : splitDatabase(this.database);
    if (!name.database.includes("/") && here?.database === named.database) return here;
    return named;
  }

  #root(database: string, branch: string): Root {
    const working = this.state(database).branches.get(branch)?.working;
    if (working === undefined) throw new SqlError(`branch not found: ${branch}`);
    return working;
  }

  async #write(
    name: TableName,
    write: (table: Table) => { table: Table; affectedRows: number },
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { database, branch } = this.#locate(name);
    this.#demandDatabaseWritable(database);
    if (isBranchControlTable(name.name)) return await this.#writeBranchControl(name.name, write, signal);
    const transaction = this.#open();
    const root = this.#root(database, branch);
    const table = root.get(name.name);
    if (table === undefined) throw new SqlError(`table not found: ${name.name}`, 1146, "HY000");
    const written = this.#orEnd(() => write(table));
    transaction.put(database, withWorking(this.state(database), branch, new Map(root).set(name.name, written.table)));
    await this.#commitIfAutomatic(signal);
    return { affectedRows: written.affectedRows };
  }

  /** Branch control is no part of any database: what is written to it is there at once, whatever transaction is open. */
  async #writeBranchControl(
    name: string,
    write: (table: Table) => { table: Table; affectedRows: number },
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { branchControl } = this.instance.volume;
    const { table, affectedRows } = write(branchControlTable(branchControl, name));
    this.instance.storeBranchControl(withBranchControlTable(branchControl, name, table));
    await this.#commitIfAutomatic(signal);
    return { affectedRows };
  }

  async #changeSchema(
    statement: Statement & { kind: "createTable" | "dropTable" },
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { database, branch } = this.#locate(statement.table);
    this.#demandDatabaseWritable(database);
    await this.commit(signal);
    const { name } = statement.table;
    const root = new Map(this.#root(database, branch));
    if (statement.kind === "createTable") {
      if (root.has(name)) {
        if (statement.ifNotExists) return NOTHING;
        throw new SqlError(`table with name ${name} already exists`);
      }
      root.set(name, newTable(statement));
    } else if (!root.delete(name)) {
      if (statement.ifExists) return NOTHING;
      throw new SqlError(`table not found: ${name}`, 1146, "HY000");
    }
    const transaction = this.#open();
    transaction.put(database, withWorking(this.state(database), branch, root));
    await this.commit(signal);
    return NOTHING;
  }

  async #changeDatabases(
    statement: Statement & { kind: "createDatabase" | "dropDatabase" },
    signal: AbortSignal,
  ): Promise<Outcome> {
    this.demandWritable();
    await this.commit(signal);
    const { name } = statement;
    const exists = this.instance.volume.databases.has(name);
    if (statement.kind === "createDatabase") {
      if (!exists) this.instance.createDatabase(name);
      else if (statement.ifNotExists) {
        this.warnings = [{ level: "Note", code: 1007, message: `Can't create database ${name}; database exists ` }];
      } else throw new SqlError(`can't create database ${name}; database exists`, 1007, "HY000");
      return { affectedRows: 1 };
    }
    if (exists) this.instance.dropDatabase(name);
    else if (!statement.ifExists)
      throw new SqlError(`can't drop database ${name}; database doesn't exist`, 1008, "HY000");
    if (this.database !== undefined && splitDatabase(this.database).database === name) this.database = undefined;
    return { affectedRows: exists ? 1 : 0 };
  }

  #demandDatabaseWritable(database: string): void {
    if (this.instance.readOnly) {
      this.instance.state(database);
      throw new SqlError(`Database ${database} is read-only.`);
    }
  }

  #open(): Transaction {
    this.#transaction ??= new Transaction(this.instance);
    return this.#transaction;
  }

  /** A statement of its own leaves nothing behind when it fails. */
  #orEnd<Result>(run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      if (!this.#inExplicitTransaction && this.autocommit) this.#transaction = undefined;
      throw error;
    }
  }

  async #commitIfAutomatic(signal: AbortSignal): Promise<void> {
    if (this.autocommit && !this.#inExplicitTransaction) await this.commit(signal);
  }

  async #set(
    statement: Statement & { kind: "set" },
    scope: Omit<Scope, "column">,
    signal: AbortSignal,
  ): Promise<Outcome> {
    for (const assignment of statement.assignments) setVariable(this, assignment, scope);
    if (this.autocommit && !this.#inExplicitTransaction) await this.commit(signal);
    return NOTHING;
  }

  #kill(statement: Statement & { kind: "kill" }, scope: Omit<Scope, "column">): Outcome {
    const id =
      statement.id.kind === "literal"
        ? statement.id.value
        : statement.id.kind === "parameter"
          ? scope.parameter(statement.id.index)
          : null;
    if (statement.connectionOnly) this.instance.connections.get(Number(id))?.close();
    return NOTHING;
  }

  #showTables(database: string | undefined): Outcome {
    const named = database ?? this.current().database;
    if (named.toLowerCase() === "mysql") return list("Tables_in_mysql", MYSQL_TABLE_NAMES);
    const { branch } = database === undefined ? this.current() : splitDatabase(database);
    return list(`Tables_in_${named}`, [...this.#root(splitDatabase(named).database, branch).keys()].sort());
  }
}
