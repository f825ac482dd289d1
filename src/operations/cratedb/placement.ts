import type { CrateNode, CrateShard, CrateTable } from "../../ports/crate-servers.ts";
import { type CrateSettings, namesIn, usableBytes } from "../../ports/crate-settings.ts";
import { isExcluded } from "./exclusions.ts";
import { partText } from "./look.ts";

/** Where the shards of leaving nodes could go. */
export interface Placement {
  readonly copies: number;
  readonly bytes: number;
  /** What each staying node could still take before a watermark stops it, and how much of what moves it would get. */
  readonly nodes: readonly PlacementNode[];
  /** Copies that find no place, and why not, by node. */
  readonly homeless: readonly { readonly copy: string; readonly bytes: number; readonly reasons: readonly string[] }[];
  /** Copies that are simply given up: `0-1` shrinks with the nodes. */
  readonly dropped: number;
}

export interface PlacementNode {
  readonly name: string;
  /** Bytes until the low watermark, at which CrateDB gives a node no more shards. */
  readonly freeBytes: number;
  readonly takesBytes: number;
  readonly shards: number;
}

interface Room {
  readonly node: CrateNode;
  readonly usedAtFirst: number;
  readonly low: number;
  readonly high: number;
  used: number;
  shards: number;
}

/**
 * Places every copy that has to move on the staying node with the most room, the largest first, as CrateDB's deciders allow:
 * no two copies of a shard on a node, none on a node at its low watermark or one that the copy would bring over the high one,
 * filters, shards a node, awareness. It can be stricter than CrateDB's own allocator, never by more than the packing.
 */
export function placeShards(
  shards: readonly CrateShard[],
  tables: readonly CrateTable[],
  nodes: readonly CrateNode[],
  settings: CrateSettings,
  leaving: readonly string[],
): Placement {
  const gone = new Set(leaving);
  const rooms = nodes
    .filter((node) => !gone.has(node.name) && holdsData(node) && mayHold(node, settings.filters))
    .map((node) => roomOf(node, settings, shards));
  const copies = copiesByShard(shards);
  const moving = shards
    .filter(({ node }) => node !== null && gone.has(node.name))
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes);
  const homeless: { copy: string; bytes: number; reasons: string[] }[] = [];
  let dropped = 0;
  for (const shard of moving) {
    const on = copies.get(keyOf(shard)) ?? new Set<string>();
    const table = tableOf(shard, tables);
    const staying = new Set([...on].filter((name) => !gone.has(name)));
    const reasons: string[] = [];
    const fitting = rooms
      .filter((room) => {
        const why = objection(room, shard, staying, table, settings, rooms, shards);
        if (why !== null) reasons.push(`${room.node.name}: ${why}`);
        return why === null;
      })
      .toSorted((a, b) => b.low - b.used - (a.low - a.used));
    const [best] = fitting;
    if (best !== undefined) {
      best.used += shard.sizeBytes;
      best.shards += 1;
      on.add(best.node.name);
      on.delete(shard.node?.name ?? "");
      copies.set(keyOf(shard), on);
    } else if (table !== undefined && staying.size >= copiesOn(rooms.length, table)) {
      dropped += 1;
    } else {
      homeless.push({ copy: `${partText(shard)} shard ${shard.id}`, bytes: shard.sizeBytes, reasons });
    }
  }
  return {
    copies: moving.length,
    bytes: moving.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    nodes: rooms.map(({ node, low, used, usedAtFirst, shards: count }) => ({
      name: node.name,
      freeBytes: Math.max(0, low - usedAtFirst),
      takesBytes: used - usedAtFirst,
      shards: count,
    })),
    homeless,
    dropped,
  };
}

/** How many copies a shard has on so many nodes: between its bounds it grows and shrinks with them. */
function copiesOn(nodes: number, { replicas: { min, max } }: CrateTable): number {
  return 1 + Math.max(min, Math.min(max ?? Number.POSITIVE_INFINITY, nodes - 1));
}

