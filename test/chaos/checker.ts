import type { End, EndNode, History, Report, Write } from "./history.ts";

/** What a run may cost, by what was done and what the world did to it. */
export interface Promises {
  /**
   * `planned`: nothing acknowledged is lost, and never do two servers accept writes at one time. `unplanned`: the primary was
   * given up with consent; what is lost must be listed, and only an OK without warning 3024 under an ack time-out must survive.
   */
  readonly kind: "planned" | "unplanned";
  /** Writes wait for every standby (`dolt_cluster_ack_writes_timeout_secs`). */
  readonly acknowledgedByStandbys: boolean;
  /** Ids that no server but one had when that one's volume was emptied: no operation can save them. */
  readonly lostWithVolume: ReadonlySet<number>;
  /** A primary came back empty: Dolt itself may keep it primary, and what the others hold is all there is. */
  readonly primaryLostItsVolume: boolean;
}

export interface Violation {
  readonly rule:
    | "write lost"
    | "stale read"
    | "two writable"
    | "no routed primary"
    | "no advice"
    | "lease held"
    | "refused write kept";
  readonly text: string;
}

/** Every promise that a history breaks; none: it keeps them all. */
export function check(history: History, promises: Promises): Violation[] {
  return [
    ...brokenLosses(history, promises),
    ...staleReads(history, promises),
    ...(promises.kind === "planned" ? twoWritable(history.writes) : []),
    ...keptRefusals(history),
    ...endOf(history),
  ];
}

/** Acknowledged writes that the one primary of the end has not; without one, those that no server has. */
export function lostWrites({ writes, end }: Pick<History, "writes" | "end">): Write[] {
  const held = onlyPrimary(end)?.ids ?? new Set(end.nodes.flatMap((node) => [...node.ids]));
  return writes.filter((write) => write.outcome.startsWith("ok") && !held.has(write.id));
}

function brokenLosses(history: History, promises: Promises): Violation[] {
  // Without one primary that was never empty nothing says which server's word counts: it must be on some of them.
  const counted = promises.primaryLostItsVolume
    ? history.end.nodes.map((node) => ({ ...node, role: "standby" }))
    : history.end.nodes;
  // Where nobody answers nothing is known of what was lost; that nobody answers is broken enough.
  if (counted.every((node) => node.role === null)) return [];
  const end = { ...history.end, nodes: counted };
  const lost = lostWrites({ writes: history.writes, end }).filter((write) => mustSurvive(write, promises));
  if (lost.length === 0) return [];
  const shown = lost
    .slice(0, 5)
    .map((write) => `${write.id} (${write.server}, acknowledged at ${Math.round(write.endMs)})`);
  const where = onlyPrimary(end)?.name ?? "any server";
  return [{ rule: "write lost", text: `${lost.length} acknowledged writes are not on ${where}: ${shown.join(", ")}` }];
}

function mustSurvive(write: Write, promises: Promises): boolean {
  if (promises.lostWithVolume.has(write.id)) return false;
  if (promises.kind === "planned") return write.outcome === "ok" || write.outcome === "ok_3024";
  return promises.acknowledgedByStandbys && write.outcome === "ok";
}

/** A server that takes writes holds everything acknowledged before it was asked, or an older state was promoted. */
function staleReads({ reads, writes }: History, promises: Promises): Violation[] {
  // A primary that was given up may answer until it meets the new one, and an empty one holds nothing.
  if (promises.kind === "unplanned" || promises.primaryLostItsVolume) return [];
  const acknowledged = writes.filter((write) => mustSurvive(write, promises)).sort((a, b) => a.endMs - b.endMs);
  for (const read of reads) {
    if (!read.writable) continue;
    for (const write of acknowledged) {
      if (write.endMs >= read.startMs) break;
      if (read.ids.has(write.id)) continue;
      const text = `${read.server} takes writes at ${Math.round(read.startMs)} and lacks ${write.id}, acknowledged by ${write.server} at ${Math.round(write.endMs)}`;
      return [{ rule: "stale read", text }];
    }
  }
  return [];
}

