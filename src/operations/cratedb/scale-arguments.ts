import type { CrateSetView } from "../../ports/crate-clusters.ts";
import { type NodeTotals, rewriteForTotals } from "./start-up-arguments.ts";

/** Pods that the StatefulSet's controller would restart if its template changed: none under OnDelete, and none below its partition. */
export function podsThatRoll({ rollsFromOrdinal, pods }: CrateSetView): string[] {
  if (rollsFromOrdinal === null) return [];
  return pods.filter(({ ordinal, pod }) => pod !== null && ordinal >= rollsFromOrdinal).map(({ name }) => name);
}

/** Whether its start-up arguments can be rewritten without restarting one of its pods, now or when others have come. */
export function mayRewrite({ rollsFromOrdinal, firstOrdinal, replicas }: CrateSetView, most = replicas): boolean {
  return rollsFromOrdinal === null || rollsFromOrdinal >= firstOrdinal + Math.max(replicas, most);
}

/** After a full stop the cluster recovers only once so many nodes are there: the most that these arguments ask for; 0: they ask for none. */
export function recoversAfter({ startUp }: CrateSetView): number {
  // Zero nodes: every argument that depends on the total becomes another, and says what it was.
  const { changes } = rewriteForTotals(startUp, { masters: 0, data: 0 } satisfies NodeTotals);
  return Math.max(0, ...changes.filter(({ setting }) => setting.includes("recover_after")).map(({ from }) => from));
}
