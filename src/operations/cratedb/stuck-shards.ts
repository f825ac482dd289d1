import type { CrateAllocation, CrateShard } from "../../ports/crate-servers.ts";
import { countText } from "./amounts.ts";
import { partText } from "./look.ts";

/** Why shards do not leave, in words, and what to do about it. */
export interface StuckShards {
  readonly why: readonly string[];
  readonly advice: readonly string[];
}

interface Cause {
  readonly pattern: RegExp;
  readonly why: string;
  readonly advice: (table: string) => string;
}

/** By the words of CrateDB's deciders (server/src/main/java/org/elasticsearch/cluster/routing/allocation/decider). */
const causes: readonly Cause[] = [
  {
    pattern: /copy of (?:this|the) shard (?:is )?already/i,
    why: "every other node holds a copy of it already",
    advice: (table) => `Let ${table} have fewer copies: ALTER TABLE ${table} SET (number_of_replicas = '0-1').`,
  },
  {
    pattern: /cluster setting \[cluster\.routing\.allocation\.enable=/i,
    why: "cluster.routing.allocation.enable forbids it",
    advice: () => 'Let shards move: RESET GLOBAL "cluster.routing.allocation.enable".',
  },
  {
    pattern: /index setting \[index\.routing\.allocation\.enable=/i,
    why: "the table's own routing.allocation.enable forbids it",
    advice: (table) => `Let it move: ALTER TABLE ${table} RESET ("routing.allocation.enable").`,
  },
  {
    pattern: /watermark|disk|free space/i,
    why: "the other nodes are too full",
    advice: () => "Free disk space on the nodes that stay, or add one.",
  },
  {
    pattern: /awareness|too many copies of the shard|attribute value/i,
    why: "allocation awareness wants it elsewhere",
    advice: () => "Keep a node in that zone, or change cluster.routing.allocation.awareness.",
  },
  {
    pattern: /total_shards_per_node|too many shards/i,
    why: "the other nodes have as many shards as they may",
    advice: () => "Raise the limit that is named (total_shards_per_node).",
  },
  {
    pattern: /snapshot/i,
    why: "it is being copied by a snapshot",
    advice: () => "It moves when the snapshot is done.",
  },
  {
    pattern: /index setting \[index\.routing\.allocation\.(?:include|require|exclude)/i,
    why: "the table's own filters forbid it",
    advice: (table) => `Take the table's filters off: ALTER TABLE ${table} RESET ("routing.allocation.…").`,
  },
  {
    pattern: /cluster setting \[cluster\.routing\.allocation\.(?:include|require|exclude)/i,
    why: "the cluster's filters forbid the other nodes",
    advice: () => "See cluster.routing.allocation.include, require and exclude.",
  },
  {
    pattern: /reached the limit|recoveries|throttl/i,
    why: "it waits for its turn",
    advice: () => "Nothing is to be done: it moves when others have.",
  },
];

const shown = 3;

/** What the allocator says of copies on these nodes that do not move. The same reason of several is said once. */
export function explainStuck(
  allocations: readonly CrateAllocation[],
  shards: readonly CrateShard[],
  leaving: readonly string[],
): StuckShards {
  const ids = new Set(shards.flatMap(({ node }) => (node !== null && leaving.includes(node.name) ? [node.id] : [])));
  const stuck = allocations.filter((one) => one.nodeId !== null && ids.has(one.nodeId) && one.state === "STARTED");
  const groups = new Map<string, { copies: string[]; advice: Set<string> }>();
  for (const allocation of stuck) {
    const decisions = allocation.isStuck || allocation.problem === null ? allocation.decisions : [];
    const reasons = decisions
      .filter(({ nodeName }) => !leaving.includes(nodeName))
      .map(({ nodeName, explanations }) => ({ nodeName, ...causeOf(explanations) }));
    const table = `${quoted(allocation.schema)}.${quoted(allocation.table)}`;
    const why =
      !allocation.isStuck && allocation.problem !== null
        ? "it waits for its turn"
        : reasons.length === 0
          ? (allocation.problem ?? "CrateDB does not say why")
          : [...new Set(reasons.map(({ nodeName, text }) => `${nodeName}: ${text}`))].join("; ");
    const group = groups.get(why) ?? { copies: [], advice: new Set() };
    group.copies.push(
      `${partText(allocation)} shard ${allocation.shardId} (${allocation.primary ? "primary" : "copy"})`,
    );
    for (const { cause } of reasons) if (cause !== null) group.advice.add(cause.advice(table));
    groups.set(why, group);
  }
  const why = [...groups].map(([reason, { copies }]) => {
    const more = copies.length - shown;
    const names = copies.slice(0, shown).join(", ");
    return `${names}${more > 0 ? ` and ${countText(more, "other")}` : ""} cannot move: ${reason}.`;
  });
  return { why, advice: [...new Set([...groups.values()].flatMap(({ advice }) => [...advice]))] };
}

/** CrateDB's own words, behind what they mean where that is known. */
function causeOf(explanations: readonly string[]): { cause: Cause | null; text: string } {
  for (const explanation of explanations) {
    const cause = causes.find(({ pattern }) => pattern.test(explanation));
    if (cause !== undefined) return { cause, text: `${cause.why} (${shortened(explanation)})` };
  }
  return { cause: null, text: shortened(explanations.join("; ")) };
}

function shortened(text: string): string {
  return text.length <= 160 ? text : `${text.slice(0, 159)}…`;
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
