import { entries, isObject, type Json, type JsonObject } from "../json.ts";
import { mergeKey } from "./list-keys.ts";

/** A field with a value of its own. The path is a JSON text: keys, and for items of keyed lists the key with its value. */
export interface Leaf {
  readonly path: string;
  readonly value: Json;
}

/** The fields of a configuration, down to plain values and to lists that are replaced whole. */
export function leavesOf(value: JsonObject, at: readonly Json[] = []): Leaf[] {
  return entries(value).flatMap(([key, field]) => leavesOfField(key, field, [...at, key]));
}

function leavesOfField(key: string, field: Json, path: readonly Json[]): Leaf[] {
  if (isObject(field) && Object.keys(field).length > 0) {
    return leavesOf(field, path);
  }
  const itemKey = Array.isArray(field) ? mergeKey(key, field) : undefined;
  if (Array.isArray(field) && itemKey !== undefined) {
    return field.flatMap((item) => (isObject(item) ? leavesOf(item, [...path, { [itemKey]: item[itemKey] }]) : []));
  }
  return [{ path: JSON.stringify(path), value: field }];
}

/** The notation of `managedFields`: `f:key` for a field, `k:{"name":"x"}` for an item. */
export function fieldsV1(paths: readonly string[]): JsonObject {
  const tree: JsonObject = {};
  for (const path of paths) {
    let node = tree;
    for (const part of JSON.parse(path)) {
      const key = typeof part === "string" ? `f:${part}` : `k:${JSON.stringify(part)}`;
      const next = node[key];
      const child: JsonObject = isObject(next) ? next : {};
      node[key] = child;
      node = child;
    }
  }
  return tree;
}

/** The paths that a `fieldsV1` names. */
export function pathsOf(tree: JsonObject): Set<string> {
  return new Set(pathsBelow(tree, []));
}

function pathsBelow(tree: JsonObject, at: readonly Json[]): string[] {
  return entries(tree).flatMap(([key, below]) => {
    const part: Json = key.startsWith("f:") ? key.slice(2) : JSON.parse(key.slice(2));
    const path = [...at, part];
    return isObject(below) && Object.keys(below).length > 0 ? pathsBelow(below, path) : [JSON.stringify(path)];
  });
}
