import type { Registry } from "../store/registry.ts";
import { startDaemonSets } from "./daemon-set/controller.ts";
import { startDeployments } from "./deployment/controller.ts";
import { startReplicaSets } from "./deployment/replica-sets.ts";
import { startDisruptionBudgets } from "./disruption-budgets.ts";
import type { Controller } from "./follow.ts";
import { startGarbageCollector } from "./garbage-collector.ts";
import { startNamespaces } from "./namespaces.ts";
import { startStatefulSets } from "./stateful-set/controller.ts";

/** Starts what a controller manager does, as far as the project needs it. They learn of writes from the store and never poll. */
export function startControllers(registry: Registry, onError: (message: string, cause: unknown) => void): Controller {
  const context = { registry, onError };
  const started = [
    startNamespaces,
    startStatefulSets,
    startReplicaSets,
    startDeployments,
    startDaemonSets,
    startDisruptionBudgets,
    startGarbageCollector,
  ].map((start) => start(context));
  return {
    stop: () => {
      for (const controller of started) {
        controller.stop();
      }
    },
  };
}
