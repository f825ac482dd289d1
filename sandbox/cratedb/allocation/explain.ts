import { isActive, type ShardCopy } from "../model/types.ts";
import { objections, reasonsToLeave } from "./deciders.ts";
import type { AllocationView } from "./view.ts";

/** What `sys.allocations` says of one copy, in the words of MoveDecision and AllocateUnassignedDecision. */
export interface Explanation {
  readonly explanation: string | null;
  /** Null: none was needed. */
  readonly decisions:
    | readonly {
        readonly node_id: string;
        readonly node_name: string;
        readonly explanations: readonly string[];
      }[]
    | null;
}

export function explain(copy: ShardCopy, view: AllocationView): Explanation {
  if (copy.state === "UNASSIGNED") return unassigned(copy, view);
  if (copy.state !== "STARTED") return { explanation: null, decisions: null };
  const { decisions, isPossible, isThrottled } = judgeNodes(copy, view);
  if (reasonsToLeave(copy, view).length > 0) {
    const explanation = isPossible
      ? "shard cannot remain on this node and is force-moved to another node"
      : isThrottled
        ? "shard cannot remain on this node but is throttled on moving to another node"
        : "cannot move shard to another node, even though it is not allowed to remain on its current node";
    return { explanation, decisions };
  }
  return {
    explanation:
      "cannot rebalance as no target node exists that can both allocate this shard and improve the cluster balance",
    decisions,
  };
}

function unassigned(copy: ShardCopy, view: AllocationView): Explanation {
  const { decisions, isPossible, isThrottled } = judgeNodes(copy, view);
  const { group, primary } = copy;
  const hasData = [...view.dataNodes.keys()].some((id) => group.inSync.has(id));
  if (primary && group.inSync.size > 0 && !hasData) {
    const text =
      "cannot allocate because a previous copy of the primary shard existed but can no longer be found on the nodes in the cluster";
    return { explanation: text, decisions: null };
  }
  if (!primary && !group.copies.some((one) => one.primary && isActive(one))) {
    return { explanation: "cannot allocate because allocation is not permitted to any of the nodes", decisions };
  }
  const leftMs = (copy.unassigned?.delayedUntilMs ?? 0) - view.nowMs();
  if (leftMs > 0) {
    const text = `cannot allocate because the cluster is still waiting ${Math.ceil(leftMs / 1000)}s for the departed node holding a replica to rejoin${isPossible ? ", despite being allowed to allocate the shard to at least one other node" : ""}`;
    return { explanation: text, decisions };
  }
  if (isPossible) return { explanation: "can allocate the shard", decisions };
  if (isThrottled) return { explanation: "allocation temporarily throttled", decisions };
  return { explanation: "cannot allocate because allocation is not permitted to any of the nodes", decisions };
}

function judgeNodes(copy: ShardCopy, view: AllocationView) {
  const others = [...view.dataNodes.values()].filter(({ id }) => id !== copy.node);
  const judged = others.map((node) => ({ node, against: objections(copy, node, view) }));
  return {
    isPossible: judged.some(({ against }) => against.length === 0),
    isThrottled: judged.some(({ against }) => against.every(({ type }) => type === "THROTTLE")),
    decisions: judged.map(({ node, against }) => ({
      node_id: node.id,
      node_name: node.spec.name,
      explanations: against.map(({ explanation }) => explanation),
    })),
  };
}
