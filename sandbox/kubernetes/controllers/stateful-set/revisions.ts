import { textAt } from "../../json.ts";
import type { KubeObject } from "../../object.ts";
import type { Registry } from "../../store/registry.ts";
import { keptRevisions, revisionOfTemplate } from "../template-revisions.ts";

export interface Revisions {
  /** Of the pods that are not yet updated. */
  readonly current: KubeObject;
  /** Of the template as it is now. */
  readonly update: KubeObject;
}

/** Finds the revisions of a StatefulSet, and keeps its template as a new one where it has changed. */
export function revisionsOf(registry: Registry, set: KubeObject): Revisions {
  const known = keptRevisions(registry, set);
  const update = revisionOfTemplate(registry, set, known, "controller.kubernetes.io/hash");
  const currentName = textAt(set, "status", "currentRevision");
  const current = known.find(({ metadata }) => metadata.name === currentName) ?? update;
  return { current, update };
}
