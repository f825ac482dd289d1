import type { CrateClusterView } from "../../ports/crate-clusters.ts";
import type {
  CrateNode,
  CrateShard,
  CrateState,
  CrateTable,
  CrateUser,
  NodeCheck,
  TableHealth,
} from "../../ports/crate-servers.ts";
import { type CrateSettings, usableBytes } from "../../ports/crate-settings.ts";
import type { Seen } from "../../ports/surroundings.ts";
import { bytesText, countText } from "./amounts.ts";
import { excludedNames } from "./exclusions.ts";
import { healthOf, illTables, masterOf, missingNodes, partText } from "./look.ts";
import { nodeNames } from "./node-names.ts";
import { tableText } from "./number-of-replicas.ts";
import { privilegeGaps } from "./privileges.ts";

/** What was read of a cluster, each part by itself: one that could not be read says why. */
export interface CrateStatusView {
  readonly cluster: CrateClusterView;
  readonly user: Seen<CrateUser>;
  readonly nodes: Seen<readonly CrateNode[]>;
  readonly state: Seen<CrateState>;
  readonly health: Seen<readonly TableHealth[]>;
  readonly shards: Seen<readonly CrateShard[]>;
  readonly tables: Seen<readonly CrateTable[]>;
  readonly checks: Seen<readonly NodeCheck[]>;
  /** Snapshots, restores and backup Jobs that run, in words. */
  readonly backups: Seen<readonly string[]>;
}

/** Everything a status says, for programs (`--json` prints it under `plan.details`). */
export interface CrateStatusReport {
  readonly version: 1;
  readonly health: "GREEN" | "YELLOW" | "RED" | null;
  readonly master: string | null;
  readonly groups: readonly {
    readonly group: string;
    readonly statefulSet: string;
    readonly replicas: number;
    readonly ready: number;
  }[];
  readonly nodes: readonly NodeStatus[];
  readonly missing: readonly string[];
  readonly relocations: readonly RelocationStatus[];
  /** What is wrong or stands in the way, the gravest first. */
  readonly troubles: readonly string[];
  readonly tables: readonly TableHealth[];
  readonly backups: readonly string[];
  /** What could not be read, and why. */
  readonly unread: readonly string[];
}

export interface NodeStatus {
  readonly name: string;
  readonly answers: boolean;
  readonly isMaster: boolean;
  readonly version: string | null;
  readonly shards: { readonly started: number; readonly relocating: number; readonly initializing: number };
  readonly disk: {
    readonly totalBytes: number;
    readonly usedBytes: number;
    /** Which watermark it is above; null: none. */
    readonly above: "low" | "high" | "flood" | null;
  } | null;
}

export interface RelocationStatus {
  readonly shard: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  /** How far it is, where CrateDB says so: by the copy that comes. */
  readonly percent: number | null;
}

export function crateStatusReport(view: CrateStatusView): CrateStatusReport {
  const nodes = view.nodes.seen ? view.nodes.value : [];
  const shards = view.shards.seen ? view.shards.value : [];
  const names = nodeNames(view.cluster, nodes);
  const missing = view.nodes.seen ? missingNodes({ cluster: view.cluster, names, nodes }) : [];
  const isWhole = view.state.seen && view.health.seen;
  const health = isWhole ? healthOf({ state: view.state.value, health: view.health.value }) : null;
  const parts = [view.user, view.nodes, view.state, view.health, view.shards, view.tables, view.checks, view.backups];
  return {
    version: 1,
    health,
    master: view.state.seen ? masterOf({ nodes, state: view.state.value }) : null,
    groups: view.cluster.sets.map(({ group, name, replicas, readyReplicas }) => {
      return { group, statefulSet: name, replicas, ready: readyReplicas };
    }),
    nodes: nodes.map((node) => nodeStatus(node, shards, view.state)),
    missing,
    relocations: relocationsOf(shards, nodes),
    troubles: troublesOf(view, missing),
    tables: view.health.seen ? view.health.value : [],
    backups: view.backups.seen ? view.backups.value : [],
    unread: [...new Set(parts.flatMap((part) => (part.seen ? [] : [part.why])))],
  };
}

