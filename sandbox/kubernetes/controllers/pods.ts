import { createHash } from "node:crypto";
import { entries, isObject, type Json, type JsonObject, listAt, objectAt, textAt } from "../json.ts";
import { controllerOf, controllerReference, type KubeObject } from "../object.ts";
import { PODS } from "../resources.ts";
import type { Registry } from "../store/registry.ts";

/** Facts about pods that controllers decide by. */

export const isTerminating = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

export const hasEnded = (pod: KubeObject): boolean =>
  ["Succeeded", "Failed"].includes(textAt(pod, "status", "phase") ?? "");

export const isReady = (pod: KubeObject): boolean =>
  textAt(pod, "status", "phase") === "Running" &&
  listAt(pod, "status", "conditions").some(
    (condition) => textAt(condition, "type") === "Ready" && textAt(condition, "status") === "True",
  );

/** Pods that this object controls. */
export function podsOf(registry: Registry, { metadata }: KubeObject): KubeObject[] {
  return registry.store.list(PODS, metadata.namespace).filter((pod) => controllerOf(pod)?.uid === metadata.uid);
}

export function deletePod(registry: Registry, { metadata }: KubeObject): void {
  registry.delete(PODS, metadata.namespace, metadata.name, { preconditions: { uid: metadata.uid } });
}

/** A pod as a template describes it, with more labels. */
export function podFromTemplate(
  owner: KubeObject,
  template: JsonObject,
  own: { name?: string; generateName?: string; labels: Record<string, string>; spec?: JsonObject },
) {
  const { labels, annotations } = objectAt(template, "metadata");
  return {
    metadata: {
      ...(own.name === undefined ? {} : { name: own.name }),
      ...(own.generateName === undefined ? {} : { generateName: own.generateName }),
      labels: { ...textMap(labels), ...own.labels },
      annotations: textMap(annotations),
      ownerReferences: [controllerReference(owner)],
    },
    spec: { ...objectAt(template, "spec"), ...own.spec },
  };
}

export function textMap(value: Json | undefined): Record<string, string> {
  const texts = entries(isObject(value) ? value : {}).flatMap(([key, text]): [string, string][] =>
    typeof text === "string" ? [[key, text]] : [],
  );
  return Object.fromEntries(texts);
}

const HASH_LENGTH = 10;

/** A short text that is the same for the same template, whatever the order of its keys. */
export function templateHash(template: JsonObject): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(template)))
    .digest("hex")
    .slice(0, HASH_LENGTH);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (!isObject(value)) {
    return value;
  }
  const inOrder = entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(inOrder.map(([key, item]) => [key, sorted(item)]));
}
