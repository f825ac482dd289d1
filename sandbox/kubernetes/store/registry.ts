import { randomUUID } from "node:crypto";
import { entries, type JsonObject, listAt, sameJson } from "../json.ts";
import { withClusterIp } from "../kinds/cluster-ip.ts";
import { defaulted } from "../kinds/defaults.ts";
import { createCauses, updateCauses } from "../kinds/validation.ts";
import type { GivenObject, KubeObject, ObjectMeta } from "../object.ts";
import { apiVersionOf, NAMESPACES, type Resource } from "../resources.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  invalidValue,
  notFound,
  staleVersion,
} from "../status.ts";
import { type DeleteOptions, type Deletion, planDeletion } from "./deletion.ts";
import { completeNames, generatedName } from "./names.ts";
import type { ObjectStore } from "./object-store.ts";

export interface WriteOptions {
  /** Validates and answers, but stores nothing. */
  readonly dryRun?: boolean;
}

export interface UpdateOptions extends WriteOptions {
  /** Which part the client may change. `scale` and other subresources are changes of the main part. */
  readonly part?: "main" | "status";
  /** Whether it came as a whole object, which may have to name the version that it replaces. */
  readonly replacement?: boolean;
}

/** What the API means by writing an object: identity, versions, generations, finalizers, graceful deletion. */
export class Registry {
  readonly store: ObjectStore;

  constructor(store: ObjectStore) {
    this.store = store;
  }

  /** Throws 404. */
  get(resource: Resource, namespace: string | undefined, name: string): KubeObject {
    const object = this.store.get(resource, namespace, name);
    if (object === undefined) {
      throw notFound(resource, name);
    }
    return object;
  }

  create(
    resource: Resource,
    namespace: string | undefined,
    given: GivenObject,
    options: WriteOptions = {},
  ): KubeObject {
    const metadata = completeNames(resource, namespace, given.metadata);
    if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== "") {
      throw badRequest("resourceVersion should not be set on objects to be created");
    }
    this.#demandOpenNamespace(resource, metadata);
    const { generateName } = metadata;
    const name = metadata.name ?? generatedName(generateName ?? "");
    const { status, ...rest } = given;
    const object: KubeObject = defaulted(resource, {
      ...(resource.hasStatus || status === undefined ? rest : given),
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: {
        ...withoutEmpty(metadata),
        name,
        uid: randomUUID(),
        resourceVersion: "",
        creationTimestamp: now(),
        ...(resource.hasGeneration ? { generation: 1 } : {}),
      },
    });
    const causes = createCauses(resource, object);
    if (causes.length > 0) {
      throw invalid(resource, metadata.name ?? "", causes);
    }
    if (options.dryRun === true) {
      if (this.store.get(resource, object.metadata.namespace, name) !== undefined) {
        throw alreadyExists(resource, name);
      }
      return object;
    }
    return this.store.insert(resource, withClusterIp(resource, object, this.store));
  }

  /**
   * Changes an object. `change` is given the object as it is and answers with the object as it should be; a resourceVersion
   * or uid in that answer which is not the object's own is a conflict. Nothing is written when nothing changes.
   */
  update(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    change: (current: KubeObject) => GivenObject,
    options: UpdateOptions = {},
  ): KubeObject {
    const current = this.get(resource, namespace, name);
    const given = change(current);
    this.#demandSameObject(resource, current, given, options);
    const next = merged(resource, current, given, options.part ?? "main");
    const causes = updateCauses(resource, next, current);
    if (causes.length > 0) {
      throw invalid(resource, name, causes);
    }
    if (sameJson(next, current)) {
      return current;
    }
    const counted = countedGeneration(resource, next, current);
    if (options.dryRun === true) {
      return counted;
    }
    const written = isToBeRemoved(resource, counted)
      ? this.store.remove(resource, counted)
      : this.store.replace(resource, counted);
    return written;
  }

  /** Throws 404 and, for preconditions that do not hold, 409. */
  delete(resource: Resource, namespace: string | undefined, name: string, options: DeleteOptions = {}): Deletion {
    const current = this.get(resource, namespace, name);
    const plan = planDeletion(resource, current, options);
    if (options.dryRun === true || plan.kind === "nothing") {
      return { object: plan.object, removed: false };
    }
    if (plan.kind === "remove") {
      return { object: this.store.remove(resource, plan.object), removed: true };
    }
    return { object: this.store.replace(resource, plan.object), removed: false };
  }

  #demandOpenNamespace(resource: Resource, { namespace, name }: GivenObject["metadata"]): void {
    if (!resource.namespaced || namespace === undefined) {
      return;
    }
    const found = this.store.get(NAMESPACES, undefined, namespace);
    if (found === undefined) {
      throw notFound(NAMESPACES, namespace);
    }
    if (found.metadata.deletionTimestamp !== undefined) {
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw forbidden(resource, name ?? "", why);
    }
  }

  #demandSameObject(resource: Resource, current: KubeObject, given: GivenObject, options: UpdateOptions): void {
    const { name, uid, resourceVersion } = given.metadata;
    if (name !== undefined && name !== current.metadata.name) {
      throw badRequest(
        `the name of the object (${name}) does not match the name on the URL (${current.metadata.name})`,
      );
    }
    if (uid !== undefined && uid !== "" && uid !== current.metadata.uid) {
      if (options.replacement !== true) {
        throw invalid(resource, current.metadata.name, [invalidValue("metadata.uid", uid, "field is immutable")]);
      }
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
      throw conflict(resource, current.metadata.name, why);
    }
    if (resourceVersion === undefined || resourceVersion === "" || resourceVersion === "0") {
      if (resource.demandsVersion && options.replacement === true) {
        const causes = [
          {
            reason: "FieldValueInvalid",
            message: "Invalid value: 0: must be specified for an update",
            field: "metadata.resourceVersion",
          },
        ];
        throw invalid(resource, current.metadata.name, causes);
      }
    } else if (resourceVersion !== current.metadata.resourceVersion) {
      throw staleVersion(resource, current.metadata.name);
    }
  }
}

