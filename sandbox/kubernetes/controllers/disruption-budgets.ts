import { type JsonObject, numberAt, objectAt, textAt } from "../json.ts";
import { controllerOf, type KubeObject } from "../object.ts";
import { matchesLabels, selectorOfObject } from "../requests/label-selector.ts";
import { POD_DISRUPTION_BUDGETS, PODS, resourceOfKind } from "../resources.ts";
import { now, type Registry } from "../store/registry.ts";
import type { Controller, ControllerContext } from "./follow.ts";
import { isReady, isTerminating } from "./pods.ts";
import { countFrom } from "./share.ts";
import { WorkQueue } from "./work-queue.ts";

/** Keeps the status of PodDisruptionBudgets (https://kubernetes.io/docs/tasks/run-application/configure-pdb/). */
export function startDisruptionBudgets({ registry, onError }: ControllerContext): Controller {
  const { store } = registry;
  const queue = new WorkQueue((key) => {
    const [namespace, name = ""] = key.split("/");
    const budget = store.get(POD_DISRUPTION_BUDGETS, namespace, name);
    if (budget !== undefined && budget.metadata.deletionTimestamp === undefined) {
      reportStatus(registry, budget);
    }
  }, onError);
  const enqueue = ({ metadata }: KubeObject) => queue.add(`${metadata.namespace}/${metadata.name}`);
  const endings = [
    store.listen(POD_DISRUPTION_BUDGETS, ({ object }) => enqueue(object)),
    store.listen(PODS, ({ object }) => {
      store
        .list(POD_DISRUPTION_BUDGETS, object.metadata.namespace)
        .filter((budget) => covers(budget, object))
        .forEach(enqueue);
    }),
  ];
  store.list(POD_DISRUPTION_BUDGETS).forEach(enqueue);
  return {
    stop: () => {
      for (const end of endings) {
        end();
      }
      queue.stop();
    },
  };
}

function covers(budget: KubeObject, { metadata }: KubeObject): boolean {
  return matchesLabels(selectorOfObject(objectAt(budget, "spec", "selector")), metadata.labels);
}

function reportStatus(registry: Registry, budget: KubeObject): void {
  const { namespace, name, generation } = budget.metadata;
  const pods = registry.store.list(PODS, namespace).filter((pod) => covers(budget, pod));
  const disruptedPods = stillDisrupted(budget, pods);
  const healthy = pods.filter(
    (pod) => isReady(pod) && !isTerminating(pod) && disruptedPods[pod.metadata.name] === undefined,
  );
  const { expected, desired } = expectation(registry, budget, pods);
  const allowed = expected === 0 ? 0 : Math.max(0, healthy.length - desired);
  const status: JsonObject = {
    observedGeneration: generation,
    ...(Object.keys(disruptedPods).length === 0 ? {} : { disruptedPods }),
    disruptionsAllowed: allowed,
    currentHealthy: healthy.length,
    desiredHealthy: desired,
    expectedPods: expected,
    conditions: [condition(budget, allowed > 0)],
  };
  registry.update(POD_DISRUPTION_BUDGETS, namespace, name, (object) => ({ ...object, status }), { part: "status" });
}

/** Pods whose eviction was allowed and that have not yet begun to go. */
function stillDisrupted(budget: KubeObject, pods: readonly KubeObject[]): JsonObject {
  const waiting = new Set(pods.filter((pod) => !isTerminating(pod)).map(({ metadata }) => metadata.name));
  const entries = Object.entries(objectAt(budget, "status", "disruptedPods"));
  return Object.fromEntries(entries.filter(([pod]) => waiting.has(pod)));
}

/** A plain `minAvailable` counts the pods there are; everything else the pods that their owners are to have. */
function expectation(
  registry: Registry,
  budget: KubeObject,
  pods: readonly KubeObject[],
): { expected: number; desired: number } {
  const { minAvailable, maxUnavailable } = objectAt(budget, "spec");
  if (typeof minAvailable === "number") {
    return { expected: pods.length, desired: minAvailable };
  }
  const expected = replicasOfOwners(registry, pods);
  const unavailable = countFrom(maxUnavailable, expected, Math.ceil);
  const desired =
    unavailable === undefined
      ? (countFrom(minAvailable, expected, Math.ceil) ?? 0)
      : Math.max(0, expected - unavailable);
  return { expected, desired };
}

function replicasOfOwners(registry: Registry, pods: readonly KubeObject[]): number {
  const owners = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    const resource = owner === undefined ? undefined : resourceOfKind(owner.apiVersion, owner.kind);
    if (owner !== undefined && resource !== undefined) {
      const object = registry.store.get(resource, pod.metadata.namespace, owner.name);
      owners.set(owner.uid, numberAt(object, "spec", "replicas") ?? 0);
    }
  }
  return [...owners.values()].reduce((total, replicas) => total + replicas, 0);
}

/** The condition keeps its time while it stays what it was. */
function condition(budget: KubeObject, isAllowed: boolean): JsonObject {
  const [before] = [objectAt(budget, "status").conditions].flat();
  const status = isAllowed ? "True" : "False";
  const observedGeneration = budget.metadata.generation;
  const lastTransitionTime = textAt(before, "status") === status ? textAt(before, "lastTransitionTime") : now();
  const reason = isAllowed ? "SufficientPods" : "InsufficientPods";
  return { type: "DisruptionAllowed", status, reason, message: "", observedGeneration, lastTransitionTime };
}
