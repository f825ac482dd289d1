import type { CrateClusterView, CrateSetView } from "../../ports/crate-clusters.ts";
import { type CrateView, nodesOf } from "./look.ts";
import type { NodeTotals } from "./start-up-arguments.ts";

/** One StatefulSet that gets another number of pods. */
export interface SetChange {
  readonly set: CrateSetView;
  readonly from: number;
  readonly to: number;
  /** Nodes that come or go, the first one first. */
  readonly nodes: readonly string[];
  /** How many nodes there are to be in the whole cluster once this is done. */
  readonly totals: NodeTotals;
  /** Whether its nodes may be elected, so that they leave one at a time. */
  readonly isMasterEligible: boolean;
}

/** In the order in which it is done: masters, then all scale-ups, then all scale-downs (cratedb.md, rule 2). */
export function changesOf(view: CrateView, wanted: ReadonlyMap<string, number>): SetChange[] {
  const sets = view.cluster.sets.filter((set) => (wanted.get(set.group) ?? set.replicas) !== set.replicas);
  const rank = (set: CrateSetView) => {
    if (set.role === "master") return 0;
    return (wanted.get(set.group) ?? 0) > set.replicas ? 1 : 2;
  };
  let totals = totalsOf(view.cluster);
  return sets
    .toSorted((one, other) => rank(one) - rank(other))
    .map((set) => {
      const to = wanted.get(set.group) ?? set.replicas;
      const grown = to - set.replicas;
      totals =
        set.role === "master"
          ? { ...totals, masters: totals.masters + grown }
          : { ...totals, data: totals.data + grown };
      const nodes = nodesOf(view, set, Math.min(set.replicas, to), Math.max(set.replicas, to));
      return { set, from: set.replicas, to, nodes, totals, isMasterEligible: isEligible(view, set) };
    });
}

export function totalsOf({ sets }: CrateClusterView): NodeTotals {
  const sum = (role: CrateSetView["role"]) =>
    sets.filter((set) => set.role === role).reduce((total, { replicas }) => total + replicas, 0);
  return { masters: sum("master"), data: sum("data") };
}

/** What its nodes say of themselves; where they do not, its start-up arguments. */
export function isEligible(view: Pick<CrateView, "nodes" | "names">, set: CrateSetView): boolean {
  const own = new Set(nodesOf(view, set, 0, set.replicas));
  const roles = view.nodes
    .filter(({ name }) => own.has(name))
    .flatMap((node) => (node.roles === null ? [] : [node.roles]));
  const [first] = roles;
  return first === undefined ? set.isMasterEligible : first.includes("master_eligible");
}
