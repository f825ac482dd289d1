import { isObject, type JsonObject, numberAt, objectAt, sameJson, textAt } from "../../json.ts";
import { controllerOf, controllerReference, type KubeObject } from "../../object.ts";
import { CONTROLLER_REVISIONS } from "../../resources.ts";
import type { Registry } from "../../store/registry.ts";
import { templateHash, textMap } from "../pods.ts";

export interface Revisions {
  /** Of the pods that are not yet updated. */
  readonly current: KubeObject;
  /** Of the template as it is now. */
  readonly update: KubeObject;
}

/** Finds the revisions of a StatefulSet, and keeps its template as a new one where it has changed. */
export function revisionsOf(registry: Registry, set: KubeObject): Revisions {
  const known = registry.store
    .list(CONTROLLER_REVISIONS, set.metadata.namespace)
    .filter((revision) => controllerOf(revision)?.uid === set.metadata.uid)
    .toSorted((a, b) => numberOf(a) - numberOf(b));
  const update = updateRevision(registry, set, known);
  const currentName = textAt(set, "status", "currentRevision");
  const current = known.find(({ metadata }) => metadata.name === currentName) ?? update;
  return { current, update };
}

export function templateOf(revision: KubeObject): JsonObject {
  const { $patch, ...template } = objectAt(revision, "data", "spec", "template");
  return template;
}

const numberOf = (revision: KubeObject) => numberAt(revision, "revision") ?? 0;

function updateRevision(registry: Registry, set: KubeObject, known: readonly KubeObject[]): KubeObject {
  const template = objectAt(set, "spec", "template");
  const latest = known.at(-1);
  const equal = known.findLast((revision) => sameJson(templateOf(revision), template));
  const next = latest === undefined ? 1 : numberOf(latest) + 1;
  if (equal === undefined) {
    return createRevision(registry, set, template, next);
  }
  if (equal === latest) {
    return equal;
  }
  // The template is an older one again: its revision becomes the latest.
  const { namespace, name } = equal.metadata;
  return registry.update(CONTROLLER_REVISIONS, namespace, name, (revision) => ({ ...revision, revision: next }));
}

function createRevision(registry: Registry, set: KubeObject, template: JsonObject, revision: number): KubeObject {
  const { namespace, name } = set.metadata;
  const hash = templateHash(template);
  const metadata = objectAt(template, "metadata");
  return registry.create(CONTROLLER_REVISIONS, namespace, {
    metadata: {
      name: `${name}-${hash}`,
      labels: { ...textMap(isObject(metadata.labels) ? metadata.labels : {}), "controller.kubernetes.io/hash": hash },
      ownerReferences: [controllerReference(set)],
    },
    data: { spec: { template: { ...template, $patch: "replace" } } },
    revision,
  });
}
