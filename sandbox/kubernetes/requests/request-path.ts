import { findResource, type Resource } from "../resources.ts";

/** What a path of the API means. */
export type RequestPath =
  | {
      readonly kind: "resource";
      readonly resource: Resource;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly subresource: string | undefined;
    }
  /** Of a kind that is not served: whoever may not use it hears that, and not that there is none. */
  | {
      readonly kind: "unknown";
      readonly resource: Pick<Resource, "group" | "plural">;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly subresource: string | undefined;
    }
  | { readonly kind: "discovery"; readonly group: string | undefined; readonly version: string | undefined }
  | { readonly kind: "plain"; readonly path: string };

/** `/api/v1/…` is the core group, `/apis/GROUP/VERSION/…` the others; a resource may stand below `namespaces/NAME`. */
export function parsePath(path: string): RequestPath {
  const [root, ...rest] = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  if (root === "api") {
    return inGroup(path, "", rest);
  }
  if (root === "apis") {
    const [group, ...below] = rest;
    return group === undefined
      ? { kind: "discovery", group: undefined, version: undefined }
      : inGroup(path, group, below);
  }
  return { kind: "plain", path };
}

function inGroup(path: string, group: string, parts: readonly string[]): RequestPath {
  const [version, ...below] = parts;
  if (version === undefined || below.length === 0) {
    return { kind: "discovery", group, version };
  }
  const [first, namespace, plural, name, ...subresource] = below;
  if (first === "namespaces" && namespace !== undefined && plural !== undefined && !isNamespaceSubresource(below)) {
    const resource = findResource(group, version, plural) ?? { group, plural };
    return asResource(path, resource, namespace, name, subresource);
  }
  const resource = findResource(group, version, first ?? "") ?? { group, plural: first ?? "" };
  return asResource(path, resource, undefined, below[1], below.slice(2));
}

/** `/namespaces/NAME/status` and `/finalize` are parts of the Namespace itself. */
function isNamespaceSubresource([, , part, more]: readonly string[]): boolean {
  return (part === "status" || part === "finalize") && more === undefined;
}

function asResource(
  path: string,
  resource: Resource | Pick<Resource, "group" | "plural">,
  namespace: string | undefined,
  name: string | undefined,
  [subresource, ...more]: readonly string[],
): RequestPath {
  if (more.length > 0) {
    return { kind: "plain", path };
  }
  if (!("kind" in resource)) {
    return { kind: "unknown", resource, namespace, name, subresource };
  }
  if (namespace !== undefined && !resource.namespaced) {
    return { kind: "plain", path };
  }
  return { kind: "resource", resource, namespace, name, subresource };
}
