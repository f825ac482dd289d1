import type { V1StatefulSet } from "@kubernetes/client-node";
import { z } from "zod";
import type { AnnouncedTarget } from "../../domain/target.ts";
import type { Clock } from "../../ports/clock.ts";
import { announcedTarget } from "./announced-target.ts";
import type { KubernetesApi } from "./api.ts";

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
 * Keeps the list of announced targets, until the signal ends it.
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
  const known = new Map<string, ReadonlyMap<string, AnnouncedTarget>>();
  const publish = (namespace: string, targets: ReadonlyMap<string, AnnouncedTarget>) => {
    const isNews = JSON.stringify([...targets]) !== JSON.stringify([...(known.get(namespace) ?? [])]);
    const isFirst = !known.has(namespace);
    known.set(namespace, targets);
    if (known.size === options.namespaces.length && (isNews || isFirst)) {
      options.onChange([...known.values()].flatMap((ofNamespace) => [...ofNamespace.values()]));
    }
  };
  await Promise.all(options.namespaces.map((namespace) => keepWatching(api, options, namespace, publish, signal)));
}

type Publish = (namespace: string, targets: ReadonlyMap<string, AnnouncedTarget>) => void;

async function keepWatching(
  api: KubernetesApi,
  options: TargetWatchOptions,
  namespace: string,
  publish: Publish,
  signal: AbortSignal,
): Promise<void> {
  let retryMs = firstRetryMs;
  while (!signal.aborted) {
    try {
      await listAndWatch(api, options, namespace, publish, signal);
      retryMs = firstRetryMs;
    } catch (error) {
      if (signal.aborted) return;
      options.onError(namespace, error);
      await options.clock.sleep(retryMs, signal).catch(() => {});
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
  }
}

/** One list and the watch that follows it. Resolves when the watch ended in an ordinary way, rejects when either failed. */
async function listAndWatch(
  api: KubernetesApi,
  options: TargetWatchOptions,
  namespace: string,
  publish: Publish,
  signal: AbortSignal,
): Promise<void> {
  const { items, resourceVersion } = await api.list<V1StatefulSet>(
    `listing StatefulSets of ${namespace}`,
    signal,
    (page, callOptions) => api.apps.listNamespacedStatefulSet({ namespace, ...page }, callOptions),
  );
  const targets = new Map<string, AnnouncedTarget>();
  for (const item of items) {
    const target = announcedTarget(options.cluster, item);
    if (target !== null) targets.set(target.workload, target);
  }
  publish(namespace, new Map(targets));

  await watchUntilEnd(api, namespace, resourceVersion, signal, (phase, object) => {
    const target = phase === "DELETED" ? null : announcedTarget(options.cluster, object);
    if (target === null) targets.delete(object.metadata.name);
    else targets.set(object.metadata.name, target);
    publish(namespace, new Map(targets));
  });
}

async function watchUntilEnd(
  api: KubernetesApi,
  namespace: string,
  resourceVersion: string,
  signal: AbortSignal,
  onEvent: (phase: "ADDED" | "MODIFIED" | "DELETED", object: z.infer<typeof eventObjectSchema>) => void,
): Promise<void> {
  const ended = Promise.withResolvers<{ error: unknown }>();
  const end = (error: unknown) => ended.resolve({ error });
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/statefulsets`;
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
