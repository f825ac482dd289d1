import { isObject, type JsonObject, numberAt, objectAt, sameJson } from "../json.ts";
import { controllerOf, controllerReference, type KubeObject } from "../object.ts";
import { CONTROLLER_REVISIONS } from "../resources.ts";
import type { Registry } from "../store/registry.ts";
import { templateHash, textMap } from "./pods.ts";

/** The ControllerRevisions of a workload, the oldest first. */
export function keptRevisions(registry: Registry, owner: KubeObject): KubeObject[] {
  return registry.store
    .list(CONTROLLER_REVISIONS, owner.metadata.namespace)
    .filter((revision) => controllerOf(revision)?.uid === owner.metadata.uid)
    .toSorted((a, b) => numberOf(a) - numberOf(b));
}

/**
 * The revision of the template as it is now; made where the template has changed.
 * @param hashLabel label of the revision that holds its hash
 */
export function revisionOfTemplate(
  registry: Registry,
  owner: KubeObject,
  known: readonly KubeObject[],
  hashLabel: string,
): KubeObject {
  const template = objectAt(owner, "spec", "template");
  const latest = known.at(-1);
  const equal = known.findLast((revision) => sameJson(templateOf(revision), template));
  const next = latest === undefined ? 1 : numberOf(latest) + 1;
  if (equal === undefined) {
    return createRevision(registry, owner, template, next, hashLabel);
  }
  if (equal === latest) {
    return equal;
  }
  // The template is an older one again: its revision becomes the latest.
  const { namespace, name } = equal.metadata;
  return registry.update(CONTROLLER_REVISIONS, namespace, name, (revision) => ({ ...revision, revision: next }));
}

export function templateOf(revision: KubeObject): JsonObject {
  const { $patch, ...template } = objectAt(revision, "data", "spec", "template");
  return template;
}

const numberOf = (revision: KubeObject) => numberAt(revision, "revision") ?? 0;

function createRevision(
  registry: Registry,
  owner: KubeObject,
  template: JsonObject,
  revision: number,
  hashLabel: string,
): KubeObject {
  const { namespace, name } = owner.metadata;
  const hash = templateHash(template);
  const metadata = objectAt(template, "metadata");
  return registry.create(CONTROLLER_REVISIONS, namespace, {
    metadata: {
      name: `${name}-${hash}`,
      labels: { ...textMap(isObject(metadata.labels) ? metadata.labels : {}), [hashLabel]: hash },
      ownerReferences: [controllerReference(owner)],
    },
    data: { spec: { template: { ...template, $patch: "replace" } } },
    revision,
  });
}
