import type { V1Container, V1PodSpec, V1StatefulSet, V1Volume } from "@kubernetes/client-node";
import type { LayoutMount, LayoutVolume, WorkloadLayout } from "../../ports/scaling.ts";
import { ownershipOf } from "./ownership.ts";
import { serverContainerOf } from "./pod-view.ts";

/** How a StatefulSet's pods get their configuration. */
export function workloadLayout({ metadata, spec, status }: V1StatefulSet): WorkloadLayout {
  const podSpec = spec?.template.spec;
  const container = serverContainerOf(podSpec);
  return {
    uid: metadata?.uid ?? "",
    replicas: spec?.replicas ?? 1,
    podsNow: status?.replicas ?? 0,
    firstOrdinal: spec?.ordinals?.start ?? 0,
    owner: ownershipOf(metadata),
    command: [...(container?.command ?? []), ...(container?.args ?? [])],
    initContainers: (podSpec?.initContainers ?? []).map(({ name }) => name),
    podNameVariables: podNameVariables(container),
    mounts: mounts(podSpec, container),
    annotations: metadata?.annotations ?? {},
  };
}

function podNameVariables(container: V1Container | null): string[] {
  return (container?.env ?? [])
    .filter(({ valueFrom }) => valueFrom?.fieldRef?.fieldPath === "metadata.name")
    .map(({ name }) => name);
}

function mounts(podSpec: V1PodSpec | undefined, container: V1Container | null): LayoutMount[] {
  return (container?.volumeMounts ?? []).map(({ name, mountPath, subPath, subPathExpr }) => ({
    mountPath,
    subPath: subPathExpr ?? subPath ?? null,
    volume: volumeOf(podSpec?.volumes?.find((volume) => volume.name === name) ?? { name }),
  }));
}

/** A projected volume counts as what it projects, when that is one thing only. */
function volumeOf({ name, configMap, secret, projected }: V1Volume): LayoutVolume {
  const [source, ...more] = projected?.sources ?? [];
  const map = configMap ?? (more.length === 0 ? source?.configMap : undefined);
  if (map?.name !== undefined) {
    const files = map.items?.map(({ key, path }) => [key, path] as const);
    return { kind: "configMap", name: map.name, files: files === undefined ? null : Object.fromEntries(files) };
  }
  const secretName = secret?.secretName ?? (more.length === 0 ? source?.secret?.name : undefined);
  return secretName === undefined ? { kind: "other", name } : { kind: "secret", name: secretName };
}
