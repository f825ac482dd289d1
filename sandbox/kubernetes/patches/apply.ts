import { entries, isObject, type Json, type JsonObject, listAt, objectAt, sameJson } from "../json.ts";
import type { GivenObject, KubeObject } from "../object.ts";
import type { Resource } from "../resources.ts";
import { ApiFailure, qualifiedName } from "../status.ts";
import { fieldsV1, leavesOf, pathsOf } from "./field-sets.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";

export interface ApplyRequest {
  readonly fieldManager: string;
  /** Takes fields over from other managers. */
  readonly force: boolean;
  readonly time: string;
}

/**
 * Server-side apply, in a simple form: fields belong to the managers that applied them. A field that another manager applied
 * with another value is a conflict, unless forced; what this manager applied before and leaves out now is removed.
 * Fields written in other ways than by apply have no owner here.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export function applyConfiguration(
  resource: Resource,
  current: KubeObject | undefined,
  configuration: GivenObject,
  request: ApplyRequest,
): GivenObject {
  const applied = owned(configuration);
  const managers = listAt(current, "metadata", "managedFields").filter(isObject);
  const mine = managers.find((entry) => entry.manager === request.fieldManager && entry.operation === "Apply");
  const others = managers.filter((entry) => entry !== mine);
  const leaves = leavesOf(applied);
  const contested = others.flatMap((entry) => {
    const theirs = pathsOf(objectAt(entry, "fieldsV1"));
    const fields = leaves.filter(({ path, value }) => theirs.has(path) && !sameJson(value, valueAt(current, path)));
    return fields.map(({ path }) => ({ manager: String(entry.manager), path }));
  });
  if (contested.length > 0 && !request.force) {
    throw applyConflict(resource, configuration, contested);
  }
  const abandoned = [...pathsOf(objectAt(mine, "fieldsV1"))].filter(
    (path) => !leaves.some((leaf) => leaf.path === path) && !isOwnedByAnother(others, path),
  );
  const base = abandoned.reduce<JsonObject>((object, path) => withoutPath(object, path), current ?? { metadata: {} });
  const merged = applyStrategicMerge(base, applied);
  const kept = others.flatMap((entry) => withoutFields(entry, new Set(contested.map(({ path }) => path))));
  const metadata: JsonObject = {
    ...objectAt(merged, "metadata"),
    managedFields: [
      ...kept,
      {
        manager: request.fieldManager,
        operation: "Apply",
        apiVersion: String(configuration.apiVersion ?? ""),
        time: request.time,
        fieldsType: "FieldsV1",
        fieldsV1: fieldsV1(leaves.map(({ path }) => path)),
      },
    ],
  };
  return { ...merged, metadata };
}

/** What an apply can own: not the identity, which the path of the request gives. */
function owned({ apiVersion, kind, metadata, ...rest }: GivenObject): JsonObject {
  const { name, namespace, uid, resourceVersion, managedFields, ...more } = metadata;
  return Object.keys(more).length === 0 ? rest : { ...rest, metadata: more };
}

function applyConflict(
  resource: Resource,
  { metadata }: GivenObject,
  contested: readonly { manager: string; path: string }[],
): ApiFailure {
  const texts = contested.map(({ manager, path }) => `conflict with "${manager}": ${fieldText(path)}`);
  const plural = contested.length === 1 ? "1 conflict" : `${contested.length} conflicts`;
  return new ApiFailure(409, "Conflict", `Apply failed with ${plural}: ${texts.join("\n- ")}`, {
    name: metadata.name ?? "",
    kind: qualifiedName(resource),
    causes: contested.map(({ manager, path }) => ({
      reason: "FieldManagerConflict",
      message: `conflict with "${manager}"`,
      field: fieldText(path),
    })),
  });
}

/** Paths are JSON texts of keys and of items' keys, so that a dot in a label is no separator. */
function fieldText(path: string): string {
  const parts: unknown = JSON.parse(path);
  return Array.isArray(parts)
    ? parts.map((part) => (typeof part === "string" ? `.${part}` : `[${JSON.stringify(part)}]`)).join("")
    : path;
}

function isOwnedByAnother(others: readonly JsonObject[], path: string): boolean {
  return others.some((entry) => pathsOf(objectAt(entry, "fieldsV1")).has(path));
}

/** A manager's entry without the fields that were taken from it; nothing when none is left. */
function withoutFields(entry: JsonObject, taken: ReadonlySet<string>): JsonObject[] {
  const left = [...pathsOf(objectAt(entry, "fieldsV1"))].filter((path) => !taken.has(path));
  return left.length === 0 ? [] : [{ ...entry, fieldsV1: fieldsV1(left) }];
}

function valueAt(object: Json | undefined, path: string): Json | undefined {
  return partsOf(path).reduce<Json | undefined>(child, object);
}

type PathPart = string | JsonObject;

function partsOf(path: string): PathPart[] {
  const parts: unknown = JSON.parse(path);
  return Array.isArray(parts) ? parts.filter((part) => typeof part === "string" || isObject(part)) : [];
}

function child(parent: Json | undefined, part: PathPart): Json | undefined {
  if (typeof part === "string") {
    return isObject(parent) ? parent[part] : undefined;
  }
  return Array.isArray(parent) ? parent.find((item) => isItem(item, part)) : undefined;
}

const isItem = (item: Json, keys: JsonObject) =>
  isObject(item) && entries(keys).every(([key, value]) => sameJson(item[key], value));

function withoutPath(object: JsonObject, path: string): JsonObject {
  const removed = removeAt(object, partsOf(path));
  return isObject(removed) ? removed : object;
}

function removeAt(value: Json | undefined, [part, ...rest]: PathPart[]): Json | undefined {
  if (part === undefined) {
    return undefined;
  }
  if (typeof part === "string") {
    if (!isObject(value)) {
      return value;
    }
    const left = removeAt(value[part], rest);
    const { [part]: _removed, ...others } = value;
    return left === undefined ? others : { ...others, [part]: left };
  }
  if (!Array.isArray(value)) {
    return value;
  }
  return value.flatMap((item) => {
    const left = isItem(item, part) ? removeAt(item, rest) : item;
    return left === undefined ? [] : [left];
  });
}