interface Reign {
  readonly server: string;
  /** It has certainly accepted a write by then. */
  firstByMs: number;
  /** It certainly accepted one after that. */
  lastAfterMs: number;
}

/**
 * Writes of one connection are all of one time of being writable. Two such times of two servers must lie one after the
 * other: that one had begun before the other's end, and the other before its own end, is two writable at one time.
 */
function twoWritable(writes: readonly Write[]): Violation[] {
  const reigns = new Map<string, Reign>();
  for (const write of writes) {
    if (write.outcome !== "ok" && write.outcome !== "ok_3024") continue;
    const reign = reigns.get(write.connection);
    if (reign === undefined) {
      reigns.set(write.connection, { server: write.server, firstByMs: write.endMs, lastAfterMs: write.startMs });
    } else {
      reign.firstByMs = Math.min(reign.firstByMs, write.endMs);
      reign.lastAfterMs = Math.max(reign.lastAfterMs, write.startMs);
    }
  }
  const all = [...reigns.values()];
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) {
      if (one.server === other.server) continue;
      if (one.firstByMs < other.lastAfterMs && other.firstByMs < one.lastAfterMs) {
        const span = (reign: Reign) => `${Math.round(reign.firstByMs)}–${Math.round(reign.lastAfterMs)}`;
        const text = `${one.server} accepted writes over one connection at ${span(one)}, and ${other.server} at ${span(other)}`;
        return [{ rule: "two writable", text }];
      }
    }
  }
  return [];
}

/** What a server refused is on no server: else the clients' word says nothing. */
function keptRefusals({ writes, end }: History): Violation[] {
  const held = new Set(end.nodes.flatMap((node) => [...node.ids]));
  const kept = writes.filter((write) => write.outcome === "refused" && held.has(write.id));
  if (kept.length === 0) return [];
  return [
    { rule: "refused write kept", text: `${kept.map((write) => write.id).join(", ")} were refused and are there` },
  ];
}

function endOf(history: History): Violation[] {
  const violations: Violation[] = [];
  const { end } = history;
  const primary = onlyPrimary(end);
  const isRouted = primary !== null && end.routed.length === 1 && end.routed[0] === primary.name;
  if (!isRouted || !end.takesWrites) {
    const roles = end.nodes.map((node) => `${node.name} ${node.role ?? "silent"} at epoch ${node.epoch ?? "?"}`);
    const state = `${roles.join(", ")}; routed: ${end.routed.join(", ") || "none"}; ${end.takesWrites ? "writes are taken" : "no write is taken"}`;
    const last = end.reports.at(-1);
    const pods = end.nodes.map((node) => node.name);
    if (last === undefined || last.problems.length === 0) {
      violations.push({ rule: "no routed primary", text: `${state}; and nothing was said of it` });
    } else if (!saysWhatToType(last, pods)) {
      const said = last.problems.map((one) => `${one.code}: ${one.what} ${one.next}`).join(" | ");
      violations.push({ rule: "no advice", text: `${state}; it said: ${said}` });
    }
  }
  if (end.lease !== null && (end.lease.holder !== null || end.lease.open)) {
    const what = end.lease.open ? "holds an unfinished execution" : `is held by ${end.lease.holder}`;
    violations.push({ rule: "lease held", text: `the lease ${what}` });
  }
  return violations;
}

/** Exactly what is broken, and what to type: a pod by its name, and a command. */
function saysWhatToType({ problems }: Report, pods: readonly string[]): boolean {
  const names = problems.some((one) => pods.some((pod) => `${one.what} ${one.next}`.includes(pod)));
  const commands = problems.some((one) => /npx handover |kubectl |\/dolt |CALL /.test(`${one.what} ${one.next}`));
  return names && commands;
}

function onlyPrimary({ nodes }: End): EndNode | null {
  const primaries = nodes.filter((node) => node.role === "primary");
  return primaries.length === 1 ? (primaries[0] ?? null) : null;
}