function objection(
  { node, used, low, high, shards: count }: Room,
  shard: CrateShard,
  copies: ReadonlySet<string>,
  table: CrateTable | undefined,
  settings: CrateSettings,
  rooms: readonly Room[],
  shards: readonly CrateShard[],
): string | null {
  if (copies.has(node.name)) return "holds a copy of it already";
  if (settings.disk.thresholdEnabled) {
    if (used >= low) return `above the low watermark (${settings.disk.low.text})`;
    if (used + shard.sizeBytes > high) return `would pass the high watermark (${settings.disk.high.text})`;
  } else if (node.disk !== null && used + shard.sizeBytes > node.disk.totalBytes) {
    return "its disk is too small";
  }
  if (settings.totalShardsPerNode !== null && count >= settings.totalShardsPerNode) {
    return `has ${count} shards, and no more than ${settings.totalShardsPerNode} may be on a node (cluster.routing.allocation.total_shards_per_node)`;
  }
  const limit = table?.routing.totalShardsPerNode ?? null;
  const ofTable = shards.filter((one) => one.node?.name === node.name && isSamePart(one, shard)).length;
  if (limit !== null && ofTable >= limit) {
    return `has ${ofTable} shards of the table, and no more than ${limit} may be on a node (routing.allocation.total_shards_per_node)`;
  }
  return awarenessObjection(node, copies, settings, rooms);
}

/** No value of an awareness attribute gets more than its even share of a shard's copies. */
function awarenessObjection(
  node: CrateNode,
  copies: ReadonlySet<string>,
  { awareness }: CrateSettings,
  rooms: readonly Room[],
): string | null {
  for (const attribute of awareness.attributes) {
    const value = node.attributes[attribute];
    if (value === undefined) return `has no attribute ${attribute}, which copies are spread over`;
    const staying = rooms.flatMap((room) => room.node.attributes[attribute] ?? []);
    const values = new Set([...staying, ...(awareness.forced[attribute] ?? [])]);
    const share = Math.ceil((copies.size + 1) / Math.max(1, values.size));
    const there = rooms.filter((room) => copies.has(room.node.name) && room.node.attributes[attribute] === value);
    if (there.length + 1 > share) return `${attribute} ${value} has its share of the copies already`;
  }
  return null;
}

function roomOf(node: CrateNode, { disk }: CrateSettings, shards: readonly CrateShard[]): Room {
  const total = node.disk?.totalBytes ?? 0;
  const used = node.disk === null ? 0 : total - node.disk.availableBytes;
  const [low, high] = disk.thresholdEnabled
    ? [usableBytes(disk.low, total), usableBytes(disk.high, total)]
    : [total, total];
  const count = shards.filter((shard) => shard.node?.name === node.name).length;
  return { node, usedAtFirst: used, used, low, high, shards: count };
}

/** Whether shards may be on this node by the cluster's filters: all of `require`, any of `include`, none of `exclude`. */
export function mayHold(node: CrateNode, filters: CrateSettings["filters"]): boolean {
  const matches = (attribute: string, list: string) =>
    namesIn(list).length > 0 && isExcluded(list, attributeOf(node, attribute));
  const every = Object.entries(filters.require).every(([attribute, list]) => matches(attribute, list));
  const included = Object.entries(filters.include);
  const some = included.length === 0 || included.some(([attribute, list]) => matches(attribute, list));
  return every && some && !Object.entries(filters.exclude).some(([attribute, list]) => matches(attribute, list));
}

function attributeOf(node: CrateNode, attribute: string): string {
  if (attribute === "_name") return node.name;
  if (attribute === "_id") return node.id;
  if (attribute === "_ip" || attribute === "_host") {
    return node.restUrl?.replace(/^https?:\/\//, "").replace(/:\d+$/, "") ?? "";
  }
  return node.attributes[attribute] ?? "";
}

function holdsData({ roles }: CrateNode): boolean {
  return roles === null || roles.includes("data");
}

function copiesByShard(shards: readonly CrateShard[]): Map<string, Set<string>> {
  const copies = new Map<string, Set<string>>();
  for (const shard of shards) {
    if (shard.node === null) continue;
    const on = copies.get(keyOf(shard)) ?? new Set();
    on.add(shard.node.name);
    copies.set(keyOf(shard), on);
  }
  return copies;
}

function keyOf({ schema, table, partition, id }: CrateShard): string {
  return JSON.stringify([schema, table, partition, id]);
}

function isSamePart(one: CrateShard, other: CrateShard): boolean {
  return one.schema === other.schema && one.table === other.table && one.partition === other.partition;
}

/** The settings that hold for a shard: of its partition where it has some of its own, else of the table. */
export function tableOf(
  { schema, table, partition }: Pick<CrateShard, "schema" | "table" | "partition">,
  tables: readonly CrateTable[],
): CrateTable | undefined {
  const parts = tables.filter((one) => one.schema === schema && one.table === table);
  return parts.find((one) => one.partition === partition) ?? parts.find((one) => one.partition === null);
}
