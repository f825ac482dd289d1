import { whyNewEnough } from "../new-enough.ts";
import type { AnsweringNode } from "./candidate.ts";
import type { DoltNode, DoltView } from "./look.ts";
import type { RestartParameters } from "./restart-definition.ts";
import type { RestartedPod } from "./restart-details.ts";
import { isWell } from "./restart-fitness.ts";

export interface RestartChoice {
  /** Standbys, those side by side in one list, in their order. */
  readonly batches: readonly (readonly RestartedPod[])[];
  readonly includesPrimary: boolean;
  /** Why each of the others is left alone. */
  readonly skipped: readonly string[];
}

/** Which pods are to be restarted, and in which order: standbys that do not run well first, the primary never among them. */
export function chooseRestarts(view: DoltView, primary: AnsweringNode, parameters: RestartParameters): RestartChoice {
  const skipped: string[] = [];
  const chosen: DoltNode[] = [];
  for (const node of view.nodes) {
    const why = whyNot(node, view, parameters);
    if (why === null) chosen.push(node);
    else skipped.push(`${node.name}: ${why}`);
  }
  const standbys = chosen.filter(({ name }) => name !== primary.name).reverse();
  const ordered = standbys.sort((one, other) => Number(isWell(one)) - Number(isWell(other)));
  const size = sideBySide(view.nodes.length - 1, parameters);
  const batches = Array.from({ length: Math.ceil(ordered.length / size) }, (_, index) =>
    ordered.slice(index * size, (index + 1) * size).map(({ name, pod }) => ({ name, uid: pod?.uid ?? "" })),
  );
  return { batches, includesPrimary: chosen.length > standbys.length, skipped };
}

/**
 * How many standbys may restart at a time: `--min-caught-up` of them stay beside those, and at least one that could take
 * over. One at a time always may, or a target of two servers could never be restarted.
 */
export function sideBySide(
  standbys: number,
  { maxUnavailable, minCaughtUp }: Pick<RestartParameters, "maxUnavailable" | "minCaughtUp">,
): number {
  return Math.max(1, Math.min(maxUnavailable, standbys - Math.max(1, minCaughtUp)));
}

function whyNot({ name, pod }: DoltNode, { workload }: DoltView, parameters: RestartParameters): string | null {
  const { only } = parameters;
  if (only !== undefined && !only.split(",").includes(name)) return "not asked for";
  if (pod === null) return "its pod is missing, so there is nothing to restart";
  return whyNewEnough(pod, workload.updateRevision, parameters);
}
