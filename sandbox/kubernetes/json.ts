/** JSON as it is sent and stored. A key whose value is undefined counts as absent. */
export type Json = string | number | boolean | null | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at a path of keys; undefined when any of it is missing. */
export function at(value: Json | undefined, ...path: string[]): Json | undefined {
  let found = value;
  for (const key of path) {
    if (!isObject(found)) {
      return undefined;
    }
    found = found[key];
  }
  return found;
}

/** An object at a path; an empty one when there is none. */
export function objectAt(value: Json | undefined, ...path: string[]): JsonObject {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
}

/** A list at a path; an empty one when there is none. */
export function listAt(value: Json | undefined, ...path: string[]): Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textAt(value: Json | undefined, ...path: string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

export function numberAt(value: Json | undefined, ...path: string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

/** Entries of an object that have a value. */
export function entries(object: JsonObject): [string, Json][] {
  return Object.entries(object).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
}

/** Whether two values would be the same JSON, the order of keys aside. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) {
    return true;
  }
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) {
    return false;
  }
  const left = entries(a);
  return left.length === entries(b).length && left.every(([key, value]) => sameJson(value, b[key]));
}

/** Fills in what is missing, object by object; lists and values that are there stay as they are. */
export function withDefaults(value: JsonObject, defaults: JsonObject): JsonObject {
  const filled: JsonObject = { ...value };
  for (const [key, preset] of entries(defaults)) {
    const given = filled[key];
    if (given === undefined || given === null) {
      filled[key] = preset;
    } else if (isObject(given) && isObject(preset)) {
      filled[key] = withDefaults(given, preset);
    }
  }
  return filled;
}
