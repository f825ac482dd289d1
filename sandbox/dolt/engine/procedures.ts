import type { Statement } from "../sql/ast.ts";
import { type Column, type ResultSet, SqlError, type SqlValue } from "../sql/values.ts";
import { withAdminOf } from "./branch-control-writes.ts";
import { type Branch, type DatabaseState, rootHash, withBranch } from "./database.ts";
import { evaluate, type Scope } from "./expression.ts";
import { doltHash } from "./hash.ts";
import type { Session } from "./session.ts";

const BACKUP_SCHEMES: ReadonlySet<string> = new Set(["file", "http", "https", "aws", "gs", "az", "oci", "localbs"]);
const STATUS_OK: ResultSet = { columns: [{ name: "status", type: "bigint" }], rows: [[0]] };

/** Runs a CALL. Procedures that this server does not have are refused as unknown. */
export async function callProcedure(
  session: Session,
  statement: Statement & { kind: "call" },
  scope: Omit<Scope, "column">,
  signal: AbortSignal,
): Promise<ResultSet> {
  const noColumn = (name: string): never => {
    throw new SqlError(`column "${name}" could not be found in any table in scope`);
  };
  const args = statement.arguments.map((argument) => evaluate(argument, { ...scope, column: noColumn }));
  switch (statement.procedure) {
    case "dolt_assume_cluster_role":
      return await assumeClusterRole(session, demandTwo(statement.procedure, args));
    case "dolt_cluster_transition_to_standby":
      return await transitionToStandby(session, demandTwo(statement.procedure, args));
    case "dolt_branch":
      return await branch(session, args, signal);
    case "dolt_tag":
      return await tag(session, args, signal);
    case "dolt_add":
      return await change(session, signal, (current) => ({ ...current, staged: current.working }));
    case "dolt_commit":
      return await commit(session, args, signal);
    case "dolt_backup":
      return backup(session, args);
    case "dolt_remote":
      return removeRemote(session, args);
    default:
      throw new SqlError(`stored procedure "${statement.procedure}" does not exist`);
  }
}

function demandTwo(procedure: string, args: readonly SqlValue[]): readonly [SqlValue, SqlValue] {
  const [first, second, ...more] = args;
  if (first === undefined || second === undefined || more.length > 0) {
    throw new SqlError(`\`${procedure}\` expected \`2\` parameters but got \`${args.length}\``);
  }
  return [first, second];
}

function controllerOf(session: Session, procedure: string) {
  const { controller } = session.instance;
  // A server without a cluster does not have these procedures.
  if (controller === undefined) throw new SqlError(`stored procedure "${procedure}" does not exist`);
  return controller;
}

async function assumeClusterRole(session: Session, [role, epoch]: readonly [SqlValue, SqlValue]): Promise<ResultSet> {
  const controller = controllerOf(session, "dolt_assume_cluster_role");
  if (await controller.assumeRole(String(role), integer(epoch), session.id)) session.spend();
  return STATUS_OK;
}

async function transitionToStandby(
  session: Session,
  [epoch, minimum]: readonly [SqlValue, SqlValue],
): Promise<ResultSet> {
  const controller = controllerOf(session, "dolt_cluster_transition_to_standby");
  session.demandWritable();
  const rows = await controller.transitionToStandby(integer(epoch), integer(minimum), session.id);
  session.spend();
  const columns: readonly Column[] = [
    { name: "caught_up", type: "tinyint" },
    { name: "database", type: "text" },
    { name: "remote", type: "text" },
    { name: "remote_url", type: "text" },
  ];
  return { columns, rows: rows.map((row) => [Number(row.caughtUp), row.database, row.remote, row.url]) };
}

function integer(value: SqlValue): number {
  const number = Number(value);
  if (value === null || !Number.isInteger(number))
    throw new SqlError(`error: '${value}' is not a valid value for 'int'`);
  return number;
}

/** `dolt_branch(name)`, `dolt_branch(name, start)` and `dolt_branch('-d' | '-D', name)`. */
async function branch(session: Session, args: readonly SqlValue[], signal: AbortSignal): Promise<ResultSet> {
  const { database, branch: here } = await prepareChange(session, signal);
  const state = session.instance.state(database);
  const [first, second] = args.map(String);
  if (first === undefined) throw new SqlError("error: invalid usage");
  if (/^-d$/i.test(first)) {
    const branches = new Map(state.branches);
    if (second === undefined || !branches.delete(second)) throw new SqlError(`branch '${second}' not found`);
    await store(session, database, { ...state, branches }, signal);
    return STATUS_OK;
  }
  const start = state.branches.get(second ?? here);
  if (start === undefined) throw new SqlError(`fatal: not a valid object name: '${second}'`);
  if (state.branches.has(first)) throw new SqlError(`fatal: A branch named '${first}' already exists.`);
  const { head } = start;
  const { volume } = session.instance;
  const account = { database, branch: first, user: session.user, host: session.host };
  session.instance.storeBranchControl(withAdminOf(volume.branchControl, account));
  await store(session, database, withBranch(state, first, { head, staged: head.root, working: head.root }), signal);
  return STATUS_OK;
}

