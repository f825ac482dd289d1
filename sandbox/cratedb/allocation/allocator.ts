import {
  isActive,
  type Member,
  type Recovery,
  type ShardCopy,
  type ShardGroup,
  type TablePart,
} from "../model/types.ts";
import { isWelcome, objections, reasonsToLeave, wantedReplicas } from "./deciders.ts";
import { type AllocationView, partsOf, placesOf } from "./view.ts";

/** A replica waits so long for the node that left, before it is built anew elsewhere (`unassigned.node_left.delayed_timeout`). */
const delayedTimeoutMs = 60_000;

/** Does all that can be done now: adds and drops replicas, allocates, moves what must leave, and balances. True: something changed. */
export function reroute(view: AllocationView, newId: () => string): boolean {
  const fitted = partsOf(view.tables).map((part) => fitReplicas(part, view, newId));
  if (fitted.includes(true)) view.recount();
  const changes = [allocateUnassigned(view), moveAway(view), rebalance(view)];
  return [...fitted, ...changes].includes(true);
}

/** The copy is where it was to be. */
export function finishRecovery(copy: ShardCopy): void {
  const { group } = copy;
  if (copy.recovery !== null) copy.past = { type: copy.recovery.type, bytes: copy.recovery.bytes };
  if (copy.state === "RELOCATING" && copy.target !== null) {
    if (copy.node !== null) {
      group.inSync.delete(copy.node);
      group.stale.delete(copy.node);
    }
    copy.node = copy.target;
    copy.target = null;
  }
  copy.state = "STARTED";
  copy.recovery = null;
  copy.unassigned = null;
  if (copy.node !== null) {
    group.inSync.add(copy.node);
    group.stale.delete(copy.node);
  }
}

/** A node is gone: its copies are nowhere, replicas become primaries, what was on its way there stays where it was. */
export function nodeLeft(view: AllocationView, nodeId: string): void {
  for (const part of partsOf(view.tables)) {
    for (const group of part.groups) {
      for (const copy of group.copies) {
        if (copy.target === nodeId) cancelMove(copy);
        if (copy.node === nodeId) becomesUnassigned(copy, view.nowMs(), "NODE_LEFT");
      }
      const primary = group.copies.find(({ primary }) => primary);
      if (primary !== undefined && isActive(primary)) continue;
      // What was being copied from it has lost its source.
      for (const copy of group.copies) {
        if (!copy.primary && copy.state === "INITIALIZING") becomesUnassigned(copy, view.nowMs(), "ALLOCATION_FAILED");
        if (!copy.primary && copy.state === "RELOCATING") cancelMove(copy);
      }
      const successor = group.copies.find((copy) => !copy.primary && isActive(copy));
      if (primary === undefined || successor === undefined) continue;
      primary.primary = false;
      successor.primary = true;
      // It delays like a replica now.
      if (primary.unassigned !== null) {
        primary.unassigned = { ...primary.unassigned, delayedUntilMs: view.nowMs() + delayedTimeoutMs };
      }
    }
  }
  for (const { group } of view.copies) {
    const hasPrimary = group.copies.some((copy) => copy.primary && isActive(copy));
    if (!hasPrimary || !group.inSync.has(nodeId)) continue;
    // What is written from now on is not there.
    group.inSync.delete(nodeId);
    group.stale.add(nodeId);
  }
}

/** Every copy is nowhere: the whole cluster stopped. */
export function allStopped(view: AllocationView): void {
  for (const copy of view.copies) {
    if (copy.target !== null) cancelMove(copy);
    becomesUnassigned(copy, view.nowMs(), "CLUSTER_RECOVERED");
  }
}

/** No copy of this shard is anywhere. */
export function loseCopies({ copies }: ShardGroup, nowMs: number): void {
  for (const copy of copies) becomesUnassigned(copy, nowMs, "ALLOCATION_FAILED");
}

function becomesUnassigned(copy: ShardCopy, nowMs: number, reason: string): void {
  const lastNode = copy.node;
  copy.state = "UNASSIGNED";
  copy.node = null;
  copy.target = null;
  copy.recovery = null;
  copy.past = null;
  const delayedUntilMs = reason === "NODE_LEFT" && !copy.primary ? nowMs + delayedTimeoutMs : 0;
  copy.unassigned = { reason, delayedUntilMs, lastNode };
}

function cancelMove(copy: ShardCopy): void {
  copy.state = "STARTED";
  copy.target = null;
  copy.recovery = null;
}

function fitReplicas(part: TablePart, view: AllocationView, newId: () => string): boolean {
  const wanted = wantedReplicas(part, view) + 1;
  let changed = false;
  for (const group of part.groups) {
    while (group.copies.length < wanted) {
      const unassigned = { reason: "REPLICA_ADDED", delayedUntilMs: 0, lastNode: null };
      const state = "UNASSIGNED";
      const [node, target, recovery, past] = [null, null, null, null];
      const primary = group.copies.length === 0;
      group.copies.push({ allocationId: newId(), group, primary, state, node, target, recovery, past, unassigned });
      changed = true;
    }
    while (group.copies.length > wanted) {
      const replicas = group.copies.filter(({ primary }) => !primary);
      // One that is nowhere goes first, then one that must leave its node anyway.
      const dropped =
        replicas.find(({ state }) => state === "UNASSIGNED") ??
        replicas.find((copy) => reasonsToLeave(copy, view).length > 0) ??
        replicas.at(-1);
      if (dropped === undefined) break;
      group.copies.splice(group.copies.indexOf(dropped), 1);
      if (dropped.node !== null) group.inSync.delete(dropped.node);
      changed = true;
    }
  }
  return changed;
}