/** What of the client's object counts, and what stays as it was. */
function merged(resource: Resource, current: KubeObject, given: GivenObject, part: "main" | "status"): KubeObject {
  const { uid, resourceVersion, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds } =
    current.metadata;
  const metadata: ObjectMeta = {
    ...withoutEmpty(given.metadata),
    name: current.metadata.name,
    ...(current.metadata.namespace === undefined ? {} : { namespace: current.metadata.namespace }),
    uid,
    resourceVersion,
    creationTimestamp,
  };
  carry(metadata, "generation", generation);
  carry(metadata, "deletionTimestamp", deletionTimestamp);
  carry(metadata, "deletionGracePeriodSeconds", deletionGracePeriodSeconds);
  const identity = { apiVersion: current.apiVersion, kind: current.kind, metadata };
  if (!resource.hasStatus) {
    return defaulted(resource, { ...given, ...identity });
  }
  const [kept, taken] = part === "status" ? [current, given] : [given, current];
  const next: KubeObject = { ...kept, ...identity };
  if (taken.status === undefined) {
    delete next.status;
  } else {
    next.status = taken.status;
  }
  return part === "status" ? next : defaulted(resource, next);
}

function carry(metadata: JsonObject, key: string, value: string | number | undefined): void {
  if (value === undefined) {
    delete metadata[key];
  } else {
    metadata[key] = value;
  }
}

/** The API leaves out maps and lists that hold nothing. */
function withoutEmpty(metadata: GivenObject["metadata"]): GivenObject["metadata"] {
  const full = entries(metadata).filter(
    ([, value]) => value !== null && value !== "" && !(typeof value === "object" && Object.keys(value).length === 0),
  );
  return Object.fromEntries(full);
}

/** A change of anything but metadata and status is a new generation. */
function countedGeneration(resource: Resource, next: KubeObject, current: KubeObject): KubeObject {
  if (!resource.hasGeneration || sameJson(specification(next), specification(current))) {
    return next;
  }
  return { ...next, metadata: { ...next.metadata, generation: (current.metadata.generation ?? 0) + 1 } };
}

function specification({ metadata, status, ...rest }: KubeObject): JsonObject {
  return rest;
}

/** Its deletion waited for finalizers only, and the last of them has gone. */
function isToBeRemoved(resource: Resource, object: KubeObject): boolean {
  const { metadata } = object;
  const holds = resource === NAMESPACES ? listAt(object, "spec", "finalizers") : [];
  return (
    holds.length === 0 &&
    metadata.deletionTimestamp !== undefined &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
    (metadata.finalizers ?? []).length === 0
  );
}

/** RFC 3339 with whole seconds, as `metav1.Time` is. */
export function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
