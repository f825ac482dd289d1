import type { KubeObject } from "../object.ts";
import type { Resource } from "../resources.ts";
import { alreadyExists, notFound, qualifiedName } from "../status.ts";

/** One write. `previous` is the object before it; undefined when it was created. */
export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
  readonly revision: number;
}

export type StoreListener = (event: StoreEvent, resource: Resource) => void;

interface Shelf {
  readonly objects: Map<string, KubeObject>;
  /** The last writes, the oldest first. */
  history: StoreEvent[];
  /** Every write after this revision is in the history. */
  forgottenUpTo: number;
  readonly listeners: Set<StoreListener>;
}

/** A real server has written a few hundred things before anybody asks; small versions are too old to watch from. */
const FIRST_REVISION = 100;

/**
 * Objects by resource, namespace and name, with one revision that counts every write, and the last writes of each resource.
 * It knows nothing of what objects mean. Listeners are called before the write returns and must not write themselves.
 */
export class ObjectStore {
  readonly #shelves = new Map<string, Shelf>();
  readonly #listeners = new Set<StoreListener>();
  readonly #historySize: number;
  #revision = FIRST_REVISION;
  #expiredAt = FIRST_REVISION;

  /** @param historySize how many writes of each resource are kept for watches that begin in the past */
  constructor(historySize: number) {
    this.#historySize = historySize;
  }

  get revision(): number {
    return this.#revision;
  }

  get(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#shelf(resource).objects.get(keyOf(namespace, name));
  }

  /** Objects in the order of namespace and name. */
  list(resource: Resource, namespace?: string): KubeObject[] {
    const found: [string, KubeObject][] = [];
    for (const [key, object] of this.#shelf(resource).objects) {
      if (namespace === undefined || object.metadata.namespace === namespace) {
        found.push([key, object]);
      }
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Throws 409 when there is one of that name. */
  insert(resource: Resource, object: KubeObject): KubeObject {
    const { namespace, name } = object.metadata;
    if (this.get(resource, namespace, name) !== undefined) {
      throw alreadyExists(resource, name);
    }
    return this.#write(resource, "ADDED", object, undefined);
  }

  /** Throws 404 when there is none of that name. */
  replace(resource: Resource, object: KubeObject): KubeObject {
    return this.#write(resource, "MODIFIED", object, this.#existing(resource, object));
  }

  /** @param object its last state; throws 404 when there is none of that name */
  remove(resource: Resource, object: KubeObject): KubeObject {
    return this.#write(resource, "DELETED", object, this.#existing(resource, object));
  }

  /** Calls the listener for every write of the resource, or of all resources, until the returned function is called. */
  listen(resource: Resource | "all", listener: StoreListener): () => void {
    const listeners = resource === "all" ? this.#listeners : this.#shelf(resource).listeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Writes after a revision; undefined when some of them have been forgotten. */
  since(resource: Resource, revision: number): readonly StoreEvent[] | undefined {
    const shelf = this.#shelf(resource);
    return revision < shelf.forgottenUpTo ? undefined : shelf.history.filter((event) => event.revision > revision);
  }

  /** Forgets every write, so that each revision known to a client so far is too old to watch from. */
  expireHistory(): void {
    this.#revision += 1;
    this.#expiredAt = this.#revision;
    for (const shelf of this.#shelves.values()) {
      shelf.history = [];
      shelf.forgottenUpTo = this.#revision;
    }
  }

  #existing(resource: Resource, { metadata }: KubeObject): KubeObject {
    const existing = this.get(resource, metadata.namespace, metadata.name);
    if (existing === undefined) {
      throw notFound(resource, metadata.name);
    }
    return existing;
  }

  #write(
    resource: Resource,
    type: StoreEvent["type"],
    given: KubeObject,
    previous: KubeObject | undefined,
  ): KubeObject {
    const shelf = this.#shelf(resource);
    this.#revision += 1;
    const object = { ...given, metadata: { ...given.metadata, resourceVersion: String(this.#revision) } };
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    if (type === "DELETED") {
      shelf.objects.delete(key);
    } else {
      shelf.objects.set(key, object);
    }
    const event: StoreEvent = { type, object, previous, revision: this.#revision };
    shelf.history.push(event);
    if (shelf.history.length > this.#historySize) {
      shelf.forgottenUpTo = shelf.history.shift()?.revision ?? shelf.forgottenUpTo;
    }
    for (const listener of [...shelf.listeners, ...this.#listeners]) {
      listener(event, resource);
    }
    return object;
  }

  #shelf(resource: Resource): Shelf {
    const key = qualifiedName(resource);
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) {
      shelf = { objects: new Map(), history: [], forgottenUpTo: this.#expiredAt, listeners: new Set() };
      this.#shelves.set(key, shelf);
    }
    return shelf;
  }
}

/** A space cannot stand in a name, and sorts before everything that can. */
function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""} ${name}`;
}
