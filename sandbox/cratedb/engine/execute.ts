import { copiesOf, partsOf, usedBytes } from "../allocation/view.ts";
import type { SimulatedCrateCluster } from "../model/cluster.ts";
import { freeBelow, timeMs } from "../model/settings.ts";
import { addPart, applySettings, defaultShards, newTable, partFor, resetSettings, valuesOf } from "../model/tables.ts";
import { isActive, type ShardGroup, type SimTable, tableName } from "../model/types.ts";
import type { PrivilegeType } from "../model/users.ts";
import type { Assignment, Expression, Statement, TableName } from "../sql/ast.ts";
import { sqlErrors } from "./errors.ts";
import { evaluate, type Row, type Scope } from "./evaluate.ts";
import type { Job } from "./jobs.ts";
import { type Relation, type ResultTable, runQuery } from "./select.ts";
import { systemTables } from "./system-tables.ts";

export interface ExecuteContext {
  readonly cluster: SimulatedCrateCluster;
  readonly user: string;
  /** The node that was asked. */
  readonly nodeId: string;
  readonly jobs: ReadonlyMap<string, Job>;
  /** Resolves once it is so; rejects when the node ends. It is looked at again after whatever happens in the cluster. */
  readonly until: (isSo: () => boolean) => Promise<void>;
}

export interface ExecuteResult extends ResultTable {
  readonly rowcount: number;
}

/** A write waits so long for a primary that is not there (`write.wait_for_active_shards`, and the replication time-out). */
const primaryTimeoutMs = 60_000;

/** Bytes that a row takes; enough for sizes to grow. */
const rowBytes = 100;

const done: ExecuteResult = { cols: [], rows: [[]], rowcount: 1 };

/** Carries out one statement. Throws CrateSqlError; waits where CrateDB waits. */
export async function execute(
  statement: Statement,
  args: readonly unknown[],
  context: ExecuteContext,
): Promise<ExecuteResult> {
  const { cluster, user } = context;
  const value = (expression: Expression) => evaluate(expression, scope(context, args));
  const values = (assignments: readonly Assignment[]) =>
    assignments.map(({ name, value: given }) => [name, value(given)] as const);
  switch (statement.kind) {
    case "query":
      return select(statement, args, context);
    case "set":
      demand(context, "AL", null);
      return publish(context, () => cluster.settings.set(statement.scope, values(statement.assignments)));
    case "reset":
      demand(context, "AL", null);
      return publish(context, () => cluster.settings.reset(statement.names));
    case "decommission":
      demandSuperuser(context);
      return decommission(String(value(statement.node)), context);
    case "retry_failed":
      demandSuperuser(context);
      return publish(context, () => {});
    case "create_table": {
      const { schema, name } = whole(statement.table);
      demand(context, "DDL", { schema, name });
      if (find(cluster, statement.table) !== undefined) {
        if (statement.ifNotExists) return { ...done, rowcount: 0 };
        throw sqlErrors.relationExists(`${schema}.${name}`);
      }
      const shards = statement.shards === null ? defaultShards : Number(value(statement.shards));
      const { columns, partitionedBy } = statement;
      const table = newTable({ schema, name, columns, partitionedBy, shards, settings: values(statement.settings) });
      demandRoom(cluster, table.parts.length === 0 ? 0 : shards);
      return publish(context, () => cluster.tables.push(table));
    }
    case "drop_table": {
      const table = find(cluster, statement.table);
      if (table === undefined && statement.ifExists) return { ...done, rowcount: 0 };
      const found = existing(context, statement.table);
      demand(context, "DDL", found);
      return publish(context, () => cluster.tables.splice(cluster.tables.indexOf(found), 1));
    }
    case "alter_table": {
      const table = existing(context, statement.table);
      demand(context, "DDL", table);
      const set = values(statement.set);
      return publish(context, () => {
        for (const target of alteredParts(table, values(statement.partition))) {
          applySettings(target, set);
          resetSettings(target, statement.reset);
        }
      });
    }
    case "insert": {
      const table = existing(context, statement.table);
      demand(context, "DML", table);
      const columns = statement.columns.length > 0 ? statement.columns : table.columns.map(({ name }) => name);
      const rows = statement.rows.map((row) =>
        Object.fromEntries(row.map((one, index) => [columns[index] ?? "", value(one)])),
      );
      for (const row of rows) await insert(table, row, context);
      return { cols: [], rows: [[]], rowcount: rows.length };
    }
    case "refresh":
      demand(context, "DQL", existing(context, statement.table));
      return done;
    case "update":
      return update(statement, args, context);
    case "create_role": {
      demand(context, "AL", null);
      const password = values(statement.options).find(([name]) => name === "password")?.[1];
      const options = { isUser: statement.isUser, password: password === undefined ? null : String(password) };
      return publish(context, () => cluster.users.create(statement.name, options));
    }
    case "drop_role":
      demand(context, "AL", null);
      return publish(context, () => cluster.users.drop(statement.name, statement.ifExists));
    case "privileges":
      demand(context, "AL", null);
      return publish(context, () => changePrivileges(statement, cluster, user));
    case "create_repository":
      demand(context, "AL", null);
      return publish(context, () => cluster.snapshots.createRepository(statement.name, statement.type));
    case "drop_repository":
      demand(context, "AL", null);
      return publish(context, () => cluster.snapshots.dropRepository(statement.name));
    case "create_snapshot": {
      demand(context, "AL", null);
      const tables =
        statement.tables.length === 0 ? [...cluster.tables] : statement.tables.map((one) => existing(context, one));
      await context.until(() => cluster.canPublish());
      const { repository, name } = statement;
      const snapshot = cluster.beginSnapshot(repository, name, tables, cluster.pace.snapshotMs);
      const waits = values(statement.options).some(
        ([option, given]) => option === "wait_for_completion" && given === true,
      );
      if (waits) await context.until(() => snapshot.state !== "IN_PROGRESS");
      return done;
    }
    case "drop_snapshot":
      demand(context, "AL", null);
      return publish(context, () => cluster.snapshots.drop(statement.repository, statement.name));
  }
}

