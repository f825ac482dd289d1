import type { V1Container, V1LifecycleHandler, V1Pod, V1StatefulSet } from "@kubernetes/client-node";
import { settingInArguments } from "../../operations/cratedb/start-up-arguments.ts";
import type { CrateClusterView, CratePod, CrateSetView, StartUpArguments } from "../../ports/crate-clusters.ts";
import { ownershipOf } from "./ownership.ts";
import { podView, type ServerNames, serverContainerOf } from "./pod-view.ts";

/** crate-operator's names, which Helm charts follow. */
export const crateNames: ServerNames = { container: "crate", port: "http", defaultPort: 4200 };

/** How people type the dedicated masters. */
const mastersGroup = "masters";
/** crate-operator's label of what it calls a node's name: the data group. */
const groupLabel = "cloud.crate.io/node-name";

/** The cluster of these StatefulSets, with each one's pods; null without any. */
export function crateClusterView(
  namespace: string,
  name: string,
  members: readonly { readonly set: V1StatefulSet; readonly pods: readonly V1Pod[] }[],
): CrateClusterView | null {
  if (members.length === 0) return null;
  const sets = members.map(({ set, pods }) => crateSetView(set, pods, name));
  return { namespace, name, sets: sets.toSorted(byRoleAndName) };
}

export function crateSetView(set: V1StatefulSet, pods: readonly V1Pod[], cluster: string): CrateSetView {
  const { metadata, spec, status } = set;
  const podSpec = spec?.template.spec;
  const container = serverContainerOf(podSpec, crateNames);
  const startUp = startUpOf(container);
  const name = metadata?.name ?? "";
  const role = roleOf(name, startUp);
  const replicas = spec?.replicas ?? 1;
  const firstOrdinal = spec?.ordinals?.start ?? 0;
  const updateRevision = status?.updateRevision ?? "";
  return {
    namespace: metadata?.namespace ?? "",
    name,
    uid: metadata?.uid ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    role,
    group: role === "master" ? mastersGroup : groupOf(set, cluster),
    isMasterEligible: settingOf(startUp, "node.master") !== "false",
    replicas,
    readyReplicas: status?.readyReplicas ?? 0,
    podsNow: Math.max(status?.replicas ?? 0, pods.length),
    firstOrdinal,
    serviceName: spec?.serviceName || null,
    isObserved: (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0),
    updateRevision,
    currentRevision: status?.currentRevision ?? updateRevision,
    rollsFromOrdinal:
      spec?.updateStrategy?.type === "OnDelete" ? null : (spec?.updateStrategy?.rollingUpdate?.partition ?? 0),
    // Kubernetes' own default, which the API server writes in; a stand-in need not.
    gracePeriodSeconds: podSpec?.terminationGracePeriodSeconds ?? 30,
    preStop: hookWords(container?.lifecycle?.preStop),
    startUp,
    annotations: metadata?.annotations ?? {},
    labels: metadata?.labels ?? {},
    owner: ownershipOf(metadata),
    deletesVolumes: spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === "Delete",
    pods: podsOf(name, firstOrdinal, replicas, pods),
  };
}

/** The container that a patch of the start-up arguments is for. */
export function startUpOf(container: V1Container | null): StartUpArguments {
  return { command: container?.command ?? null, args: container?.args ?? null };
}

function settingOf({ command, args }: StartUpArguments, setting: string): string | null {
  return settingInArguments([...(command ?? []), ...(args ?? [])], setting);
}

function roleOf(name: string, startUp: StartUpArguments): CrateSetView["role"] {
  const data = settingOf(startUp, "node.data");
  if (data !== null) return data === "false" ? "master" : "data";
  return name.startsWith("crate-master-") ? "master" : "data";
}

/** By crate-operator's label, else by its names (`crate-data-{group}-{cluster}`), else the StatefulSet's own name. */
function groupOf({ metadata }: V1StatefulSet, cluster: string): string {
  const labelled = metadata?.labels?.[groupLabel];
  if (labelled !== undefined && labelled !== "") return labelled;
  const name = metadata?.name ?? "";
  const [prefix, suffix] = ["crate-data-", `-${metadata?.labels?.["app.kubernetes.io/name"] ?? cluster}`];
  const isNamed = name.startsWith(prefix) && name.endsWith(suffix) && name.length > prefix.length + suffix.length;
  return isNamed ? name.slice(prefix.length, -suffix.length) : name;
}

function hookWords(hook: V1LifecycleHandler | undefined): string[] | null {
  if (hook === undefined) return null;
  if (hook.exec) return [...(hook.exec.command ?? [])];
  if (hook.httpGet) return ["GET", `${hook.httpGet.port}${hook.httpGet.path ?? "/"}`];
  return hook.sleep ? ["sleep", String(hook.sleep.seconds)] : [];
}

function podsOf(set: string, firstOrdinal: number, replicas: number, pods: readonly V1Pod[]): CratePod[] {
  const found = new Map(pods.map((pod) => [pod.metadata?.name ?? "", pod]));
  const wanted = Array.from({ length: replicas }, (_, index) => firstOrdinal + index);
  const beyond = [...found.keys()].flatMap((name) => {
    const ordinal = Number(name.slice(set.length + 1));
    return Number.isInteger(ordinal) && !wanted.includes(ordinal) ? [ordinal] : [];
  });
  return [...wanted, ...beyond.toSorted((a, b) => a - b)].map((ordinal) => {
    const name = `${set}-${ordinal}`;
    const pod = found.get(name);
    return { name, ordinal, pod: pod === undefined ? null : podView(pod, crateNames) };
  });
}

function byRoleAndName(one: CrateSetView, other: CrateSetView): number {
  if (one.role !== other.role) return one.role === "master" ? -1 : 1;
  return one.name < other.name ? -1 : 1;
}
