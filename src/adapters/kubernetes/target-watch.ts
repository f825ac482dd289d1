import { z } from "zod";
import { type AnnouncedTarget, type WorkloadKind, workloadKindSchema } from "../../domain/target.ts";
import type { Clock } from "../../ports/clock.ts";
import { announcedTarget, groupedTargets } from "./announced-target.ts";
import type { KubernetesApi } from "./api.ts";
import { isForbidden, listWorkloads, resourceOf } from "./workload-kinds.ts";

const firstRetryMs = 500;
const longestRetryMs = 30_000;

export interface TargetWatchOptions {
  readonly cluster: string;
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  /** Called after every change of the list, and once when it is first known. */
  readonly onChange: (targets: readonly AnnouncedTarget[]) => void;
  /** Called when a list or a watch fails; it is tried again in a while, and until then the last list stands. */
  readonly onError: (namespace: string, error: unknown) => void;
  /** Called once for a kind that this process may not list there; the others go on without it, and it is tried again in a while. */
  readonly onForbidden: (namespace: string, kind: WorkloadKind) => void;
}

/** The parts of an event's object that count here. */
const eventObjectSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});

/**
 * Keeps the list of announced targets, until the signal ends it: a list and a watch a namespace and kind, so that a Role that
 * names some kinds only is enough for those.
 *
 * List, watch from there until the watch ends, begin again. client-node's own informer is not used: it stops at an
 * error, and a credential that cannot be read while it reconnects is a rejection that nobody can handle. A quiet watch
 * ends after 30 s (`Watch`), so that a list backs the watch at least that often.
 */
export async function watchTargets(
  api: KubernetesApi,
  options: TargetWatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const places = options.namespaces.flatMap((namespace) =>
    workloadKindSchema.options.map((kind) => ({ namespace, kind })),
  );
  const known = new Map<Place, Announced>();
  const publish = (place: Place, targets: Announced) => {
    const isNews = JSON.stringify([...targets]) !== JSON.stringify([...(known.get(place) ?? [])]);
    const isFirst = !known.has(place);
    known.set(place, targets);
    if (known.size === places.length && (isNews || isFirst)) {
      const all = places.flatMap((one) => [...(known.get(one)?.values() ?? [])]);
      options.onChange(groupedTargets(all));
    }
  };
  await Promise.all(places.map((place) => keepWatching(api, options, place, known, publish, signal)));
}

/** What one list and its watch are about. */
interface Place {
  readonly namespace: string;
  readonly kind: WorkloadKind;
}

/** What is announced there, by the workload's name. */
type Announced = ReadonlyMap<string, AnnouncedTarget>;

type Publish = (place: Place, targets: Announced) => void;

async function keepWatching(
  api: KubernetesApi,
  options: TargetWatchOptions,
  place: Place,
  known: ReadonlyMap<Place, Announced>,
  publish: Publish,
  signal: AbortSignal,
): Promise<void> {
  let retryMs = firstRetryMs;
  let wasForbidden = false;
  while (!signal.aborted) {
    try {
      await listAndWatch(api, options, place, publish, signal);
      retryMs = firstRetryMs;
      wasForbidden = false;
    } catch (error) {
      if (signal.aborted) return;
      const forbidden = isForbidden(error);
      if (!forbidden) options.onError(place.namespace, error);
      else if (!wasForbidden) options.onForbidden(place.namespace, place.kind);
      wasForbidden = forbidden;
      // Nothing will come from there, so nobody waits for it.
      if (forbidden && !known.has(place)) publish(place, new Map());
      await options.clock.sleep(retryMs, signal).catch(() => {});
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
  }
}

/** One list and the watch that follows it. Resolves when the watch ended in an ordinary way, rejects when either failed. */
async function listAndWatch(
  api: KubernetesApi,
  options: TargetWatchOptions,
  place: Place,
  publish: Publish,
  signal: AbortSignal,
): Promise<void> {
  const { items, resourceVersion } = await listWorkloads(api, place.kind, place.namespace, signal);
  const targets = new Map<string, AnnouncedTarget>();
  for (const item of items) {
    const target = announcedTarget(options.cluster, place.kind, item);
    if (target !== null) targets.set(item.metadata?.name ?? "", target);
  }
  publish(place, new Map(targets));

  await watchUntilEnd(api, place, resourceVersion, signal, (phase, object) => {
    const target = phase === "DELETED" ? null : announcedTarget(options.cluster, place.kind, object);
    if (target === null) targets.delete(object.metadata.name);
    else targets.set(object.metadata.name, target);
    publish(place, new Map(targets));
  });
}

async function watchUntilEnd(
  api: KubernetesApi,
  { namespace, kind }: Place,
  resourceVersion: string,
  signal: AbortSignal,
  onEvent: (phase: "ADDED" | "MODIFIED" | "DELETED", object: z.infer<typeof eventObjectSchema>) => void,
): Promise<void> {
  const ended = Promise.withResolvers<{ error: unknown }>();
  const end = (error: unknown) => ended.resolve({ error });
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${resourceOf[kind]}`;
  const request = await api.watch.watch(
    path,
    { resourceVersion, allowWatchBookmarks: true },
    (phase: string, object: unknown) => {
      if (phase === "BOOKMARK") return;
      // An ERROR (410 Gone, mostly) says that the watch cannot go on from here: a new list can.
      if (phase !== "ADDED" && phase !== "MODIFIED" && phase !== "DELETED") return end(null);
      const parsed = eventObjectSchema.safeParse(object);
      if (parsed.success) onEvent(phase, parsed.data);
      else end(parsed.error);
    },
    end,
  );
  const onAbort = () => end(null);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const { error } = await ended.promise;
    if (error !== null && error !== undefined && !isTimeout(error)) throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    request.abort();
  }
}

/** How client-node's Watch ends when nothing came for 30 s. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}
