import { type JsonObject, numberAt, objectAt, sameJson, textAt } from "../../json.ts";
import { controllerOf, controllerReference, type KubeObject } from "../../object.ts";
import { DEPLOYMENTS, REPLICA_SETS, type Resource } from "../../resources.ts";
import { now, type Registry } from "../../store/registry.ts";
import { type Controller, type ControllerContext, followOwners } from "../follow.ts";
import { templateHash, textMap } from "../pods.ts";
import { countFrom } from "../share.ts";

const HASH_LABEL = "pod-template-hash";
const REVISION_ANNOTATION = "deployment.kubernetes.io/revision";

/** Rolls Deployments from ReplicaSet to ReplicaSet, within their surge and their unavailability; it keeps no limit of history, and rolls nothing that is paused. */
export function startDeployments(context: ControllerContext): Controller {
  const { registry } = context;
  return followOwners(context, DEPLOYMENTS, [REPLICA_SETS], (deployment) => {
    if (deployment.metadata.deletionTimestamp === undefined) {
      if (objectAt(deployment, "spec").paused !== true) {
        roll(registry, deployment, currentReplicaSet(registry, deployment));
      }
      reportStatus(registry, deployment);
    }
  });
}

/** The one of the template as it is; an older one becomes the newest again. */
function currentReplicaSet(registry: Registry, deployment: KubeObject): KubeObject {
  const owned = replicaSetsOf(registry, deployment);
  const newest = Math.max(0, ...owned.map(numberOf));
  const current = owned.find((set) => sameJson(templateOf(set), objectAt(deployment, "spec", "template")));
  if (current === undefined) {
    return createReplicaSet(registry, deployment, newest + 1);
  }
  if (numberOf(current) === newest) {
    return current;
  }
  const revision = String(newest + 1);
  annotate(registry, DEPLOYMENTS, deployment, revision);
  return annotate(registry, REPLICA_SETS, current, revision);
}

const numberOf = ({ metadata }: KubeObject) => Number(metadata.annotations?.[REVISION_ANNOTATION] ?? 0);

function replicaSetsOf(registry: Registry, { metadata }: KubeObject): KubeObject[] {
  return registry.store
    .list(REPLICA_SETS, metadata.namespace)
    .filter((set) => controllerOf(set)?.uid === metadata.uid && set.metadata.deletionTimestamp === undefined);
}

/** The template as the Deployment has it. */
function templateOf(set: KubeObject): JsonObject {
  const template = objectAt(set, "spec", "template");
  const { [HASH_LABEL]: _hash, ...labels } = objectAt(template, "metadata", "labels");
  return { ...template, metadata: { ...objectAt(template, "metadata"), labels } };
}

