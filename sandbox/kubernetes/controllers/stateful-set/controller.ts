import { textAt } from "../../json.ts";
import type { KubeObject } from "../../object.ts";
import { PODS, STATEFUL_SETS } from "../../resources.ts";
import type { Registry } from "../../store/registry.ts";
import { type Controller, type ControllerContext, followOwners } from "../follow.ts";
import { deletePod, hasEnded, isReady, isTerminating, podsOf } from "../pods.ts";
import { createReplica, firstUpdatedOrdinal, ordinalOf, ordinals, revisionOf } from "./replicas.ts";
import { type Revisions, revisionsOf } from "./revisions.ts";
import { reportStatus } from "./status.ts";

/** Keeps the pods of StatefulSets (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/). */
export function startStatefulSets(context: ControllerContext): Controller {
  const { registry } = context;
  return followOwners(context, STATEFUL_SETS, [PODS], (set) => {
    if (set.metadata.deletionTimestamp !== undefined) {
      return;
    }
    const revisions = revisionsOf(registry, set);
    keepPods(registry, set, revisions);
    reportStatus(registry, set, revisions);
  });
}

/** One round. What it has to wait for is written some time, and so brings the next round. */
function keepPods(registry: Registry, set: KubeObject, revisions: Revisions): void {
  const pods = podsOf(registry, set);
  const wanted = ordinals(set);
  const isOrdered = textAt(set, "spec", "podManagementPolicy") !== "Parallel";
  const replicas = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  for (const ordinal of wanted) {
    const pod = replicas.get(ordinal);
    if (pod === undefined) {
      createReplica(registry, set, ordinal, revisions);
    } else if (hasEnded(pod) && !isTerminating(pod)) {
      deletePod(registry, pod);
    }
    if (isOrdered && (pod === undefined || !isReady(pod) || isTerminating(pod))) {
      return;
    }
  }
  const condemned = pods
    .filter((pod) => !wanted.includes(ordinalOf(set, pod) ?? -1))
    .toSorted((a, b) => (ordinalOf(set, b) ?? -1) - (ordinalOf(set, a) ?? -1));
  for (const pod of condemned) {
    if (!isTerminating(pod)) {
      deletePod(registry, pod);
    }
    if (isOrdered) {
      return;
    }
  }
  if (textAt(set, "spec", "updateStrategy", "type") === "RollingUpdate") {
    rollOne(registry, set, wanted, replicas, revisions);
  }
}

/** From the highest ordinal down, replaces the first pod that is out of date; waits at one that is not ready. */
function rollOne(
  registry: Registry,
  set: KubeObject,
  wanted: readonly number[],
  replicas: ReadonlyMap<number | undefined, KubeObject>,
  revisions: Revisions,
): void {
  const first = firstUpdatedOrdinal(set);
  for (const ordinal of wanted.filter((number) => number >= first).toReversed()) {
    const pod = replicas.get(ordinal);
    if (pod === undefined || isTerminating(pod)) {
      return;
    }
    if (revisionOf(pod) !== revisions.update.metadata.name) {
      deletePod(registry, pod);
      return;
    }
    if (!isReady(pod)) {
      return;
    }
  }
}
