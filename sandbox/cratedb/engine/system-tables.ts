import { explain } from "../allocation/explain.ts";
import { copiesOf, partsOf, usedBytes } from "../allocation/view.ts";
import type { SimulatedCrateCluster } from "../model/cluster.ts";
import { healthOf } from "../model/health.ts";
import type { Member, ShardCopy, SimTable } from "../model/types.ts";
import type { Row } from "./evaluate.ts";
import type { Job } from "./jobs.ts";
import { nodeChecks } from "./node-checks.ts";

export interface TableContext {
  readonly cluster: SimulatedCrateCluster;
  readonly user: string;
  readonly jobs: Iterable<Job>;
  /** The node that was asked. */
  readonly nodeId: string;
}

interface SystemTable {
  readonly columns: readonly string[];
  /** Whether every node is asked for its part: one that does not answer holds up the query. */
  readonly isOfAllNodes: boolean;
  readonly rows: (context: TableContext) => Row[];
}

/** Tables of the schemas `sys` and `information_schema`, by their whole names (crate docs, admin/system-information.rst). */
export const systemTables: ReadonlyMap<string, SystemTable> = new Map([
  [
    "sys.cluster",
    table("id name master_node settings license", ({ cluster, nodeId }) => [clusterRow(cluster, nodeId)]),
  ],
  [
    "sys.nodes",
    table(
      "id name hostname rest_url port version attributes roles is_master fs heap mem load os_info process cluster_state_version",
      ({ cluster }) => [...cluster.members.values()].map((member) => nodeRow(member, cluster)),
    ),
  ],
  [
    "sys.shards",
    ofAllNodes(
      "schema_name table_name partition_ident id primary node routing_state state relocating_node size recovery num_docs orphan_partition closed path",
      (context) => copiesOf(seenTables(context)).map((copy) => shardRow(copy, context.cluster)),
    ),
  ],
  [
    "sys.health",
    table("health missing_shards partition_ident severity table_name table_schema underreplicated_shards", (context) =>
      partsOf(seenTables(context)).map((part) => {
        const { health, severity, missing, underreplicated } = healthOf(part);
        return {
          health,
          missing_shards: missing,
          partition_ident: part.ident || null,
          severity,
          table_name: part.table.name,
          table_schema: part.table.schema,
          underreplicated_shards: underreplicated,
        };
      }),
    ),
  ],
  [
    "sys.cluster_health",
    table("health severity description pending_tasks missing_shards underreplicated_shards", clusterHealth),
  ],
  [
    "sys.allocations",
    table(
      "table_schema table_name partition_ident shard_id node_id primary current_state explanation decisions",
      (context) => copiesOf(seenTables(context)).map((copy) => allocationRow(copy, context.cluster)),
    ),
  ],
  ["sys.node_checks", ofAllNodes("id node_id severity description passed acknowledged", checkRows)],
  [
    "sys.jobs",
    ofAllNodes("id node session_id started stmt username", ({ cluster, jobs, user }) =>
      [...jobs]
        .filter(({ username }) => username === user || cluster.users.may(user, "AL", null))
        .map(({ id, nodeId, startedMs, statement, username }) => ({
          id,
          node: { id: nodeId, name: cluster.members.get(nodeId)?.spec.name ?? null },
          session_id: 0,
          started: startedMs,
          stmt: statement,
          username,
        })),
    ),
  ],
  [
    "sys.repositories",
    table("name type settings", ({ cluster }) =>
      [...cluster.snapshots.repositories].map(([name, { type }]) => ({ name, type, settings: {} })),
    ),
  ],
  [
    "sys.snapshots",
    table("id name repository tables started finished state total_shards failures", ({ cluster }) =>
      cluster.snapshots.snapshots.map(({ name, repository, parts, startedMs, finishedMs, state }) => ({
        id: `${repository}.${name}`,
        name,
        repository,
        tables: [...new Set(parts.map((part) => `${part.table.schema}.${part.table.name}`))],
        started: startedMs,
        finished: finishedMs,
        state,
        total_shards: parts.reduce((sum, { groups }) => sum + groups.length, 0),
        failures: [],
      })),
    ),
  ],
  [
    "sys.snapshot_restore",
    table("id repository snapshot state", ({ cluster }) =>
      cluster.snapshots.restores.map((restore, index) => ({ id: String(index), ...restore })),
    ),
  ],
  [
    "sys.users",
    table("name superuser password granted_roles", ({ cluster }) =>
      cluster.users
        .all()
        .filter(({ isUser }) => isUser)
        .map(({ name, superuser, password, granted }) => ({
          name,
          superuser,
          password: password === null ? null : "********",
          granted_roles: grantedRoles(granted),
        })),
    ),
  ],
  [
    "sys.roles",
    table("name granted_roles", ({ cluster }) =>
      cluster.users
        .all()
        .filter(({ isUser }) => !isUser)
        .map(({ name, granted }) => ({ name, granted_roles: grantedRoles(granted) })),
    ),
  ],
  [
    "sys.privileges",
    table("class grantee grantor ident state type", ({ cluster }) =>
      cluster.users.privileges.map((one) => ({ ...one })),
    ),
  ],
  [
    "information_schema.tables",
    table(
      "table_schema table_name table_type number_of_shards number_of_replicas partitioned_by clustered_by closed settings",
      (context) => [
        ...[...systemTables.keys()].map((name) => ({
          table_schema: name.split(".")[0],
          table_name: name.split(".")[1],
          table_type: "BASE TABLE",
        })),
        ...seenTables(context).map((one) => ({
          table_schema: one.schema,
          table_name: one.name,
          table_type: "BASE TABLE",
          number_of_shards: one.shards,
          number_of_replicas: one.replicas,
          partitioned_by: one.partitionedBy.length === 0 ? null : one.partitionedBy,
          clustered_by: "_id",
          closed: false,
          settings: tableSettings(one.settings),
        })),
      ],
    ),
  ],
  [
    "information_schema.table_partitions",
    table(
      "table_schema table_name partition_ident values number_of_shards number_of_replicas closed settings",
      (context) =>
        partsOf(seenTables(context).filter(({ partitionedBy }) => partitionedBy.length > 0)).map((part) => ({
          table_schema: part.table.schema,
          table_name: part.table.name,
          partition_ident: part.ident,
          values: part.values,
          number_of_shards: part.groups.length,
          number_of_replicas: part.replicas,
          closed: false,
          settings: tableSettings(part.settings),
        })),
    ),
  ],
  [
    "information_schema.columns",
    table("table_schema table_name column_name data_type ordinal_position", (context) =>
      seenTables(context).flatMap(({ schema, name, columns }) =>
        columns.map((column, index) => ({
          table_schema: schema,
          table_name: name,
          column_name: column.name,
          data_type: column.type,
          ordinal_position: index + 1,
        })),
      ),
    ),
  ],
]);