/** With no master this waits for one, and then does it, whether anybody still listens or not. */
async function publish(context: ExecuteContext, change: () => unknown): Promise<ExecuteResult> {
  await context.until(() => context.cluster.canPublish());
  change();
  context.cluster.changed();
  return done;
}

async function select(
  query: Extract<Statement, { kind: "query" }>,
  args: readonly unknown[],
  context: ExecuteContext,
): Promise<ExecuteResult> {
  const { cluster, user } = context;
  const result = await runQuery(query, {
    args,
    user,
    nowMs: cluster.nowMs,
    relation: (schema, name) => relation({ schema, name }, context),
  });
  return { ...result, rowcount: result.rows.length };
}

async function relation(table: TableName, context: ExecuteContext): Promise<Relation> {
  const { schema, name } = whole(table);
  const system = systemTables.get(`${schema}.${name}`);
  if (system === undefined) return userRelation(table, context);
  if (schema === "sys") demand(context, "DQL", { schema, name });
  const { cluster, user, nodeId, jobs } = context;
  // The master alone knows.
  if (name === "allocations" && cluster.masterId === null) throw sqlErrors.noMaster();
  // A node that stopped without a word holds the answer up; a dead one that is still a member is an error.
  if (system.isOfAllNodes) {
    await context.until(() => [...cluster.members.keys()].every((id) => cluster.localNode(id)?.frozenSinceMs == null));
    const dead = [...cluster.members.values()].find(({ id }) => cluster.localNode(id) === undefined);
    if (dead !== undefined) throw sqlErrors.notConnected(dead.spec.name);
  }
  return { columns: system.columns, rows: system.rows({ cluster, user, nodeId, jobs: jobs.values() }) };
}

async function userRelation(table: TableName, context: ExecuteContext): Promise<Relation> {
  const found = existing(context, table);
  demand(context, "DQL", found);
  const groups = found.parts.flatMap((part) => part.groups);
  await untilActive(groups, found, context);
  return { columns: found.columns.map(({ name }) => name), rows: groups.flatMap(({ rows }) => rows) };
}

