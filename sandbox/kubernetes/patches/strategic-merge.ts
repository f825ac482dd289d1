import { entries, isObject, type Json, type JsonObject } from "../json.ts";
import { isSetField, mergeKey } from "./list-keys.ts";

const DELETE_FROM_SET = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER = "$setElementOrder/";
const DIRECTIVE = "$patch";

/**
 * Strategic merge patch (https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md),
 * with `$patch: delete | replace`, `$deleteFromPrimitiveList` and `$setElementOrder`.
 */
export function applyStrategicMerge(target: Json | undefined, patch: JsonObject): JsonObject {
  if (patch[DIRECTIVE] === "replace") {
    return withoutDirectives(patch);
  }
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of entries(patch)) {
    if (key.startsWith("$")) {
      applyDirective(merged, key, value);
    } else if (value === null || isDeletion(value)) {
      delete merged[key];
    } else if (Array.isArray(value)) {
      merged[key] = mergeLists(key, merged[key], value);
    } else {
      merged[key] = isObject(value) ? applyStrategicMerge(merged[key], value) : value;
    }
  }
  return merged;
}

const isDeletion = (value: Json) => isObject(value) && value[DIRECTIVE] === "delete";

function applyDirective(merged: JsonObject, key: string, value: Json): void {
  if (!Array.isArray(value)) {
    return;
  }
  if (key.startsWith(DELETE_FROM_SET)) {
    const field = key.slice(DELETE_FROM_SET.length);
    const present = merged[field];
    if (Array.isArray(present)) {
      merged[field] = present.filter((item) => !value.includes(item));
    }
  } else if (key.startsWith(ELEMENT_ORDER)) {
    const field = key.slice(ELEMENT_ORDER.length);
    const present = merged[field];
    if (Array.isArray(present)) {
      merged[field] = inOrder(field, present, value);
    }
  }
}

/** Items named by the order come in that order; the rest follow. */
function inOrder(field: string, items: readonly Json[], order: readonly Json[]): Json[] {
  const key = mergeKey(field, items);
  const idOf = (item: Json) => (key === undefined ? item : isObject(item) ? item[key] : undefined);
  const ids = order.map(idOf);
  const rank = (item: Json) => {
    const index = ids.indexOf(idOf(item));
    return index === -1 ? ids.length : index;
  };
  return items.toSorted((a, b) => rank(a) - rank(b));
}

function mergeLists(field: string, present: Json | undefined, patch: readonly Json[]): Json[] {
  const items = Array.isArray(present) ? present : [];
  if (isSetField(field)) {
    return [...items, ...patch.filter((value) => !items.includes(value))];
  }
  const key = mergeKey(field, [...patch, ...items]);
  const replaces = patch.some((item) => isObject(item) && item[DIRECTIVE] === "replace");
  if (key === undefined || replaces) {
    return patch.flatMap((item) => (isObject(item) && item[DIRECTIVE] === "replace" ? [] : [item]));
  }
  const merged = [...items];
  for (const item of patch) {
    if (!isObject(item)) {
      continue;
    }
    const index = merged.findIndex((candidate) => isObject(candidate) && candidate[key] === item[key]);
    if (isDeletion(item)) {
      merged.splice(index, index === -1 ? 0 : 1);
    } else if (index === -1) {
      merged.push(withoutDirectives(item));
    } else {
      merged[index] = applyStrategicMerge(merged[index], item);
    }
  }
  return merged;
}

function withoutDirectives(value: JsonObject): JsonObject {
  return Object.fromEntries(entries(value).filter(([key]) => !key.startsWith("$")));
}
