import { isObject, type Json, type JsonObject, sameJson } from "../json.ts";
import { badRequest, unprocessable } from "../status.ts";

/** RFC 6902. Throws 400 for what is no patch, 422 when a test fails or a path leads nowhere. */
export function applyJsonPatch(document: JsonObject, patch: Json | undefined): Json {
  if (!Array.isArray(patch)) {
    throw badRequest("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  }
  return patch.reduce<Json>(applyOperation, structuredClone(document));
}

function applyOperation(document: Json, operation: Json): Json {
  if (!isObject(operation) || typeof operation.op !== "string" || typeof operation.path !== "string") {
    throw badRequest("error decoding patch: each operation needs an op and a path");
  }
  const path = pointer(operation.path);
  switch (operation.op) {
    case "add":
      return put(document, path, given(operation), true);
    case "replace":
      // The API server's own library does not ask whether there is something to replace in an object.
      return put(document, path, given(operation), false);
    case "remove":
      return remove(document, path);
    case "test": {
      const found = lookUp(document, path);
      if (!sameJson(found ?? null, given(operation))) {
        throw unprocessable();
      }
      return document;
    }
    case "copy":
      return put(document, path, structuredClone(demand(document, from(operation))), true);
    case "move": {
      const moved = demand(document, from(operation));
      return put(remove(document, from(operation)), path, moved, true);
    }
    default:
      throw unprocessable();
  }
}

const given = (operation: JsonObject): Json => operation.value ?? null;

function from(operation: JsonObject): string[] {
  if (typeof operation.from !== "string") {
    throw unprocessable();
  }
  return pointer(operation.from);
}

/** RFC 6901. */
function pointer(text: string): string[] {
  if (text === "") {
    return [];
  }
  return text
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function lookUp(document: Json, path: readonly string[]): Json | undefined {
  let found: Json | undefined = document;
  for (const key of path) {
    found = childOf(found, key);
  }
  return found;
}

function childOf(parent: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(parent)) {
    return parent[Number(key)];
  }
  return isObject(parent) ? parent[key] : undefined;
}

function demand(document: Json, path: readonly string[]): Json {
  const found = lookUp(document, path);
  if (found === undefined) {
    throw unprocessable();
  }
  return found;
}

/** Changes the document, which is the patch's own copy. */
function put(document: Json, path: readonly string[], value: Json, inserts: boolean): Json {
  const key = path.at(-1);
  if (key === undefined) {
    return value;
  }
  const parent = lookUp(document, path.slice(0, -1));
  if (Array.isArray(parent)) {
    const index = key === "-" ? parent.length : Number(key);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) {
      throw unprocessable();
    }
    parent.splice(index, inserts ? 0 : 1, value);
  } else if (isObject(parent)) {
    parent[key] = value;
  } else {
    throw unprocessable();
  }
  return document;
}

function remove(document: Json, path: readonly string[]): Json {
  demand(document, path);
  const parent = lookUp(document, path.slice(0, -1));
  const key = path.at(-1) ?? "";
  if (Array.isArray(parent)) {
    parent.splice(Number(key), 1);
  } else if (isObject(parent)) {
    delete parent[key];
  }
  return document;
}