function createReplicaSet(registry: Registry, deployment: KubeObject, number: number): KubeObject {
  const { namespace, name } = deployment.metadata;
  const template = objectAt(deployment, "spec", "template");
  const hash = templateHash(template);
  const labels = { ...textMap(objectAt(template, "metadata", "labels")), [HASH_LABEL]: hash };
  const selector = objectAt(deployment, "spec", "selector");
  const revision = String(number);
  annotate(registry, DEPLOYMENTS, deployment, revision);
  return registry.create(REPLICA_SETS, namespace, {
    metadata: {
      name: `${name}-${hash}`,
      labels,
      annotations: { [REVISION_ANNOTATION]: revision },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      selector: { ...selector, matchLabels: { ...objectAt(selector, "matchLabels"), [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...objectAt(template, "metadata"), labels } },
    },
  });
}

function annotate(
  registry: Registry,
  resource: Resource,
  { metadata: { namespace, name } }: KubeObject,
  revision: string,
): KubeObject {
  return registry.update(resource, namespace, name, (current) => ({
    ...current,
    metadata: {
      ...current.metadata,
      annotations: { ...current.metadata.annotations, [REVISION_ANNOTATION]: revision },
    },
  }));
}

const wantedOf = (workload: KubeObject) => numberAt(workload, "spec", "replicas") ?? 1;
const availableOf = (workload: KubeObject) => numberAt(workload, "status", "availableReplicas") ?? 0;
const existingOf = (workload: KubeObject) => numberAt(workload, "status", "replicas") ?? 0;
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

function roll(registry: Registry, deployment: KubeObject, current: KubeObject): void {
  const older = replicaSetsOf(registry, deployment).filter(({ metadata }) => metadata.uid !== current.metadata.uid);
  const wanted = wantedOf(deployment);
  if (textAt(deployment, "spec", "strategy", "type") === "Recreate") {
    for (const set of older) {
      scaleTo(registry, set, 0);
    }
    if (sum(older.map(existingOf)) === 0) {
      scaleTo(registry, current, wanted);
    }
    return;
  }
  const { surge, unavailable } = bounds(deployment, wanted);
  const room = wanted + surge - sum([current, ...older].map(wantedOf));
  const next = Math.min(wanted, wantedOf(current) + Math.max(0, room));
  scaleTo(registry, current, next);
  scaleDown(registry, older, { current, next, least: wanted - unavailable });
}

function bounds(deployment: KubeObject, wanted: number): { surge: number; unavailable: number } {
  const rolling = objectAt(deployment, "spec", "strategy", "rollingUpdate");
  const surge = countFrom(rolling.maxSurge, wanted, Math.ceil) ?? 0;
  const unavailable = countFrom(rolling.maxUnavailable, wanted, Math.floor) ?? 0;
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, wanted) };
}

/** Takes older pods away: those that are not available at once, the others as far as enough stay available. */
function scaleDown(
  registry: Registry,
  older: readonly KubeObject[],
  { current, next, least }: { current: KubeObject; next: number; least: number },
): void {
  const newUnavailable = Math.max(0, next - availableOf(current));
  let removable = next + sum(older.map(wantedOf)) - least - newUnavailable;
  let spare = sum([current, ...older].map(availableOf)) - least;
  for (const set of older) {
    const unhealthy = Math.max(0, Math.min(wantedOf(set) - availableOf(set), removable));
    const healthy = Math.max(0, Math.min(availableOf(set), spare, removable - unhealthy));
    removable -= unhealthy + healthy;
    spare -= healthy;
    scaleTo(registry, set, wantedOf(set) - unhealthy - healthy);
  }
}

function scaleTo(registry: Registry, { metadata: { namespace, name } }: KubeObject, replicas: number): void {
  registry.update(REPLICA_SETS, namespace, name, (set) => ({ ...set, spec: { ...objectAt(set, "spec"), replicas } }));
}

function reportStatus(registry: Registry, { metadata: { namespace, name } }: KubeObject): void {
  const deployment = registry.get(DEPLOYMENTS, namespace, name);
  const owned = replicaSetsOf(registry, deployment);
  const template = objectAt(deployment, "spec", "template");
  const updated = owned.filter((set) => sameJson(templateOf(set), template));
  const replicas = sum(owned.map(existingOf));
  const available = sum(owned.map(availableOf));
  const wanted = wantedOf(deployment);
  const isAvailable = available >= wanted - bounds(deployment, wanted).unavailable;
  const counts = {
    replicas,
    updatedReplicas: sum(updated.map(existingOf)),
    readyReplicas: available,
    availableReplicas: available,
    unavailableReplicas: Math.max(0, Math.max(replicas, wanted) - available),
  };
  const status: JsonObject = {
    observedGeneration: deployment.metadata.generation,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    conditions: [availability(deployment, isAvailable)],
  };
  registry.update(DEPLOYMENTS, namespace, name, (object) => ({ ...object, status }), { part: "status" });
}

/** The condition keeps its times while it stays what it was. */
function availability(deployment: KubeObject, isAvailable: boolean): JsonObject {
  const status = isAvailable ? "True" : "False";
  const [before] = [objectAt(deployment, "status").conditions].flat();
  if (textAt(before, "type") === "Available" && textAt(before, "status") === status) {
    return objectAt(before);
  }
  const reason = isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable";
  return { type: "Available", status, reason, lastTransitionTime: now(), lastUpdateTime: now() };
}