async function tag(session: Session, args: readonly SqlValue[], signal: AbortSignal): Promise<ResultSet> {
  const { database, branch: here } = await prepareChange(session, signal);
  const state = session.instance.state(database);
  const [name, ref] = args.map(String);
  if (name !== undefined && /^-d$/i.test(name)) {
    const tags = new Map(state.tags);
    if (ref === undefined || !tags.delete(ref)) throw new SqlError(`error: tag '${ref ?? ""}' not found`);
    await store(session, database, { ...state, tags }, signal);
    return STATUS_OK;
  }
  const at = state.branches.get(ref ?? here)?.head;
  if (name === undefined || at === undefined) throw new SqlError(`fatal: not a valid object name: '${ref}'`);
  if (state.tags.has(name)) throw new SqlError(`fatal: tag '${name}' already exists`);
  const made = {
    hash: at.hash,
    tagger: session.user,
    email: `${session.user}@%`,
    atMs: session.instance.clock.nowMs(),
    message: "",
  };
  await store(session, database, { ...state, tags: new Map(state.tags).set(name, made) }, signal);
  return STATUS_OK;
}

/** `dolt_commit('-Am', message)` and its spellings; `-A` and `-a` stage everything first. */
async function commit(session: Session, args: readonly SqlValue[], signal: AbortSignal): Promise<ResultSet> {
  const texts = args.map(String);
  const flags = texts.filter((text) => text.startsWith("-"));
  const message = texts.find((text) => !text.startsWith("-")) ?? "";
  const stageAll = flags.some((flag) => /^-(?:-all$|[A-Za-z]*[aA])/.test(flag));
  const allowEmpty = flags.includes("--allow-empty");
  let hash = "";
  await change(session, signal, (current) => {
    const root = stageAll ? current.working : current.staged;
    const unchanged = rootHash(root) === rootHash(current.head.root);
    if (unchanged && !allowEmpty) throw new SqlError("nothing to commit");
    const atMs = session.instance.clock.nowMs();
    hash = doltHash("commit", current.head.hash, rootHash(root), message, String(atMs));
    const author = { author: session.user, email: `${session.user}@%` };
    const head = { hash, root, parent: current.head, message, ...author, atMs };
    return { head, staged: root, working: stageAll ? root : current.working };
  });
  return { columns: [{ name: "hash", type: "text" }], rows: [[hash]] };
}

/** `dolt_backup('sync-url', url)`, which works on a read-only server too, and `dolt_backup('restore', url, name)`. */
function backup(session: Session, args: readonly SqlValue[]): ResultSet {
  const [action, url, name] = args.map(String);
  const { instance } = session;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url ?? "")?.[1];
  if (scheme !== undefined && !BACKUP_SCHEMES.has(scheme)) throw new SqlError(`unknown url scheme: '${scheme}'`);
  if (action === "sync-url" && url !== undefined) {
    instance.backups.set(url, instance.state(session.current().database));
    return STATUS_OK;
  }
  if (action !== "restore" || url === undefined || name === undefined) throw new SqlError("error: invalid usage");
  session.demandWritable();
  const saved = instance.backups.get(url);
  if (saved === undefined) throw new SqlError("remote at that url contains no Dolt data");
  if (instance.volume.databases.has(name)) {
    throw new SqlError(`database '${name}' already exists, use '--force' to overwrite`);
  }
  instance.restoreDatabase(name, saved);
  return STATUS_OK;
}

/** Only `dolt_remote('remove', name)`: the cure for a remote that kept an old URL. */
function removeRemote(session: Session, args: readonly SqlValue[]): ResultSet {
  const [action, name] = args.map(String);
  session.demandWritable();
  const { database } = session.current();
  if (action !== "remove" || name === undefined) throw new SqlError("error: invalid argument");
  const remotes = session.instance.volume.databases.get(database)?.remotes;
  if (remotes?.delete(name) !== true) throw new SqlError(`error: unknown remote: '${name}'`);
  return STATUS_OK;
}

async function prepareChange(session: Session, signal: AbortSignal): Promise<{ database: string; branch: string }> {
  session.demandWritable();
  await session.commit(signal);
  return session.current();
}

async function change(session: Session, signal: AbortSignal, next: (branch: Branch) => Branch): Promise<ResultSet> {
  const { database, branch: name } = await prepareChange(session, signal);
  const state = session.instance.state(database);
  const current = state.branches.get(name);
  if (current === undefined) throw new SqlError(`branch not found: ${name}`);
  await store(session, database, withBranch(state, name, next(current)), signal);
  return STATUS_OK;
}

async function store(session: Session, database: string, state: DatabaseState, signal: AbortSignal): Promise<void> {
  session.instance.store(database, state);
  await session.acknowledge([database], signal);
}
