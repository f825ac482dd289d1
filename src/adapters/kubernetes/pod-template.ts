import { createHash } from "node:crypto";
import type { TemplateRevision } from "../../ports/rollouts.ts";
import type { ControllerRevisionObject, ReplicaSetObject, Template } from "./workload-object.ts";

/** What `kubectl rollout restart` sets, so that pods are made anew from a template that is otherwise the same. */
export const restartedAtAnnotation = "kubectl.kubernetes.io/restartedAt";
/** Set by a Deployment's controller on the templates of its ReplicaSets. */
const hashLabel = "pod-template-hash";

/** The template that a ControllerRevision holds, which is written there as a patch. */
export function templateOfRevision({ data }: ControllerRevisionObject): Template {
  const { $patch: _patch, ...template } = objectIn(objectIn(objectIn(data).spec).template);
  return template;
}

/** The Deployment's template that a ReplicaSet was made for, without what its controller has put into it. */
export function templateOfReplicaSet({ spec }: ReplicaSetObject): Template {
  const metadata = objectIn(spec.template.metadata);
  const { [hashLabel]: _hash, ...labels } = objectIn(metadata.labels);
  return { ...spec.template, metadata: { ...metadata, labels } };
}

/** How people and comparisons know a template: the same whatever the order of its keys, and without when it was restarted. */
export function templateMarks(template: Template): Pick<TemplateRevision, "digest" | "restartedAt" | "images"> {
  const metadata = objectIn(template.metadata);
  const { [restartedAtAnnotation]: restartedAt, ...annotations } = annotationsOf(template);
  const plain = { ...template, metadata: { ...metadata, annotations } };
  return {
    digest: createHash("sha256")
      .update(JSON.stringify(sorted(plain)))
      .digest("hex")
      .slice(0, 12),
    restartedAt: typeof restartedAt === "string" ? restartedAt : null,
    images: imagesOf(template),
  };
}

export function annotationsOf(template: Template): Readonly<Record<string, unknown>> {
  return objectIn(objectIn(template.metadata).annotations);
}

function imagesOf(template: Template): Record<string, string> {
  const { containers } = objectIn(template.spec);
  const named = (Array.isArray(containers) ? containers : []).map(objectIn).flatMap(({ name, image }) => {
    return typeof name === "string" && typeof image === "string" ? [[name, image] as const] : [];
  });
  return Object.fromEntries(named);
}

/** Keys in order; what is empty or not set is left out, which templates are stored with or without. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, part]) => [key, sorted(part)] as const)
    .filter(([, part]) => part !== undefined && part !== null && !isEmptyObject(part))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
