import { controllerOf, type KubeObject } from "../object.ts";
import type { Resource } from "../resources.ts";
import type { Registry } from "../store/registry.ts";
import { WorkQueue } from "./work-queue.ts";

export interface Controller {
  stop(): void;
}

export interface ControllerContext {
  readonly registry: Registry;
  readonly onError: (message: string, cause: unknown) => void;
}

/**
 * Calls `reconcile` for each object of a resource: once at first, and whenever it or something that it controls was written.
 * It is not called for objects that are gone.
 * @param options.around resources of which every change counts for all of them
 */
export function followOwners(
  { registry, onError }: ControllerContext,
  resource: Resource,
  owned: readonly Resource[],
  reconcile: (object: KubeObject) => void,
  { around = [] }: { readonly around?: readonly Resource[] } = {},
): Controller {
  const { store } = registry;
  const queue = new WorkQueue((key) => {
    const [namespace, name = ""] = key.split("/");
    const object = store.get(resource, namespace, name);
    if (object !== undefined) {
      reconcile(object);
    }
  }, onError);
  const enqueue = ({ metadata }: KubeObject) => queue.add(`${metadata.namespace}/${metadata.name}`);
  const enqueueOwner = (object: KubeObject) => {
    const owner = controllerOf(object);
    if (owner?.kind === resource.kind) {
      queue.add(`${object.metadata.namespace}/${owner.name}`);
    }
  };
  const endings = [
    store.listen(resource, ({ object }) => enqueue(object)),
    ...owned.map((part) => store.listen(part, ({ object }) => enqueueOwner(object))),
    ...around.map((part) => store.listen(part, () => store.list(resource).forEach(enqueue))),
  ];
  for (const object of store.list(resource)) {
    enqueue(object);
  }
  return {
    stop: () => {
      for (const end of endings) {
        end();
      }
      queue.stop();
    },
  };
}