function nodeStatus(node: CrateNode, shards: readonly CrateShard[], state: Seen<CrateState>): NodeStatus {
  const own = shards.filter((shard) => shard.node?.id === node.id);
  const count = (routing: CrateShard["routingState"]) =>
    own.filter(({ routingState }) => routingState === routing).length;
  return {
    name: node.name,
    answers: node.answers,
    isMaster: state.seen && state.value.masterNodeId === node.id,
    version: node.version,
    shards: { started: count("STARTED"), relocating: count("RELOCATING"), initializing: count("INITIALIZING") },
    disk: node.disk && {
      totalBytes: node.disk.totalBytes,
      usedBytes: node.disk.totalBytes - node.disk.availableBytes,
      above: state.seen ? watermarkAbove(node.disk, state.value.settings) : null,
    },
  };
}

function watermarkAbove(
  { totalBytes, availableBytes }: NonNullable<CrateNode["disk"]>,
  { disk }: CrateSettings,
): "low" | "high" | "flood" | null {
  if (!disk.thresholdEnabled) return null;
  const used = totalBytes - availableBytes;
  const above = (["flood", "high", "low"] as const).find((mark) => used > usableBytes(disk[mark], totalBytes));
  return above ?? null;
}

function relocationsOf(shards: readonly CrateShard[], nodes: readonly CrateNode[]): RelocationStatus[] {
  const nameOf = (id: string) => nodes.find((node) => node.id === id)?.name ?? id;
  return shards
    .filter(({ routingState, relocatingNode }) => routingState === "RELOCATING" && relocatingNode !== null)
    .map((shard) => {
      const coming = shards.find(
        (other) =>
          other.routingState === "INITIALIZING" &&
          other.id === shard.id &&
          partText(other) === partText(shard) &&
          other.node?.id === shard.relocatingNode,
      );
      return {
        shard: `${partText(shard)} shard ${shard.id}`,
        from: shard.node?.name ?? "nowhere",
        to: nameOf(shard.relocatingNode ?? ""),
        bytes: shard.sizeBytes,
        percent: coming?.recovery?.percent ?? null,
      };
    });
}

function troublesOf(view: CrateStatusView, missing: readonly string[]): string[] {
  return [
    ...(view.user.seen ? privilegeTroubles(view.user.value) : []),
    ...(view.state.seen && view.state.value.masterNodeId === null
      ? ["There is no master: nothing can be changed."]
      : []),
    ...(missing.length === 0 ? [] : [`Not in the cluster: ${missing.join(", ")}.`]),
    ...(view.health.seen ? illTables({ health: view.health.value }).map((text) => `${text}.`) : []),
    ...(view.state.seen ? settingTroubles(view.state.value.settings) : []),
    ...(view.nodes.seen && view.state.seen ? diskTroubles(view.nodes.value, view.state.value.settings) : []),
    ...(view.tables.seen ? tableTroubles(view.tables.value) : []),
    ...(view.checks.seen ? checkTroubles(view.checks.value, view.nodes.seen ? view.nodes.value : []) : []),
  ];
}

function privilegeTroubles(user: CrateUser): string[] {
  const { missing, denied } = privilegeGaps(user);
  return [
    ...(missing.length === 0
      ? []
      : [`The user ${user.name} lacks ${missing.join(", ")}: what it does not see looks empty.`]),
    ...(denied.length === 0
      ? []
      : [`The user ${user.name} is denied ${denied.join(", ")}: what it does not see looks empty.`]),
  ];
}

function settingTroubles({ allocationEnable, filters, rebalanceEnable, totalShardsPerNode }: CrateSettings): string[] {
  const named = (["require", "include"] as const).flatMap((kind) =>
    Object.entries(filters[kind]).map(([attribute, value]) => `${kind}.${attribute} is ${value}`),
  );
  const excluded = Object.entries(filters.exclude).map(([attribute, value]) => {
    return attribute === "_name"
      ? `Excluded by name, so that they hold no shards: ${excludedNames(value).join(", ")}.`
      : `cluster.routing.allocation.exclude.${attribute} is ${value}.`;
  });
  return [
    ...(allocationEnable === "all"
      ? []
      : [`cluster.routing.allocation.enable is ${allocationEnable}: not every shard may be placed.`]),
    ...excluded,
    ...named.map((text) => `cluster.routing.allocation.${text}.`),
    ...(rebalanceEnable === "all" ? [] : [`cluster.routing.rebalance.enable is ${rebalanceEnable}.`]),
    ...(totalShardsPerNode === null
      ? []
      : [
          `No node holds more than ${countText(totalShardsPerNode, "shard")} (cluster.routing.allocation.total_shards_per_node).`,
        ]),
  ];
}

