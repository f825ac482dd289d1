import type { ServerResponse } from "node:http";
import type { JsonObject } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { apiVersionOf, type Resource } from "../resources.ts";
import { type ApiFailure, expired } from "../status.ts";
import type { ObjectStore, StoreEvent } from "../store/object-store.ts";
import type { Answer, ApiRequest } from "./answer.ts";
import { presented, storageOf } from "./presentation.ts";
import { wholeNumber } from "./read.ts";
import { type Selection, selectionOf } from "./selection.ts";

/** When the client names no end. A real server takes a random time from half an hour to an hour. */
const DEFAULT_TIMEOUT_SECONDS = 1800;
/** A last bookmark comes this long before the end, so that the client can go on from there. */
const BOOKMARK_BEFORE_END_MS = 2_000;

export interface WatchesOptions {
  readonly store: ObjectStore;
  /** How often a client that allows bookmarks gets one. */
  readonly bookmarkIntervalMs: number;
  /** While true, what there is to send is kept back. */
  readonly isPaused: () => boolean;
}

/** All watches that are open. */
export class Watches {
  readonly #options: WatchesOptions;
  readonly #open = new Set<OpenWatch>();

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  /** Throws 400 for selectors that cannot be read; a version that is too old is told within the stream, as clients expect it. */
  start(request: ApiRequest): Answer {
    const { resource, namespace, name, query } = request;
    const selection = selectionOf(resource, namespace, name, query);
    const timeoutSeconds = wholeNumber(query, "timeoutSeconds") || DEFAULT_TIMEOUT_SECONDS;
    const version = query.get("resourceVersion") ?? "";
    return {
      kind: "stream",
      write: (response) => {
        const watch = new OpenWatch(response, resource, this.#options, {
          selection,
          timeoutMs: timeoutSeconds * 1000,
          bookmarks: isTrue(query, "allowWatchBookmarks"),
        });
        this.#open.add(watch);
        response.once("close", () => {
          watch.stop();
          this.#open.delete(watch);
        });
        watch.begin(version, isTrue(query, "sendInitialEvents"));
      },
    };
  }

  /** Cuts every watch without a word, as a broken network does. */
  drop(): void {
    for (const watch of this.#open) {
      watch.cut();
    }
  }

  /** Sends what was kept back. */
  resume(): void {
    for (const watch of this.#open) {
      watch.flush();
    }
  }
}

const isTrue = (query: URLSearchParams, key: string) => ["true", "1"].includes(query.get(key) ?? "");

interface WatchTerms {
  readonly selection: Selection;
  readonly timeoutMs: number;
  readonly bookmarks: boolean;
}

class OpenWatch {
  readonly #response: ServerResponse;
  readonly #resource: Resource;
  readonly #options: WatchesOptions;
  readonly #terms: WatchTerms;
  readonly #timers: NodeJS.Timeout[] = [];
  #stopListening: () => void = () => {};
  #kept: string[] = [];
  /** The version that the client named. */
  #startedAt = 0;

  constructor(response: ServerResponse, resource: Resource, options: WatchesOptions, terms: WatchTerms) {
    this.#response = response;
    this.#resource = resource;
    this.#options = options;
    this.#terms = terms;
  }

  /** @param version empty or `0`: everything there is comes first, as additions */
  begin(version: string, sendInitialEvents: boolean): void {
    this.#response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
    this.#response.flushHeaders();
    const { store } = this.#options;
    const stored = storageOf(this.#resource);
    if (version === "" || version === "0" || sendInitialEvents) {
      for (const object of store.list(stored)) {
        if (this.#terms.selection(object)) {
          this.#send("ADDED", this.#text(object));
        }
      }
      if ((sendInitialEvents || version === "") && this.#terms.bookmarks) {
        this.#bookmark({ annotations: { "k8s.io/initial-events-end": "true" } });
      }
    } else {
      this.#startedAt = Number(version);
      const missed = store.since(stored, Number(version));
      if (missed === undefined) {
        this.#fail(expired(`too old resource version: ${version} (${store.revision})`));
        return;
      }
      for (const event of missed) {
        this.#pass(event);
      }
    }
    this.#stopListening = store.listen(stored, (event) => this.#pass(event));
    this.#setTimers();
  }

  stop(): void {
    this.#stopListening();
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
  }

  cut(): void {
    this.#response.destroy();
  }

  flush(): void {
    const lines = this.#kept;
    this.#kept = [];
    for (const line of lines) {
      this.#response.write(line);
    }
  }

  #setTimers(): void {
    const { timeoutMs, bookmarks } = this.#terms;
    this.#timers.push(setTimeout(() => this.#response.end(), timeoutMs).unref());
    if (bookmarks) {
      const atTheEnd = Math.max(0, timeoutMs - BOOKMARK_BEFORE_END_MS);
      this.#timers.push(
        setTimeout(() => this.#bookmark(), atTheEnd).unref(),
        setInterval(() => this.#bookmark(), this.#options.bookmarkIntervalMs).unref(),
      );
    }
  }

  #pass(event: StoreEvent): void {
    const { object, previous } = event;
    const { selection } = this.#terms;
    const isIn = event.type !== "DELETED" && selection(object);
    const wasIn = previous !== undefined && selection(previous);
    if (isIn) {
      this.#send(wasIn ? "MODIFIED" : "ADDED", this.#text(object));
    } else if (wasIn) {
      // It left the selection: the client gets the last state that it could know, at the version at which it left.
      const gone =
        event.type === "DELETED"
          ? object
          : { ...previous, metadata: { ...previous.metadata, resourceVersion: object.metadata.resourceVersion } };
      this.#send("DELETED", this.#text(gone));
    }
  }

  /** Nothing is said while nothing is newer than what the client knew at the start. */
  #bookmark(metadata: JsonObject = {}): void {
    const { kind } = this.#resource;
    const { revision } = this.#options.store;
    if (revision <= this.#startedAt) {
      return;
    }
    const resourceVersion = String(revision);
    const object = { kind, apiVersion: apiVersionOf(this.#resource), metadata: { ...metadata, resourceVersion } };
    this.#send("BOOKMARK", JSON.stringify(object));
  }

  #fail(failure: ApiFailure): void {
    this.#send("ERROR", JSON.stringify(failure.status));
    this.#response.end();
  }

  #text(object: KubeObject): string {
    return this.#resource === storageOf(this.#resource)
      ? textOf(object)
      : JSON.stringify(presented(this.#resource, object));
  }

  #send(type: string, objectText: string): void {
    const line = `{"type":"${type}","object":${objectText}}\n`;
    if (this.#options.isPaused()) {
      this.#kept.push(line);
    } else {
      this.#response.write(line);
    }
  }
}

/** Objects never change in place, so their text is made once for however many watches. */
const texts = new WeakMap<KubeObject, string>();

function textOf(object: KubeObject): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}
