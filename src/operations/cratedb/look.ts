import type { CrateClusterView, CrateSetView } from "../../ports/crate-clusters.ts";
import type {
  CrateNode,
  CrateShard,
  CrateState,
  CrateTable,
  CrateUser,
  Health,
  TableHealth,
  TablePart,
} from "../../ports/crate-servers.ts";
import { asked } from "./crate-calls.ts";
import { type NodeNames, nodeNames } from "./node-names.ts";
import type { CrateSession } from "./session.ts";

/** A cluster's StatefulSets, and what CrateDB says of itself, all asked at the same time. */
export interface CrateView {
  readonly cluster: CrateClusterView;
  readonly names: NodeNames;
  readonly nodes: readonly CrateNode[];
  readonly state: CrateState;
  readonly health: readonly TableHealth[];
  readonly shards: readonly CrateShard[];
  readonly tables: readonly CrateTable[];
  /** Who asked; what this user may not see is missing above without a word. */
  readonly user: CrateUser;
}

/** Throws HandoverError when the Kubernetes API or no node answers, or one of the questions is refused. */
export async function lookAtCrate(session: CrateSession, signal: AbortSignal, deadlineMs?: number): Promise<CrateView> {
  const cluster = await session.refresh(signal);
  const { database } = session;
  const options = session.options(signal, deadlineMs);
  // First: who may not read the tables below gets answers that only look empty.
  const user = await asked("asking who this user is", database.user(options));
  const [nodes, state, health, shards, tables] = await Promise.all([
    asked("asking for the nodes", database.nodes(options)),
    asked("asking for master and settings", database.state(options)),
    asked("asking for the health", database.health(options)),
    asked("asking for the shards", database.shards(options)),
    asked("asking for the tables", database.tables(options)),
  ]);
  return { cluster, names: nodeNames(cluster, nodes), nodes, state, health, shards, tables, user };
}

/** Names of the nodes that the StatefulSet's pods of these ordinals are. */
export function nodesOf(view: Pick<CrateView, "names">, set: CrateSetView, from: number, to: number): string[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) =>
    view.names.of(set, set.firstOrdinal + from + index),
  );
}

/** Every node that there is to be, by the replicas of all StatefulSets. */
export function wantedNodes(view: Pick<CrateView, "names" | "cluster">): string[] {
  return view.cluster.sets.flatMap((set) => nodesOf(view, set, 0, set.replicas));
}

/** Those that there are to be and that the cluster does not see, or that do not answer it. */
export function missingNodes(view: Pick<CrateView, "names" | "cluster" | "nodes">): string[] {
  const seen = new Set(view.nodes.filter(({ answers }) => answers).map(({ name }) => name));
  return wantedNodes(view).filter((name) => !seen.has(name));
}

/** Name of the elected master; null: there is none. */
export function masterOf({ nodes, state }: Pick<CrateView, "nodes" | "state">): string | null {
  if (state.masterNodeId === null) return null;
  return nodes.find(({ id }) => id === state.masterNodeId)?.name ?? state.masterNodeId;
}

const severity: Readonly<Record<Health, number>> = { GREEN: 1, YELLOW: 2, RED: 3 };

/** The worst of all tables. Without a table there is nothing that could be ill; without a master nobody knows, which counts as RED. */
export function healthOf({ health, state }: Pick<CrateView, "health" | "state">): Health {
  if (state.masterNodeId === null) return "RED";
  return health.reduce<Health>((worst, one) => (severity[one.health] > severity[worst] ? one.health : worst), "GREEN");
}

/** What is not well, in words: “doc.metrics is YELLOW (2 copies missing)”. */
export function illTables({ health }: Pick<CrateView, "health">): string[] {
  return health
    .filter((one) => one.health !== "GREEN")
    .map((one) => {
      const missing = [
        ...(one.missingShards > 0 ? [`${one.missingShards} primaries missing`] : []),
        ...(one.underreplicatedShards > 0 ? [`${one.underreplicatedShards} copies missing`] : []),
      ];
      return `${partText(one)} is ${one.health}${missing.length === 0 ? "" : ` (${missing.join(", ")})`}`;
    });
}

export function partText({ schema, table, partition }: TablePart): string {
  return partition === null ? `${schema}.${table}` : `${schema}.${table} (partition ${partition})`;
}

/** Nodes that hold data, as their StatefulSets say. */
export function dataSets({ sets }: CrateClusterView): CrateSetView[] {
  return sets.filter(({ role }) => role === "data");
}

/** The lowest version of all nodes, as numbers; null: none says. Nodes differ in the middle of an upgrade. */
export function lowestVersion(nodes: readonly CrateNode[]): readonly [number, number, number] | null {
  const versions = nodes.flatMap(({ version }) => {
    const match = /^(\d+)\.(\d+)\.(\d+)/.exec(version ?? "");
    return match === null ? [] : [[Number(match[1]), Number(match[2]), Number(match[3])] as const];
  });
  const sorted = versions.toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  return sorted[0] ?? null;
}
