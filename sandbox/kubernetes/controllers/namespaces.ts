import { objectAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { NAMESPACES, RESOURCES, SERVICE_ACCOUNTS } from "../resources.ts";
import type { Registry } from "../store/registry.ts";
import type { Controller, ControllerContext } from "./follow.ts";
import { WorkQueue } from "./work-queue.ts";

/** Gives each namespace its default ServiceAccount, and empties the ones that are being deleted before it lets them go. */
export function startNamespaces({ registry, onError }: ControllerContext): Controller {
  const { store } = registry;
  const queue = new WorkQueue((name) => {
    const namespace = store.get(NAMESPACES, undefined, name);
    if (namespace === undefined) {
      return;
    }
    if (namespace.metadata.deletionTimestamp !== undefined) {
      empty(registry, namespace);
    } else if (store.get(SERVICE_ACCOUNTS, name, "default") === undefined) {
      registry.create(SERVICE_ACCOUNTS, name, { metadata: { name: "default" } });
    }
  }, onError);
  const end = store.listen("all", ({ type, object }, resource) => {
    if (resource === NAMESPACES) {
      queue.add(object.metadata.name);
    } else if (type === "DELETED" && object.metadata.namespace !== undefined) {
      queue.add(object.metadata.namespace);
    }
  });
  for (const { metadata } of store.list(NAMESPACES)) {
    queue.add(metadata.name);
  }
  return {
    stop: () => {
      end();
      queue.stop();
    },
  };
}

function empty(registry: Registry, { metadata: { name } }: KubeObject): void {
  let left = 0;
  for (const resource of RESOURCES.filter(({ namespaced }) => namespaced)) {
    for (const { metadata } of registry.store.list(resource, name)) {
      const { removed } = registry.delete(resource, name, metadata.name, { propagationPolicy: "Background" });
      left += removed ? 0 : 1;
    }
  }
  if (left === 0) {
    registry.update(NAMESPACES, undefined, name, (namespace) => ({
      ...namespace,
      spec: { ...objectAt(namespace, "spec"), finalizers: [] },
    }));
  }
}
