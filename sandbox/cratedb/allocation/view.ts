import type { SimSettings } from "../model/settings.ts";
import type { Disk, Member, ShardCopy, SimTable, TablePart } from "../model/types.ts";

/** What allocation is decided by: the cluster's state as its master has it. */
export interface AllocationView {
  /** Members that hold data, by id. */
  readonly dataNodes: ReadonlyMap<string, Member>;
  readonly tables: readonly SimTable[];
  /** Copies of all shards, as of the last `recount`: they are looked at for each copy and node. */
  readonly copies: readonly ShardCopy[];
  /** Copies were added or dropped. */
  recount(): void;
  readonly settings: SimSettings;
  disk(nodeId: string): Disk;
  /** Why this copy may not be moved now although nothing else forbids it: it is being snapshotted, or a fault holds it. Null: nothing. */
  held(copy: ShardCopy): { readonly type: "NO" | "THROTTLE"; readonly explanation: string } | null;
  /** Id of a node that is being decommissioned, and what must leave it; null: none is. */
  readonly leaving: ReadonlyMap<string, "primaries" | "full">;
  nowMs(): number;
}

export function partsOf(tables: readonly SimTable[]): TablePart[] {
  return tables.flatMap(({ parts }) => parts);
}

export function copiesOf(tables: readonly SimTable[]): ShardCopy[] {
  return partsOf(tables).flatMap(({ groups }) => groups.flatMap(({ copies }) => copies));
}

/** Where a copy takes room: where it is, and where it is going. */
export function placesOf({ node, target }: ShardCopy): string[] {
  return [node, target].filter((place) => place !== null);
}

/** Bytes on the node's disk now: what lies there, of copies that come only what has arrived. */
export function usedBytes(view: AllocationView, nodeId: string): number {
  let used = view.disk(nodeId).otherBytes;
  for (const copy of view.copies) {
    if (copy.node === nodeId)
      used += copy.group.bytes * (copy.state === "INITIALIZING" ? (copy.recovery?.done ?? 0) : 1);
    if (copy.target === nodeId) used += copy.group.bytes * (copy.recovery?.done ?? 0);
  }
  return Math.round(used);
}

/** Bytes that are still on their way to the node. */
export function incomingBytes(view: AllocationView, nodeId: string): number {
  let incoming = 0;
  for (const copy of view.copies) {
    const comes = copy.target === nodeId || (copy.node === nodeId && copy.state === "INITIALIZING");
    if (comes) incoming += copy.group.bytes * (1 - (copy.recovery?.done ?? 0));
  }
  return Math.round(incoming);
}