function diskTroubles(nodes: readonly CrateNode[], settings: CrateSettings): string[] {
  const effects = {
    low: "gets no new shards",
    high: "shards move away from it",
    flood: "its tables are read-only",
  } as const;
  return nodes.flatMap(({ name, disk }) => {
    const above = disk === null ? null : watermarkAbove(disk, settings);
    return above === null
      ? []
      : [`${name} is above the ${above} watermark (${settings.disk[above].text}): ${effects[above]}.`];
  });
}

function tableTroubles(tables: readonly CrateTable[]): string[] {
  const closed = tables.filter(({ routing }) => routing.enable !== "all");
  return closed.map((table) => `${tableText(table)} has routing.allocation.enable ${table.routing.enable}.`);
}

/** Acknowledged ones somebody has seen already. The same of several nodes is said once. */
function checkTroubles(checks: readonly NodeCheck[], nodes: readonly CrateNode[]): string[] {
  const failing = checks.filter(({ passed, acknowledged }) => !passed && !acknowledged);
  const byText = new Map<string, string[]>();
  for (const { id, description, nodeId } of failing.toSorted((a, b) => b.severity - a.severity)) {
    const text = `Check ${id} fails: ${description.replace(/\.?$/, "")}`;
    byText.set(text, [...(byText.get(text) ?? []), nodes.find((node) => node.id === nodeId)?.name ?? nodeId]);
  }
  return [...byText].map(([text, names]) => `${text} (${names.join(", ")}).`);
}

const shownRelocations = 8;

/** What people read, the gist first. */
export function crateStatusLines(report: CrateStatusReport): string[] {
  const wanted = report.groups.reduce((sum, { replicas }) => sum + replicas, 0);
  const shards = report.nodes.reduce((sum, node) => sum + node.shards.started + node.shards.relocating, 0);
  const more = report.relocations.length - shownRelocations;
  return [
    `${report.health ?? "Health not known"} · ${report.nodes.length} of ${countText(wanted, "node")} · master ${report.master ?? "none"} · ${countText(shards, "shard")} · ${report.troubles.length === 0 ? "nothing is wrong" : countText(report.troubles.length, "thing")}${report.troubles.length === 0 ? "" : " to see to"}`,
    ...report.troubles.map((text) => `⚠️ ${text}`),
    ...report.groups.map(({ group, statefulSet, replicas, ready }) => {
      return `${group}: ${countText(replicas, "pod")}, ${ready} ready (StatefulSet ${statefulSet})`;
    }),
    ...report.nodes.map(nodeLine),
    ...report.relocations.slice(0, shownRelocations).map(({ shard, from, to, bytes, percent }) => {
      return `→ ${shard}, ${bytesText(bytes)}: ${from} to ${to}${percent === null ? "" : `, ${Math.round(percent)} %`}`;
    }),
    ...(more > 0 ? [`→ and ${more} more on their way`] : []),
    ...report.backups.map((text) => `💾 ${text}`),
    ...report.unread.map((text) => `ℹ️ Not known: ${text}`),
  ];
}

function nodeLine({ name, answers, isMaster, version, shards, disk }: NodeStatus): string {
  if (!answers) return `${name}: in the cluster, but does not answer`;
  const moving = [
    ...(shards.relocating > 0 ? [`${shards.relocating} leaving`] : []),
    ...(shards.initializing > 0 ? [`${shards.initializing} coming`] : []),
  ];
  const parts = [
    ...(isMaster ? ["master"] : []),
    `${countText(shards.started + shards.relocating, "shard")}${moving.length === 0 ? "" : ` (${moving.join(", ")})`}`,
    ...(disk === null || disk.totalBytes === 0
      ? []
      : [`disk ${Math.round((disk.usedBytes / disk.totalBytes) * 100)} % of ${bytesText(disk.totalBytes)}`]),
    ...(version === null ? [] : [version]),
  ];
  return `${name}: ${parts.join(", ")}`;
}