function allocateUnassigned(view: AllocationView): boolean {
  const waiting = view.copies.filter(({ state }) => state === "UNASSIGNED");
  const primaries = waiting.filter(({ primary }) => primary);
  const replicas = waiting.filter(
    ({ primary, group }) => !primary && group.copies.some((copy) => copy.primary && isActive(copy)),
  );
  let changed = false;
  for (const copy of [...primaries, ...replicas]) changed = allocate(copy, view) || changed;
  return changed;
}

function allocate(copy: ShardCopy, view: AllocationView): boolean {
  const { group } = copy;
  const nodes = candidates(copy, view);
  const isOld = copy.primary && group.inSync.size > 0;
  const node = best(copy, view, nodes) ?? (isOld ? forced(copy, view, nodes) : null);
  if (node === null) return false;
  copy.node = node.id;
  copy.state = "INITIALIZING";
  copy.recovery = recoveryOf(copy, node);
  copy.unassigned = null;
  if (!copy.primary) group.inSync.delete(node.id);
  return true;
}

/**
 * Where the data of a lost primary is, it may come back although filters or watermarks are against it: better there than
 * nowhere (AllocationDecider.canForceAllocatePrimary). `allocation.enable` is obeyed all the same (crate-operator#880).
 */
function forced(copy: ShardCopy, view: AllocationView, nodes: readonly Member[]): Member | null {
  const strict = ["enable", "same_shard", "max_retry"];
  const fit = nodes.filter((node) => objections(copy, node, view).every(({ decider }) => !strict.includes(decider)));
  return fit[0] ?? null;
}

function recoveryOf({ primary, group }: ShardCopy, node: Member): Recovery {
  if (primary) return { type: group.inSync.size === 0 ? "EMPTY_STORE" : "EXISTING_STORE", bytes: 0, done: 0 };
  // What lies on the disk already is not copied again.
  const hasFiles = group.stale.has(node.id) || group.inSync.has(node.id);
  return { type: "PEER", bytes: hasFiles ? 0 : group.bytes, done: 0 };
}

/** Nodes that an unassigned copy may come to at all: a primary is where its data is, a replica waits for the node that left. */
function candidates({ primary, group, unassigned }: ShardCopy, view: AllocationView): Member[] {
  const all = [...view.dataNodes.values()];
  if (primary) return group.inSync.size === 0 ? all : all.filter(({ id }) => group.inSync.has(id));
  const returned = all.filter(({ id }) => group.stale.has(id) || id === unassigned?.lastNode);
  if (returned.length > 0 && unassigned !== null && unassigned.lastNode !== null)
    return [...returned, ...(isDelayed(unassigned, view) ? [] : all)];
  return unassigned !== null && isDelayed(unassigned, view) ? [] : all;
}

function isDelayed({ delayedUntilMs }: { readonly delayedUntilMs: number }, view: AllocationView): boolean {
  return view.nowMs() < delayedUntilMs;
}

function best(copy: ShardCopy, view: AllocationView, nodes: readonly Member[]): Member | null {
  const fit = nodes.filter((node) => isWelcome(copy, node, view));
  const { group } = copy;
  // A node that has it already, then the emptiest.
  const weight = (node: Member) =>
    (group.stale.has(node.id) || group.inSync.has(node.id) ? -1_000_000 : 0) +
    countOn(view, node.id) * 100 +
    group.part.groups.flatMap(({ copies }) => copies).filter((one) => placesOf(one).includes(node.id)).length;
  const [first] = fit.toSorted((a, b) => weight(a) - weight(b) || a.spec.name.localeCompare(b.spec.name));
  return first ?? null;
}

function countOn(view: AllocationView, nodeId: string): number {
  return view.copies.filter(({ node, target }) => (target ?? node) === nodeId).length;
}

function moveAway(view: AllocationView): boolean {
  let changed = false;
  for (const copy of view.copies) {
    if (copy.state !== "STARTED" || reasonsToLeave(copy, view).length === 0) continue;
    const node = best(copy, view, [...view.dataNodes.values()]);
    if (node === null) continue;
    move(copy, node);
    changed = true;
  }
  return changed;
}

function move(copy: ShardCopy, node: Member): void {
  copy.state = "RELOCATING";
  copy.target = node.id;
  copy.recovery = { type: "PEER", bytes: copy.group.bytes, done: 0 };
}

/** By the number of shards on each node, while every copy is active and few others move. */
function rebalance(view: AllocationView): boolean {
  const { settings } = view;
  const enabled = settings.get("cluster.routing.rebalance.enable").toLowerCase();
  const copies = view.copies;
  const allowed = settings.get("cluster.routing.allocation.allow_rebalance").toLowerCase();
  if (enabled === "none" || (allowed !== "always" && !copies.every(isActive))) return false;
  let moving = copies.filter(({ state }) => state === "RELOCATING").length;
  const most = Number(settings.get("cluster.routing.allocation.cluster_concurrent_rebalance"));
  let changed = false;
  while (moving < most) {
    const found = improvement(view, enabled);
    if (found === null) break;
    move(found.copy, found.node);
    moving += 1;
    changed = true;
  }
  return changed;
}

function improvement(view: AllocationView, enabled: string): { copy: ShardCopy; node: Member } | null {
  const nodes = [...view.dataNodes.values()].toSorted((a, b) => countOn(view, a.id) - countOn(view, b.id));
  for (const full of nodes.toReversed()) {
    for (const empty of nodes) {
      if (countOn(view, full.id) - countOn(view, empty.id) < 2) break;
      const copy = view.copies.find(
        (one) =>
          one.node === full.id &&
          one.state === "STARTED" &&
          (enabled === "all" || (enabled === "primaries") === one.primary) &&
          isWelcome(one, empty, view),
      );
      if (copy !== undefined) return { copy, node: empty };
    }
  }
  return null;
}
