import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, textAt } from "../../json.ts";
import { controllerReference, type KubeObject } from "../../object.ts";
import { PERSISTENT_VOLUME_CLAIMS, PODS } from "../../resources.ts";
import type { Registry } from "../../store/registry.ts";
import { podFromTemplate } from "../pods.ts";
import { templateOf } from "../template-revisions.ts";
import type { Revisions } from "./revisions.ts";

export const REVISION_LABEL = "controller-revision-hash";
const POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL = "apps.kubernetes.io/pod-index";

/** Ordinals that a StatefulSet is to have, from the lowest. */
export function ordinals(set: KubeObject): number[] {
  const start = firstOrdinal(set);
  return Array.from({ length: numberAt(set, "spec", "replicas") ?? 1 }, (_, index) => start + index);
}

/** The ordinal of a pod by its name; undefined when it is none of the StatefulSet's. */
export function ordinalOf(set: KubeObject, { metadata }: KubeObject): number | undefined {
  const digits = metadata.name.slice(set.metadata.name.length + 1);
  return metadata.name.startsWith(`${set.metadata.name}-`) && /^\d+$/.test(digits) ? Number(digits) : undefined;
}

export const revisionOf = ({ metadata }: KubeObject): string | undefined => metadata.labels?.[REVISION_LABEL];

/** Pods from this ordinal on get the new revision; those below keep the current one. */
export function firstUpdatedOrdinal(set: KubeObject): number {
  return firstOrdinal(set) + (numberAt(set, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0);
}

const firstOrdinal = (set: KubeObject) => numberAt(set, "spec", "ordinals", "start") ?? 0;

/** Creates the pod of an ordinal, and the claims of its volumes where they are missing. */
export function createReplica(registry: Registry, set: KubeObject, ordinal: number, revisions: Revisions): void {
  const isRolling = textAt(set, "spec", "updateStrategy", "type") === "RollingUpdate";
  const revision = isRolling && ordinal < firstUpdatedOrdinal(set) ? revisions.current : revisions.update;
  const name = `${set.metadata.name}-${ordinal}`;
  const claims = createClaims(registry, set, name);
  const template = templateOf(revision);
  const pod = podFromTemplate(set, template, {
    name,
    labels: {
      [POD_NAME_LABEL]: name,
      [POD_INDEX_LABEL]: String(ordinal),
      [REVISION_LABEL]: revision.metadata.name,
    },
    spec: {
      hostname: name,
      subdomain: textAt(set, "spec", "serviceName") ?? "",
      ...(claims.length === 0 ? {} : { volumes: withClaims(listAt(template, "spec", "volumes"), claims) }),
    },
  });
  registry.create(PODS, set.metadata.namespace, pod);
}

/** Volumes by the name of the claim template. */
function createClaims(registry: Registry, set: KubeObject, pod: string): JsonObject[] {
  return listAt(set, "spec", "volumeClaimTemplates").map((template) => {
    const volume = textAt(template, "metadata", "name") ?? "";
    const name = `${volume}-${pod}`;
    const { namespace } = set.metadata;
    if (registry.store.get(PERSISTENT_VOLUME_CLAIMS, namespace, name) === undefined) {
      const metadata = isRetained(set) ? { name } : { name, ownerReferences: [controllerReference(set)] };
      registry.create(PERSISTENT_VOLUME_CLAIMS, namespace, { metadata, spec: objectAt(template, "spec") });
    }
    return { name: volume, persistentVolumeClaim: { claimName: name } };
  });
}

const isRetained = (set: KubeObject) =>
  textAt(set, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") !== "Delete";

/** A claim takes the place of a volume of the same name. */
function withClaims(volumes: readonly Json[], claims: readonly JsonObject[]): Json[] {
  const names = claims.map(({ name }) => name);
  return [...volumes.filter((volume) => !isObject(volume) || !names.includes(volume.name)), ...claims];
}
