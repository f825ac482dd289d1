import { stateRowSchema } from "../../../src/adapters/cratedb/settings.ts";
import { isExcluded } from "../../../src/operations/cratedb/exclusions.ts";
import type {
  CrateAllocation,
  CrateCluster,
  CrateNode,
  CrateServers,
  CrateShard,
  CrateTable,
} from "../../../src/ports/crate-servers.ts";
import { allocationEnableSetting, excludeNameSetting } from "../../../src/ports/crate-settings.ts";
import { ipOf, type Through } from "./clusters.ts";
import type { MemoryModel, MemoryShard } from "./model.ts";

/** What CrateDB says of the cluster in memory. */
export function memoryServers(model: MemoryModel, through: Through): CrateServers {
  const ask = <T>(name: string, work: () => T) => through(name, false, work);
  const change = (name: string, work: () => void) => through(name, true, work);
  const cluster: CrateCluster = {
    nodes: () => ask("nodes", () => nodesOf(model)),
    state: () =>
      ask("state", () => {
        const [master] = model
          .present()
          .filter(({ set }) => model.sets.some((one) => one.group === set && one.isMasterEligible === true));
        const id = model.hasMaster() && master !== undefined ? idOf(master.name) : null;
        return stateRowSchema.parse(["metrics", id, model.settingsNow()]);
      }),
    health: () =>
      ask("health", () =>
        model.tables.map((table) => ({
          schema: table.schema ?? "doc",
          table: table.table,
          partition: null,
          health: healthOf(model, table.table),
          missingShards: 0,
          underreplicatedShards: healthOf(model, table.table) === "GREEN" ? 0 : 1,
        })),
      ),
    shards: () => ask("shards", () => (seesAll(model) ? shardsOf(model) : [])),
    tables: () => ask("tables", () => model.tables.map(tableWith)),
    allocations: () => ask("allocations", () => allocationsOf(model)),
    nodeChecks: () => ask("nodeChecks", () => []),
    acknowledgeChecks: (ids) =>
      change("acknowledge", () => {
        for (const id of ids) model.acknowledged.add(String(id));
      }),
    snapshotWork: () => ask("snapshotWork", () => [...model.work]),
    user: () => ask("user", () => model.user),
    setGlobal: (level, settings) =>
      change(`set ${level} ${Object.keys(settings).join(",")}`, () => {
        const map = level === "transient" ? model.transient : model.persistent;
        for (const [name, value] of Object.entries(settings)) map.set(name, value);
      }),
    resetGlobal: (names) =>
      change(`reset ${names.join(",")}`, () => {
        for (const name of names) {
          model.transient.delete(name);
          model.persistent.delete(name);
        }
      }),
    decommission: (name) =>
      change(`decommission ${name}`, () => {
        if (model.shards.some(({ node }) => node === name))
          model.violations.push(`${name} was decommissioned with shards`);
      }),
    reachable: () => ask("reachable", () => []),
    useAddresses: () => undefined,
    close: async () => undefined,
  };
  return { open: () => cluster };
}

function idOf(name: string): string {
  return `id-${name}`;
}

function seesAll({ user }: MemoryModel): boolean {
  return user.superuser || user.privileges.some(({ type }) => type === "AL");
}

function nodesOf(model: MemoryModel): CrateNode[] {
  return model.present().map((node) => {
    const set = model.sets.find(({ group }) => group === node.set);
    const used = model.shards
      .filter((shard) => shard.node === node.name)
      .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const roles = [
      ...(set?.isMasterEligible === true ? ["master_eligible"] : []),
      ...(set?.role === "data" ? ["data"] : []),
    ];
    const { diskBytes: totalBytes } = model;
    return {
      id: idOf(node.name),
      name: node.name,
      answers: true,
      version: model.version,
      restUrl: `${ipOf(node)}:4200`,
      roles,
      attributes: { zone: model.zoneOf(node.name) },
      disk: { totalBytes, usedBytes: used, availableBytes: totalBytes - used },
    };
  });
}

function shardsOf(model: MemoryModel): CrateShard[] {
  const present = new Set(model.present().map(({ name }) => name));
  return model.shards.map((shard) => ({
    schema: "doc",
    table: shard.table,
    partition: null,
    id: shard.id,
    primary: shard.primary,
    // Of a node that is away CrateDB shows no shard.
    node: present.has(shard.node) ? { id: idOf(shard.node), name: shard.node } : null,
    routingState: !present.has(shard.node) ? "UNASSIGNED" : shard.target === null ? "STARTED" : "RELOCATING",
    relocatingNode: shard.target === null ? null : idOf(shard.target),
    sizeBytes: shard.sizeBytes,
    recovery: null,
  }));
}

export function tableWith(table: Partial<CrateTable> & { readonly table: string }): CrateTable {
  return {
    schema: "doc",
    partition: null,
    partitionValues: null,
    isPartitioned: false,
    isClosed: false,
    shards: 1,
    replicas: { text: "0-1", min: 0, max: 1 },
    routing: { enable: "all", totalShardsPerNode: null, require: {}, include: {}, exclude: {} },
    ...table,
  };
}

function healthOf(model: MemoryModel, table: string): "GREEN" | "RED" {
  const present = new Set(model.present().map(({ name }) => name));
  return model.shards.every((shard) => shard.table !== table || present.has(shard.node)) ? "GREEN" : "RED";
}

function allocationsOf(model: MemoryModel): CrateAllocation[] {
  const settings = model.settingsNow();
  const excluded = String(settings[excludeNameSetting] ?? "");
  const enable = settings[allocationEnableSetting];
  return model.shards.map((shard) => {
    const isHeld = shard.target === null && isExcluded(excluded, shard.node);
    return {
      schema: "doc",
      table: shard.table,
      partition: null,
      shardId: shard.id,
      primary: shard.primary,
      nodeId: idOf(shard.node),
      state: shard.target === null ? "STARTED" : "RELOCATING",
      problem: isHeld
        ? "cannot move shard to another node, even though it is not allowed to remain on its current node"
        : null,
      isStuck: isHeld,
      decisions: isHeld
        ? model
            .present()
            .filter(({ name }) => name !== shard.node)
            .map(({ name }) => ({
              nodeId: idOf(name),
              nodeName: name,
              explanations: [whyNot(model, shard, name, String(enable))],
            }))
        : [],
    };
  });
}

function whyNot(model: MemoryModel, shard: MemoryShard, node: string, enable: string): string {
  if (enable !== "all") {
    return `replica allocations are forbidden due to cluster setting [cluster.routing.allocation.enable=${enable}]`;
  }
  const hasCopy = model.shards.some((one) => one.table === shard.table && one.id === shard.id && one.node === node);
  if (hasCopy) return `a copy of this shard is already allocated to this node [[${shard.table}][${shard.id}]]`;
  return `waiting for snapshotting of shard [[${shard.table}][${shard.id}]] to complete`;
}
