import type { CoreV1Event } from "@kubernetes/client-node";
import { fail } from "../../domain/errors.ts";
import type { PodReference } from "../../ports/workloads.ts";
import type { KubernetesApi } from "./api.ts";
import { oneLine } from "./one-line.ts";
import { serverContainer } from "./pod-view.ts";

/** Events of one object, by its UID: those of an earlier pod of the same name say nothing of this one. */
export async function readEvents(
  api: KubernetesApi,
  { namespace, uid }: { readonly namespace: string; readonly uid: string },
  signal: AbortSignal,
): Promise<string[]> {
  const fieldSelector = `involvedObject.uid=${uid}`;
  const { items } = await api.list<CoreV1Event>(`listing events of ${namespace}`, signal, (page, options) =>
    api.core.listNamespacedEvent({ namespace, fieldSelector, ...page }, options),
  );
  return items.toSorted((a, b) => timeOf(a) - timeOf(b)).map(eventText);
}

/** The last lines of the server's container; of the one before, while the newest has not begun to write. */
export async function readPodLog(
  api: KubernetesApi,
  { namespace, name, uid }: PodReference,
  lines: number,
  signal: AbortSignal,
): Promise<string[]> {
  const doing = `reading the log of pod ${namespace}/${name}`;
  const pod = await api.call(doing, signal, (options) => api.core.readNamespacedPod({ namespace, name }, options));
  if (pod.metadata?.uid !== uid) throw fail("kubernetes_refused", { doing, why: "another pod has its name by now" });
  const container = serverContainer(pod)?.name;
  const which = { namespace, name, tailLines: lines, ...(container === undefined ? {} : { container }) };
  const text = await api.call(doing, signal, (options) => api.core.readNamespacedPodLog(which, options));
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-lines)
    .map(oneLine);
}

/** Old events have `lastTimestamp`, new ones `eventTime` and, when they come again, a series. */
function timeOf({ series, lastTimestamp, eventTime, metadata }: CoreV1Event): number {
  const time = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
  return time?.getTime() ?? 0;
}

function eventText({ type, reason, message, count, series }: CoreV1Event): string {
  const times = series?.count ?? count ?? 1;
  return oneLine(`${type ?? "Normal"} ${reason ?? ""}: ${message ?? ""}${times > 1 ? ` (×${times})` : ""}`);
}
