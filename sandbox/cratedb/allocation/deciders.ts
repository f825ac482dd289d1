import { replicasFor } from "../model/replicas.ts";
import { freeBelow, listOf } from "../model/settings.ts";
import type { Member, ShardCopy, TablePart } from "../model/types.ts";
import { type AllocationView, incomingBytes, placesOf, usedBytes } from "./view.ts";

/**
 * The rules of CrateDB's allocation, each as its decider in org.elasticsearch.cluster.routing.allocation.decider has it, with
 * its words. Null: nothing against it.
 */
export interface Objection {
  readonly type: "NO" | "THROTTLE";
  readonly decider: string;
  readonly explanation: string;
}

type Decider = (copy: ShardCopy, node: Member, view: AllocationView) => Objection | null;

/** Everything that speaks against this copy being brought to this node; a NO is final, a THROTTLE only for now. */
export function objections(copy: ShardCopy, node: Member, view: AllocationView): Objection[] {
  return [...allocateDeciders, ...roomDeciders].flatMap((decider) => decider(copy, node, view) ?? []);
}

/** Whether nothing at all speaks against it: asked of every copy and node again and again. */
export function isWelcome(copy: ShardCopy, node: Member, view: AllocationView): boolean {
  const objects = (decider: Decider) => decider(copy, node, view) !== null;
  return !allocateDeciders.some(objects) && !roomDeciders.some(objects);
}

/** What forces a copy off the node where it is. */
export function reasonsToLeave(copy: ShardCopy, view: AllocationView): Objection[] {
  const node = copy.node === null ? undefined : view.dataNodes.get(copy.node);
  if (node === undefined) return [];
  return [filters, leavingNode, awarenessToRemain, totalShardsToRemain, diskToRemain].flatMap(
    (decider) => decider(copy, node, view) ?? [],
  );
}

/** How many replicas a part is to have now: nodes that its filters keep away do not count [ran: `0-all` shrinks as nodes are excluded]. */
export function wantedReplicas(part: TablePart, view: AllocationView): number {
  const nodes = [...view.dataNodes.values()].filter((node) => filterOf(part, node, view) === null);
  return replicasFor(part.replicas, nodes.length);
}

const no = (decider: string, explanation: string): Objection => ({ type: "NO", decider, explanation });

const sameShard: Decider = (copy, node) => {
  const other = copy.group.copies.find((one) => one !== copy && placesOf(one).includes(node.id));
  if (other === undefined && copy.node !== node.id) return null;
  const { part, id } = copy.group;
  const kind = (other ?? copy).primary ? "[P]" : "[R]";
  return no(
    "same_shard",
    `a copy of this shard is already allocated to this node [[${part.table.name}][${id}], node[${node.id}], ${kind}, s[${(other ?? copy).state}], a[id=${(other ?? copy).allocationId}]]`,
  );
};

/** Any filter of a table's own, and the cluster's do not count for it at all [ran on 6.4.1]. */
function filterOf(part: TablePart, node: Member, view: AllocationView): Objection | null {
  const own = {
    require: tableFilter(part, "require"),
    include: tableFilter(part, "include"),
    exclude: tableFilter(part, "exclude"),
  };
  const isOwn = own.require.size + own.include.size + own.exclude.size > 0;
  const setting = isOwn ? "index.routing.allocation" : "cluster.routing.allocation";
  const level = isOwn ? "index" : "cluster";
  const startUp = node.spec.arguments;
  const filter = isOwn
    ? own
    : {
        require: view.settings.filters("require", startUp),
        include: view.settings.filters("include", startUp),
        exclude: view.settings.filters("exclude", startUp),
      };
  const text = (entries: ReadonlyMap<string, string>) =>
    [...entries].map(([key, value]) => `${key}:"${value}"`).join(" ");
  if (filter.require.size > 0 && ![...filter.require].every((entry) => matches(node, entry))) {
    return no("filter", `node does not match ${level} setting [${setting}.require] filters [${text(filter.require)}]`);
  }
  if (filter.include.size > 0 && ![...filter.include].some((entry) => matches(node, entry))) {
    return no("filter", `node does not match ${level} setting [${setting}.include] filters [${text(filter.include)}]`);
  }
  if ([...filter.exclude].some((entry) => matches(node, entry))) {
    return no("filter", `node matches ${level} setting [${setting}.exclude] filters [${text(filter.exclude)}]`);
  }
  return null;
}

const filters: Decider = (copy, node, view) => filterOf(copy.group.part, node, view);

const nothing: ReadonlyMap<string, string> = new Map();

