import { listAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { RESOURCES, type Resource } from "../resources.ts";
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from "../store/deletion.ts";
import type { StoreEvent } from "../store/object-store.ts";
import type { Controller, ControllerContext } from "./follow.ts";
import { WorkQueue } from "./work-queue.ts";

interface Known {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/**
 * Deletes what is owned only by objects that are gone, and carries the two other propagation policies out, which wait as
 * finalizers (https://kubernetes.io/docs/concepts/architecture/garbage-collection/).
 */
export function startGarbageCollector({ registry, onError }: ControllerContext): Controller {
  const { store } = registry;
  const living = new Map<string, Known>();
  const dependents = new Map<string, Set<string>>();

  const queue = new WorkQueue((uid) => {
    const known = living.get(uid);
    if (known === undefined) {
      collectDependentsOf(uid);
      return;
    }
    const { finalizers = [], deletionTimestamp } = known.object.metadata;
    if (deletionTimestamp !== undefined && finalizers.includes(ORPHAN_FINALIZER)) {
      orphanDependentsOf(known);
    } else if (deletionTimestamp !== undefined && finalizers.includes(FOREGROUND_FINALIZER)) {
      deleteBefore(known);
    } else {
      collectIfAbandoned(known);
    }
  }, onError);

  const dependentsOf = (uid: string) =>
    [...(dependents.get(uid) ?? [])].flatMap((dependent) => living.get(dependent) ?? []);

  function collectDependentsOf(uid: string): void {
    dependentsOf(uid).forEach(collectIfAbandoned);
    dependents.delete(uid);
  }

  function collectIfAbandoned({ resource, object }: Known): void {
    const { ownerReferences = [], namespace, name, uid, deletionTimestamp } = object.metadata;
    const isAbandoned = ownerReferences.length > 0 && ownerReferences.every((owner) => !living.has(owner.uid));
    if (isAbandoned && deletionTimestamp === undefined) {
      registry.delete(resource, namespace, name, { propagationPolicy: "Background", preconditions: { uid } });
    }
  }

  function orphanDependentsOf({ resource, object }: Known): void {
    for (const dependent of dependentsOf(object.metadata.uid)) {
      const { namespace, name } = dependent.object.metadata;
      registry.update(dependent.resource, namespace, name, (current) => {
        const owners = (current.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== object.metadata.uid);
        return { ...current, metadata: { ...current.metadata, ownerReferences: owners } };
      });
    }
    dropFinalizer(resource, object, ORPHAN_FINALIZER);
  }

  /** Dependents that block their owner go first. */
  function deleteBefore({ resource, object }: Known): void {
    const blocking = dependentsOf(object.metadata.uid).filter(({ object: { metadata } }) =>
      metadata.ownerReferences?.some(
        ({ uid, blockOwnerDeletion }) => uid === object.metadata.uid && blockOwnerDeletion === true,
      ),
    );
    for (const dependent of blocking) {
      const { namespace, name, deletionTimestamp } = dependent.object.metadata;
      if (deletionTimestamp === undefined) {
        registry.delete(dependent.resource, namespace, name, { propagationPolicy: "Foreground" });
      }
    }
    if (blocking.length === 0) {
      dropFinalizer(resource, object, FOREGROUND_FINALIZER);
    }
  }

  function dropFinalizer(resource: Resource, { metadata: { namespace, name } }: KubeObject, finalizer: string): void {
    registry.update(resource, namespace, name, (current) => {
      const finalizers = (current.metadata.finalizers ?? []).filter((other) => other !== finalizer);
      return { ...current, metadata: { ...current.metadata, finalizers } };
    });
  }

  function note({ type, object }: Pick<StoreEvent, "type" | "object">, resource: Resource): void {
    const { uid, ownerReferences = [] } = object.metadata;
    if (type === "DELETED") {
      living.delete(uid);
    } else {
      living.set(uid, { resource, object });
    }
    for (const owner of ownerReferences) {
      const known = dependents.get(owner.uid) ?? new Set();
      known.add(uid);
      dependents.set(owner.uid, known);
      if (type === "DELETED") {
        known.delete(uid);
        queue.add(owner.uid);
      }
    }
    if (
      type === "DELETED"
        ? dependents.has(uid)
        : ownerReferences.length > 0 || listAt(object, "metadata", "finalizers").length > 0
    ) {
      queue.add(uid);
    }
  }

  for (const resource of RESOURCES) {
    for (const object of store.list(resource)) {
      note({ type: "ADDED", object }, resource);
    }
  }
  const end = store.listen("all", note);
  return {
    stop: () => {
      end();
      queue.stop();
    },
  };
}