async function insert(table: SimTable, row: Row, context: ExecuteContext): Promise<void> {
  const { cluster } = context;
  let part = partFor(table, row);
  if (part === null) {
    demandRoom(cluster, table.shards);
    await context.until(() => cluster.canPublish());
    part = partFor(table, row) ?? addPart(table, valuesOf(table, row));
    cluster.changed();
  }
  const group = part.groups[hashOf(JSON.stringify(row)) % part.groups.length];
  if (group === undefined) throw sqlErrors.shardUnavailable(tableName(table));
  await untilActive([group], table, context);
  if (isOnFloodedNode(part.groups, cluster)) throw sqlErrors.readOnly(tableName(table));
  group.rows.push(row);
  group.bytes += rowBytes;
}

async function untilActive(
  groups: readonly ShardGroup[],
  table: SimTable,
  { cluster, until }: ExecuteContext,
): Promise<void> {
  const isThere = () => groups.every(({ copies }) => copies.some((copy) => copy.primary && isActive(copy)));
  const lastMs = cluster.nowMs + primaryTimeoutMs;
  await until(() => isThere() || cluster.nowMs >= lastMs);
  if (!isThere()) throw sqlErrors.shardUnavailable(tableName(table));
}

function isOnFloodedNode(groups: readonly ShardGroup[], cluster: SimulatedCrateCluster): boolean {
  const mark = cluster.settings.get("cluster.routing.allocation.disk.watermark.flood_stage");
  const nodes = new Set(groups.flatMap(({ copies }) => copies.flatMap(({ node }) => node ?? [])));
  return [...nodes].some((id) => {
    const { totalBytes } = cluster.disk(id);
    return totalBytes - usedBytes(cluster.view(), id) < freeBelow(mark, totalBytes);
  });
}

/** The flag of the checks' acknowledgement is the one thing of `sys` that can be written. */
async function update(
  { table, assignments, where }: Extract<Statement, { kind: "update" }>,
  args: readonly unknown[],
  context: ExecuteContext,
): Promise<ExecuteResult> {
  const { schema, name } = whole(table);
  if (schema !== "sys" || name !== "node_checks") throw sqlErrors.unsupported(`UPDATE of ${schema}.${name}`);
  demand(context, "DML", { schema, name });
  const [assignment] = assignments;
  if (assignment?.name !== "acknowledged") throw sqlErrors.unsupported(`Cannot update column ${assignment?.name}`);
  const { columns, rows } = await checkRelation(context);
  const base = { ...scope(context, args), columns: new Set(columns) };
  const isSet = evaluate(assignment.value, base) === true;
  const hits = rows.filter((row) => where === null || evaluate(where, { ...base, row }) === true);
  for (const row of hits) {
    const acknowledged = context.cluster.members.get(String(row.node_id))?.acknowledged;
    if (isSet) acknowledged?.add(Number(row.id));
    else acknowledged?.delete(Number(row.id));
  }
  return { cols: [], rows: [[]], rowcount: hits.length };
}

async function checkRelation(context: ExecuteContext): Promise<Relation> {
  const { cluster, user, nodeId, jobs } = context;
  const system = systemTables.get("sys.node_checks");
  return { columns: system?.columns ?? [], rows: system?.rows({ cluster, user, nodeId, jobs: jobs.values() }) ?? [] };
}

/**
 * It waits for health and for no relocating shards, not for an empty node: what cannot move stays, and the node leaves all the
 * same [ran on 6.4.1]. After its time-out it leaves only with `force`, and answers as if all were well.
 */
async function decommission(node: string, context: ExecuteContext): Promise<ExecuteResult> {
  const { cluster, until } = context;
  const member = [...cluster.members.values()].find(({ id, spec }) => id === node || spec.name === node);
  if (member === undefined) throw sqlErrors.illegal(`No node found with id or name '${node}'`);
  await until(() => cluster.canPublish());
  const availability = cluster.settings.get("cluster.graceful_stop.min_availability").toLowerCase();
  const kind = availability === "full" ? "full" : availability === "primaries" ? "primaries" : "none";
  cluster.beginDecommission(member.id, kind);
  const lastMs = cluster.nowMs + timeMs(cluster.settings.get("cluster.graceful_stop.timeout"));
  const isCalm = () => {
    const copies = copiesOf(cluster.tables);
    if (copies.some(({ state, node: at }) => at === member.id && (state === "RELOCATING" || state === "INITIALIZING")))
      return false;
    const missing = partsOf(cluster.tables).some(({ groups }) =>
      groups.some(({ copies: all }) => all.some((copy) => (kind === "full" || copy.primary) && !isActive(copy))),
    );
    return kind === "none" || !missing;
  };
  await until(() => isCalm() || cluster.nowMs >= lastMs);
  if (isCalm() || cluster.settings.get("cluster.graceful_stop.force") === "true") cluster.letGo(member.id);
  else cluster.endDecommission(member.id);
  return done;
}