function tableFilter(part: TablePart, way: string): ReadonlyMap<string, string> {
  if (part.settings.size === 0) return nothing;
  const prefix = `routing.allocation.${way}.`;
  const own = [...part.settings].filter(([name, value]) => name.startsWith(prefix) && value !== "");
  return new Map(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Values are a comma list; a `*` stands for anything. */
function matches({ id, spec }: Member, [attribute, values]: readonly [string, string]): boolean {
  const special: Readonly<Record<string, string>> = {
    _name: spec.name,
    _id: id,
    _host: spec.hostname,
    _ip: spec.hostname,
  };
  const value = special[attribute] ?? spec.attributes[attribute];
  if (value === undefined) return false;
  return patternsOf(values).some((pattern) => pattern.test(value));
}

const patterns = new Map<string, readonly RegExp[]>();

function patternsOf(values: string): readonly RegExp[] {
  const known = patterns.get(values);
  if (known !== undefined) return known;
  const made = listOf(values).map((pattern) => {
    const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`);
  });
  patterns.set(values, made);
  return made;
}

const leavingNode: Decider = (copy, node, view) => {
  const leaves = view.leaving.get(node.id);
  if (leaves === undefined || (leaves === "primaries" && !copy.primary)) return null;
  return no("decommission", `node is being decommissioned, min_availability=${leaves}`);
};

const enable: Decider = (copy, _, view) => {
  const own = copy.group.part.settings.get("routing.allocation.enable");
  const value = (own ?? view.settings.get("cluster.routing.allocation.enable")).toLowerCase();
  const where = own === undefined ? "cluster setting [cluster" : "index setting [index";
  const setting = `${where}.routing.allocation.enable=${value}]`;
  switch (value) {
    case "none":
      return no("enable", `no allocations are allowed due to ${setting}`);
    case "new_primaries":
      return copy.primary && copy.node === null && copy.group.inSync.size === 0
        ? null
        : no("enable", `non-new primary allocations are forbidden due to ${setting}`);
    case "primaries":
      return copy.primary ? null : no("enable", `replica allocations are forbidden due to ${setting}`);
    default:
      return null;
  }
};

const awareness =
  (moves: boolean): Decider =>
  (copy, node, view) => {
    const attributes = listOf(view.settings.get("cluster.routing.allocation.awareness.attributes"));
    const total = wantedReplicas(copy.group.part, view) + 1;
    for (const attribute of attributes) {
      const value = node.spec.attributes[attribute];
      if (value === undefined) {
        return no(
          "awareness",
          `node does not contain the awareness attribute [${attribute}]; required attributes cluster setting [cluster.routing.allocation.awareness.attributes=${attributes.join(", ")}]`,
        );
      }
      const zoneOf = (id: string) => view.dataNodes.get(id)?.spec.attributes[attribute];
      // A copy that moves counts where it goes.
      const places = copy.group.copies.flatMap((one) => {
        if (one === copy && moves) return [value];
        const place = one.target ?? one.node;
        return place === null ? [] : [zoneOf(place)];
      });
      const values = new Set([...view.dataNodes.keys()].flatMap((id) => zoneOf(id) ?? []));
      const forced = view.settings.forcedAwareness().get(attribute) ?? [];
      for (const one of forced) values.add(one);
      const here = places.filter((place) => place === value).length;
      const most = Math.ceil(total / Math.max(1, values.size));
      if (here > most) {
        return no(
          "awareness",
          `there are too many copies of the shard allocated to nodes with attribute [${attribute}], there are [${total}] total configured shard copies for this shard id and [${values.size}] total attribute values, expected the allocated shard count per attribute [${here}] to be less than or equal to the upper bound of the required number of shards per attribute [${most}]`,
        );
      }
    }
    return null;
  };

const awarenessToAllocate = awareness(true);
const awarenessToRemain = awareness(false);

const totalShards =
  (moves: boolean): Decider =>
  (copy, node, view) => {
    const here = view.copies.filter(
      (one) => one.target === node.id || (one.node === node.id && one.state !== "RELOCATING"),
    );
    const isOver = (count: number, limit: number) => limit > 0 && (moves ? count >= limit : count > limit);
    const clusterLimit = Number(view.settings.get("cluster.routing.allocation.total_shards_per_node"));
    if (isOver(here.length, clusterLimit)) {
      return no(
        "shards_limit",
        `too many shards [${here.length}] allocated to this node, cluster setting [cluster.routing.allocation.total_shards_per_node=${clusterLimit}]`,
      );
    }
    const { part } = copy.group;
    const own = here.filter((one) => one.group.part === part).length;
    const limit = Number(part.settings.get("routing.allocation.total_shards_per_node") ?? -1);
    if (!isOver(own, limit)) return null;
    return no(
      "shards_limit",
      `too many shards [${own}] allocated to this node for index [${part.table.name}], index setting [index.routing.allocation.total_shards_per_node=${limit}]`,
    );
  };

const totalShardsToAllocate = totalShards(true);
const totalShardsToRemain = totalShards(false);

const diskToAllocate: Decider = (copy, node, view) => {
  const low = "cluster.routing.allocation.disk.watermark.low";
  const high = "cluster.routing.allocation.disk.watermark.high";
  if (!isDiskWatched(view)) return null;
  const { totalBytes } = view.disk(node.id);
  const free = totalBytes - usedBytes(view, node.id) - incomingBytes(view, node.id);
  const isNewPrimary = copy.primary && copy.node === null && copy.group.inSync.size === 0;
  const text = (setting: string) => `cluster setting [${setting}=${view.settings.get(setting)}]`;
  const floor = freeBelow(view.settings.get(isNewPrimary ? high : low), totalBytes);
  if (free < floor) {
    const mark = isNewPrimary ? "high" : "low";
    return no(
      "disk_threshold",
      `the node is above the ${mark} watermark ${text(isNewPrimary ? high : low)}, using more disk space than the maximum allowed [${shareUsed(floor, totalBytes)}%], actual free: [${shareOf(free, totalBytes)}%]`,
    );
  }
  const after = free - copy.group.bytes;
  const highFloor = freeBelow(view.settings.get(high), totalBytes);
  if (after >= highFloor) return null;
  return no(
    "disk_threshold",
    `allocating the shard to this node will bring the node above the high watermark ${text(high)} and cause it to use more disk space than the maximum allowed [${shareUsed(highFloor, totalBytes)}%] (free space after shard added: [${shareOf(after, totalBytes)}%])`,
  );
};

const diskToRemain: Decider = (_, node, view) => {
  const high = "cluster.routing.allocation.disk.watermark.high";
  if (!isDiskWatched(view)) return null;
  const { totalBytes } = view.disk(node.id);
  const leaving = view.copies.filter((one) => one.node === node.id && one.state === "RELOCATING");
  const free = totalBytes - usedBytes(view, node.id) + leaving.reduce((sum, { group }) => sum + group.bytes, 0);
  const floor = freeBelow(view.settings.get(high), totalBytes);
  if (free >= floor) return null;
  return no(
    "disk_threshold",
    `the shard cannot remain on this node because it is above the high watermark cluster setting [${high}=${view.settings.get(high)}] and there is less than the required [${shareOf(floor, totalBytes)}%] free disk on node, actual free: [${shareOf(free, totalBytes)}%]`,
  );
};

/** CrateDB never judges by the watermarks on a single data node (DiskThresholdDecider). */
function isDiskWatched(view: AllocationView): boolean {
  return view.dataNodes.size > 1 && view.settings.get("cluster.routing.allocation.disk.threshold_enabled") === "true";
}

const shareOf = (bytes: number, total: number) => ((bytes / total) * 100).toFixed(1);
const shareUsed = (free: number, total: number) => shareOf(total - free, total);

const held: Decider = (copy, _, view) => {
  const hold = view.held(copy);
  return hold === null ? null : { ...hold, decider: hold.type === "NO" ? "max_retry" : "snapshot_in_progress" };
};

const throttle: Decider = (copy, node, view) => {
  const setting = "node_concurrent_recoveries";
  const limit = Number(view.settings.get(`cluster.routing.allocation.${setting}`));
  const all = view.copies;
  const incoming = all.filter(
    (one) =>
      one.target === node.id || (one.node === node.id && one.state === "INITIALIZING" && one.recovery?.type === "PEER"),
  );
  const word = (way: string, count: number) =>
    `reached the limit of ${way} shard recoveries [${count}], cluster setting [cluster.routing.allocation.node_concurrent_${way}_recoveries=${limit}] (can also be set via [cluster.routing.allocation.${setting}])`;
  const isFromDisk = copy.primary && copy.node === null;
  if (isFromDisk) return null;
  if (incoming.length >= limit)
    return { type: "THROTTLE", decider: "throttling", explanation: word("incoming", incoming.length) };
  const primary = copy.group.copies.find((one) => one.primary)?.node ?? null;
  if (primary === null) return null;
  const outgoing = all.filter(
    (one) => one.recovery?.type === "PEER" && one.group.copies.find((other) => other.primary)?.node === primary,
  ).length;
  return outgoing < limit ? null : { type: "THROTTLE", decider: "throttling", explanation: word("outgoing", outgoing) };
};

const allocateDeciders: readonly Decider[] = [held, enable, filters, leavingNode, sameShard];
const roomDeciders: readonly Decider[] = [throttle, diskToAllocate, totalShardsToAllocate, awarenessToAllocate];
