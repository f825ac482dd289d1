import type { KubeObject } from "../object.ts";
import { apiVersionOf } from "../resources.ts";
import { badRequest, expired, tooLargeVersion } from "../status.ts";
import type { Registry } from "../store/registry.ts";
import { type Answer, type ApiRequest, ok } from "./answer.ts";
import { listItem, presented, storageOf } from "./presentation.ts";
import { selectionOf } from "./selection.ts";

/** How many lists that have further pages are remembered; the oldest is forgotten first. */
const SNAPSHOTS_KEPT = 64;

const EXPIRED_TOKEN =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

interface Snapshot {
  readonly objects: readonly KubeObject[];
  readonly revision: number;
}

/** GET of one object and of lists, whose further pages show the state at the time of the first. */
export class Reads {
  readonly #registry: Registry;
  readonly #snapshots = new Map<string, Snapshot>();
  #count = 0;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  get({ resource, namespace, name = "" }: ApiRequest): Answer {
    return ok(presented(resource, this.#registry.get(storageOf(resource), namespace, name)));
  }

  list(request: ApiRequest): Answer {
    const { resource, query } = request;
    const limit = wholeNumber(query, "limit") ?? 0;
    const token = query.get("continue") ?? "";
    const { id, offset } = token === "" ? { id: undefined, offset: 0 } : parseToken(token);
    const snapshot = id === undefined ? this.#take(request) : this.#snapshots.get(id);
    if (snapshot === undefined) {
      throw expired(EXPIRED_TOKEN);
    }
    const end = limit > 0 ? offset + limit : snapshot.objects.length;
    const remaining = Math.max(0, snapshot.objects.length - end);
    const items = snapshot.objects.slice(offset, end).map((object) => listItem(resource, object));
    const next =
      remaining === 0 ? {} : { continue: `${id ?? this.#keep(snapshot)}.${end}`, remainingItemCount: remaining };
    return ok({
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(snapshot.revision), ...next },
      items,
    });
  }

  /** Every continue token handed out so far is too old. */
  expire(): void {
    this.#snapshots.clear();
  }

  #take({ resource, namespace, query }: ApiRequest): Snapshot {
    const { store } = this.#registry;
    const wanted = Number(query.get("resourceVersion") ?? 0);
    if (wanted > store.revision) {
      throw tooLargeVersion(wanted, store.revision);
    }
    const isSelected = selectionOf(resource, namespace, undefined, query);
    return { objects: store.list(storageOf(resource), namespace).filter(isSelected), revision: store.revision };
  }

  #keep(snapshot: Snapshot): string {
    this.#count += 1;
    const id = String(this.#count);
    this.#snapshots.set(id, snapshot);
    const [oldest] = this.#snapshots.keys();
    if (this.#snapshots.size > SNAPSHOTS_KEPT && oldest !== undefined) {
      this.#snapshots.delete(oldest);
    }
    return id;
  }
}

function parseToken(token: string): { id: string; offset: number } {
  const [, id, offset] = /^(\d+)\.(\d+)$/.exec(token) ?? [];
  if (id === undefined || offset === undefined) {
    throw badRequest("continue key is not valid: illegal token");
  }
  return { id, offset: Number(offset) };
}

/** A number of the query; undefined when it is not given. Throws 400 for anything else. */
export function wholeNumber(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null || text === "") {
    return undefined;
  }
  if (!/^\d+$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax (${key})`);
  }
  return Number(text);
}