function table(columns: string, rows: SystemTable["rows"]): SystemTable {
  return { columns: columns.split(" "), isOfAllNodes: false, rows };
}

function ofAllNodes(columns: string, rows: SystemTable["rows"]): SystemTable {
  return { ...table(columns, rows), isOfAllNodes: true };
}

/** Tables on which the user has any privilege: of others nothing is shown, and nothing is said (cratedb.md). */
function seenTables({ cluster, user }: TableContext): SimTable[] {
  return cluster.tables.filter((one) => cluster.users.sees(user, one));
}

function clusterRow(cluster: SimulatedCrateCluster, nodeId: string): Row {
  const { name, masterId, settings } = cluster;
  const startUp = cluster.localNode(nodeId)?.spec.arguments ?? {};
  return { id: cluster.idOf(""), name, master_node: masterId, settings: settings.nested(startUp), license: null };
}

/** One that does not answer within three seconds is null in every column but its id and name. */
function nodeRow({ id, spec }: Member, cluster: SimulatedCrateCluster): Row {
  if (!cluster.answers(id)) return { id, name: spec.name };
  const { totalBytes: size } = cluster.disk(id);
  const used = usedBytes(cluster.view(), id);
  const roles = [...(spec.isMasterEligible ? ["master_eligible"] : []), ...(spec.holdsData ? ["data"] : [])];
  const port = Number(/:(\d+)$/.exec(spec.restUrl)?.[1] ?? 4200);
  return {
    id,
    name: spec.name,
    hostname: spec.hostname,
    rest_url: spec.restUrl,
    port: { http: port, psql: 5432, transport: 4300 },
    version: { number: spec.version, build_hash: "simulated", build_snapshot: false },
    attributes: spec.attributes,
    roles,
    is_master: id === cluster.masterId,
    fs: { total: { size, used, available: Math.max(0, size - used) } },
    heap: { used: 0, max: 0, free: 0 },
    mem: { used: 0, free: 0 },
    load: { "1": 0, "5": 0, "15": 0 },
    os_info: { name: "Linux", available_processors: 1 },
    process: { cpu: { percent: 0 } },
    cluster_state_version: 1,
  };
}

