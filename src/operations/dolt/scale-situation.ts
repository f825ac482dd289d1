import { createHash } from "node:crypto";
import { fail } from "../../domain/errors.ts";
import { hostsOfPod } from "../../domain/pod-hosts.ts";
import type { ConfigMapView, PodService, WorkloadLayout } from "../../ports/scaling.ts";
import type { OperationContext } from "../operation.ts";
import type { DoltView } from "./look.ts";
import type { ReachablePod } from "./remotes.ts";
import { mostReplicas } from "./scale-definition.ts";
import { type ConfigChange, configChange } from "./server-config.ts";
import { type ConfigSource, findConfigSource } from "./server-config-source.ts";

/** What a scaling goes by, as the cluster is now. */
export interface ScaleSituation {
  readonly layout: WorkloadLayout;
  /** Names of the pods there shall be. */
  readonly wanted: readonly string[];
  /** Null: the layout does not show it, and `why` says so. */
  readonly configMap: ConfigMapView | null;
  readonly source: ConfigSource | null;
  readonly change: ConfigChange;
}

/** Names of the first so many pods. */
export function podNames(
  workload: string,
  { firstOrdinal }: Pick<WorkloadLayout, "firstOrdinal">,
  count: number,
): string[] {
  return Array.from({ length: count }, (_, index) => `${workload}-${firstOrdinal + index}`);
}

/**
 * Reads how the servers get their configuration, and what it has to become for so many of them.
 * @param leaving pods that are to go, or are gone
 */
export async function readSituation(
  context: OperationContext,
  view: DoltView,
  to: number,
  leaving: readonly string[],
): Promise<ScaleSituation> {
  const { scaling } = context.workloads;
  const { namespace, workload } = context.target;
  const layout = await scaling.layout(context.target, context.signal);
  if (layout === null) throw fail("target_unknown", { given: context.targetName, known: [] });
  const wanted = podNames(workload, layout, to);
  const found = findConfigSource(layout);
  const unknown = (why: string): ScaleSituation => ({ layout, wanted, configMap: null, source: null, change: { why } });
  if ("why" in found) return unknown(found.why);
  const { source } = found;
  const configMap = await scaling.configMap(namespace, source.configMap, context.signal);
  if (configMap === null) return unknown(`there is no ConfigMap ${source.configMap}`);
  const services = await scaling.podServices(namespace, context.signal);
  const change = configChange({
    source,
    data: configMap.data,
    pods: reachablePods(view, podNames(workload, layout, mostReplicas), services),
    wanted,
    leaving,
    workload: { namespace, serviceName: view.workload.serviceName },
    services,
    storedRemotes: view.nodes
      .flatMap((node) => node.answer?.replication ?? [])
      .flatMap(({ remote, remoteUrl }) => (remoteUrl === null ? [] : [{ name: remote, url: remoteUrl }])),
  });
  return { layout, wanted, configMap, source, change };
}

/** Names of remotes that a server runs with and should not, or should run with and does not. */
export function differingRemotes(loaded: readonly { readonly remote: string }[], names: readonly string[]): string[] {
  const has = new Set(loaded.map(({ remote }) => remote));
  return [...new Set([...has, ...names])].filter((name) => !(has.has(name) && names.includes(name)));
}

/** People approve what becomes of this configuration, so another one is another plan. */
export function contentOf(configMap: ConfigMapView | null): string {
  const sorted = Object.entries(configMap?.data ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16);
}

function reachablePods(view: DoltView, names: readonly string[], services: readonly PodService[]): ReachablePod[] {
  const { namespace, serviceName } = view.workload;
  return names.map((name) => {
    const pod = view.nodes.find((node) => node.name === name)?.pod ?? null;
    return { name, pod, hosts: hostsOfPod({ name, ip: pod?.ip ?? null }, { namespace, serviceName }, services) };
  });
}
