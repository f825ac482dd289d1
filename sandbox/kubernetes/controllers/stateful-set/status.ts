import { type JsonObject, numberAt, objectAt, textAt } from "../../json.ts";
import type { KubeObject } from "../../object.ts";
import { STATEFUL_SETS } from "../../resources.ts";
import type { Registry } from "../../store/registry.ts";
import { isReady, isTerminating, podsOf } from "../pods.ts";
import { revisionOf } from "./replicas.ts";
import type { Revisions } from "./revisions.ts";

/** Writes what is: counts of pods by readiness and revision. A rolling update that is complete makes its revision the current one. */
export function reportStatus(registry: Registry, set: KubeObject, revisions: Revisions): void {
  const { namespace, name, generation } = set.metadata;
  const pods = podsOf(registry, set);
  const living = pods.filter((pod) => !isTerminating(pod));
  const ready = pods.filter(isReady);
  const updated = living.filter((pod) => revisionOf(pod) === revisions.update.metadata.name);
  const isRolled =
    textAt(set, "spec", "updateStrategy", "type") === "RollingUpdate" &&
    updated.length === pods.length &&
    ready.length === pods.length;
  const current = isRolled ? revisions.update : revisions.current;
  const status: JsonObject = {
    observedGeneration: generation,
    replicas: pods.length,
    ...counted("readyReplicas", ready.length),
    availableReplicas: ready.length,
    ...counted("currentReplicas", living.filter((pod) => revisionOf(pod) === current.metadata.name).length),
    ...counted("updatedReplicas", updated.length),
    currentRevision: current.metadata.name,
    updateRevision: revisions.update.metadata.name,
    collisionCount: numberAt(set, "status", "collisionCount") ?? 0,
  };
  registry.update(STATEFUL_SETS, namespace, name, (now) => ({ ...now, status: { ...kept(now), ...status } }), {
    part: "status",
  });
}

/** Conditions are not this controller's to write. */
function kept(set: KubeObject): JsonObject {
  const { conditions } = objectAt(set, "status");
  return conditions === undefined ? {} : { conditions };
}

/** The API leaves out counts of zero. */
const counted = (key: string, count: number): JsonObject => (count === 0 ? {} : { [key]: count });