/** Of a shard that moves, the copy that it leaves: the one that is being built has no row of its own (RoutingTable.allAssignedShardsGrouped). */
function shardRow(copy: ShardCopy, cluster: SimulatedCrateCluster): Row {
  const { group, node, state } = copy;
  const { part } = group;
  const name = node === null ? null : (cluster.members.get(node)?.spec.name ?? null);
  return {
    schema_name: part.table.schema,
    table_name: part.table.name,
    partition_ident: part.ident,
    id: group.id,
    primary: copy.primary,
    node: { id: node, name },
    routing_state: state,
    state: state === "INITIALIZING" ? "RECOVERING" : state === "RELOCATING" ? "STARTED" : state,
    relocating_node: copy.target,
    size:
      node === null ? 0 : state === "INITIALIZING" ? Math.round(group.bytes * (copy.recovery?.done ?? 0)) : group.bytes,
    recovery: recoveryOf(copy),
    num_docs: node === null ? 0 : group.rows.length,
    orphan_partition: false,
    closed: node === null ? null : false,
    path: null,
  };
}

function recoveryOf({ state, recovery, past, node }: ShardCopy): Row {
  const nothing = {
    stage: null,
    type: null,
    total_time: null,
    size: { used: null, reused: null, recovered: null, percent: null },
  };
  if (node === null) return nothing;
  if (state === "INITIALIZING" && recovery !== null) {
    const recovered = Math.round(recovery.bytes * recovery.done);
    const size = { used: recovery.bytes, reused: 0, recovered, percent: recovery.done * 100 };
    return { stage: recovery.done >= 1 ? "FINALIZE" : "INDEX", type: recovery.type, total_time: 0, size };
  }
  const bytes = past?.bytes ?? 0;
  return {
    stage: "DONE",
    type: past?.type ?? "EMPTY_STORE",
    total_time: 0,
    size: { used: bytes, reused: 0, recovered: bytes, percent: 100 },
  };
}

function clusterHealth({ cluster }: TableContext): Row[] {
  const all = partsOf(cluster.tables).map(healthOf);
  const severity = cluster.masterId === null ? 3 : Math.max(1, ...all.map((one) => one.severity));
  const count = (key: "missing" | "underreplicated") =>
    cluster.masterId === null ? -1 : all.reduce((sum, one) => sum + one[key], 0);
  return [
    {
      health: ["GREEN", "YELLOW", "RED"][severity - 1],
      severity,
      description: cluster.masterId === null ? "Master is not discovered yet" : "",
      pending_tasks: 0,
      missing_shards: count("missing"),
      underreplicated_shards: count("underreplicated"),
    },
  ];
}

/** Once the explanation was asked for, the decisions of that row are null (SysAllocation.explanation of CrateDB) [ran on 6.4.1]. */
function allocationRow(copy: ShardCopy, cluster: SimulatedCrateCluster): Row {
  const { part, id } = copy.group;
  const told = explain(copy, cluster.view());
  let wasExplained = false;
  return {
    table_schema: part.table.schema,
    table_name: part.table.name,
    partition_ident: part.ident || null,
    shard_id: id,
    node_id: copy.node,
    primary: copy.primary,
    current_state: copy.state,
    get explanation() {
      wasExplained = true;
      return told.explanation;
    },
    get decisions() {
      return wasExplained ? null : told.decisions;
    },
  };
}

function checkRows({ cluster }: TableContext): Row[] {
  return nodeChecks.flatMap(({ id, severity, description, passes }) =>
    [...cluster.members.values()].map((member) => ({
      id,
      node_id: member.id,
      severity,
      description,
      passed: passes(member, cluster),
      acknowledged: member.acknowledged.has(id),
    })),
  );
}

function grantedRoles(granted: ReadonlyMap<string, string>): Row[] {
  return [...granted].map(([role, grantor]) => ({ role, grantor }));
}

/** `settings['routing']['allocation']` of a table, the part of it that is simulated. */
function tableSettings(settings: ReadonlyMap<string, string>): Row {
  const below = (way: string) => {
    const prefix = `routing.allocation.${way}.`;
    const own = [...settings].filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
  };
  return {
    routing: {
      allocation: {
        enable: settings.get("routing.allocation.enable") ?? "all",
        total_shards_per_node: Number(settings.get("routing.allocation.total_shards_per_node") ?? -1),
        require: below("require"),
        include: below("include"),
        exclude: below("exclude"),
      },
    },
  };
}
