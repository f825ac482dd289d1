import { entries, isObject, type Json, type JsonObject } from "../json.ts";

/** RFC 7386: objects are merged, null removes, everything else replaces. */
export function applyMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) {
    return patch;
  }
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of entries(patch)) {
    if (value === null) {
      delete merged[key];
    } else {
      merged[key] = applyMergePatch(merged[key], value);
    }
  }
  return merged;
}
