import type { CrateClusterView, CratePod, CrateSetView } from "../../ports/crate-clusters.ts";
import { whyNewEnough } from "../new-enough.ts";
import type { RestartParameters } from "./restart-definition.ts";

/** A pod to be restarted. By UID: another UID of that name is a restarted pod. */
export interface RestartedPod {
  readonly name: string;
  readonly uid: string;
  /** Its StatefulSet. */
  readonly set: string;
}

export interface RestartChoice {
  /** One after another, in this order, over all groups. */
  readonly pods: readonly RestartedPod[];
  /** Why each of the others is left alone. */
  readonly skipped: readonly string[];
}

/**
 * Which pods are restarted, and in which order: masters first, then the data groups by name, within each the highest place
 * first, and the elected master last of its group, so that one election is enough.
 * @param masterPod pod of the elected master; null: nobody knows
 */
export function chooseRestarts(
  cluster: CrateClusterView,
  masterPod: string | null,
  parameters: RestartParameters,
): RestartChoice {
  const skipped: string[] = [];
  const pods: RestartedPod[] = [];
  for (const set of cluster.sets) {
    const chosen = set.pods.filter((pod) => {
      const why = whyNot(pod, set, parameters);
      if (why !== null) skipped.push(`${pod.name}: ${why}`);
      return why === null;
    });
    const ordered = chosen
      .toSorted((one, other) => other.ordinal - one.ordinal)
      .toSorted((one, other) => Number(one.name === masterPod) - Number(other.name === masterPod));
    pods.push(...ordered.map(({ name, pod }) => ({ name, uid: pod?.uid ?? "", set: set.name })));
  }
  return { pods, skipped };
}

/** What was named that this cluster does not have. */
export function strangersIn(cluster: CrateClusterView, only: string | undefined): string[] {
  const known = cluster.sets.flatMap(({ group, name, pods }) => [group, name, ...pods.map((pod) => pod.name)]);
  return only?.split(",").filter((word) => !known.includes(word)) ?? [];
}

function whyNot({ name, pod }: CratePod, set: CrateSetView, parameters: RestartParameters): string | null {
  const words = parameters.only?.split(",");
  if (words !== undefined && ![name, set.group, set.name].some((word) => words.includes(word))) return "not asked for";
  if (pod === null) return "its pod is missing, so there is nothing to restart";
  return whyNewEnough(pod, set.updateRevision, parameters);
}