function changePrivileges(
  { action, what, class: of, idents, grantees }: Extract<Statement, { kind: "privileges" }>,
  cluster: SimulatedCrateCluster,
  grantor: string,
): void {
  const { users } = cluster;
  const all: readonly PrivilegeType[] = ["DQL", "DML", "DDL", "AL"];
  const types = what.length === 0 ? all : all.filter((type) => what.includes(type.toLowerCase()));
  for (const grantee of grantees) {
    if (what.length > 0 && types.length === 0) {
      if (action !== "GRANT") throw sqlErrors.unsupported("only GRANT of roles is simulated");
      for (const role of what) users.grantRole(role, grantee, grantor);
      continue;
    }
    for (const type of types) {
      for (const ident of of === "CLUSTER" ? [null] : idents.map((one) => withSchema(of, one))) {
        if (action === "REVOKE") users.revoke({ grantee, type, class: of, ident });
        else users.change({ grantee, grantor, state: action, type, class: of, ident });
      }
    }
  }
}

function withSchema(of: "SCHEMA" | "TABLE", ident: string): string {
  return of === "TABLE" && !ident.includes(".") ? `doc.${ident}` : ident;
}

/** The partition that was named; else the table, and with it the partitions that there are. */
function alteredParts(table: SimTable, partition: readonly (readonly [string, unknown])[]) {
  if (partition.length === 0) return [table, ...table.parts];
  const part = partFor(table, Object.fromEntries(partition));
  if (part === null) throw sqlErrors.noPartition(tableName(table));
  return [part];
}

/** `cluster.max_shards_per_node` × data nodes: beyond it new tables and partitions fail. */
function demandRoom(cluster: SimulatedCrateCluster, shards: number): void {
  const nodes = [...cluster.members.values()].filter(({ spec }) => spec.holdsData).length;
  const limit = Number(cluster.settings.get("cluster.max_shards_per_node")) * nodes;
  if (copiesOf(cluster.tables).length + shards > limit) throw sqlErrors.tooManyShards(shards, limit);
}

function demand(
  { cluster, user }: ExecuteContext,
  type: PrivilegeType,
  table: { schema: string; name: string } | null,
): void {
  if (!cluster.users.may(user, type, table)) throw sqlErrors.missingPrivilege(type, user);
}

function demandSuperuser({ cluster, user }: ExecuteContext): void {
  if (cluster.users.find(user)?.superuser !== true) throw sqlErrors.unauthorized(user);
}

function find(cluster: SimulatedCrateCluster, table: TableName): SimTable | undefined {
  const { schema, name } = whole(table);
  return cluster.tables.find((one) => one.schema === schema && one.name === name);
}

/** A table that the user knows nothing of is not there for it. */
function existing({ cluster, user }: ExecuteContext, table: TableName): SimTable {
  const { schema, name } = whole(table);
  const found = find(cluster, table);
  if (found !== undefined && cluster.users.sees(user, found)) return found;
  const isSchema =
    schema === "doc" ||
    schema === "sys" ||
    schema === "information_schema" ||
    cluster.tables.some((one) => one.schema === schema);
  throw isSchema ? sqlErrors.noRelation(`${schema}.${name}`) : sqlErrors.noSchema(schema);
}

function whole({ schema, name }: TableName): { schema: string; name: string } {
  return { schema: schema ?? "doc", name };
}

function scope({ cluster, user }: ExecuteContext, args: readonly unknown[]): Scope {
  return { row: null, group: null, columns: new Set(), args, user, nowMs: cluster.nowMs };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}
