import { type JsonObject, numberAt, objectAt, textAt } from "../../json.ts";
import type { KubeObject } from "../../object.ts";
import { PODS, REPLICA_SETS } from "../../resources.ts";
import type { Registry } from "../../store/registry.ts";
import { type Controller, type ControllerContext, followOwners } from "../follow.ts";
import { deletePod, hasEnded, isReady, isTerminating, podFromTemplate, podsOf } from "../pods.ts";

/** Keeps as many pods as each ReplicaSet asks for. */
export function startReplicaSets(context: ControllerContext): Controller {
  const { registry } = context;
  return followOwners(context, REPLICA_SETS, [PODS], (set) => {
    if (set.metadata.deletionTimestamp === undefined) {
      keepCount(registry, set);
      reportStatus(registry, set);
    }
  });
}

const activePods = (registry: Registry, set: KubeObject) =>
  podsOf(registry, set).filter((pod) => !isTerminating(pod) && !hasEnded(pod));

function keepCount(registry: Registry, set: KubeObject): void {
  const pods = activePods(registry, set);
  const wanted = numberAt(set, "spec", "replicas") ?? 1;
  const { namespace, name } = set.metadata;
  for (let missing = wanted - pods.length; missing > 0; missing -= 1) {
    const pod = podFromTemplate(set, objectAt(set, "spec", "template"), { generateName: `${name}-`, labels: {} });
    registry.create(PODS, namespace, pod);
  }
  const surplus = pods.toSorted((a, b) => usefulness(a) - usefulness(b)).slice(0, Math.max(0, pods.length - wanted));
  for (const pod of surplus) {
    deletePod(registry, pod);
  }
}

/** Pods without a node go first, then those that are not ready. */
function usefulness(pod: KubeObject): number {
  if (!textAt(pod, "spec", "nodeName")) {
    return 0;
  }
  return isReady(pod) ? 2 : 1;
}

function reportStatus(registry: Registry, set: KubeObject): void {
  const { namespace, name, generation } = set.metadata;
  const pods = activePods(registry, set);
  const ready = pods.filter(isReady).length;
  const readiness: JsonObject = ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready };
  const labelled = pods.length === 0 ? {} : { fullyLabeledReplicas: pods.length };
  const status = { replicas: pods.length, ...labelled, ...readiness, observedGeneration: generation };
  registry.update(REPLICA_SETS, namespace, name, (now) => ({ ...now, status }), { part: "status" });
}
