import type { KubeObject } from "../object.ts";
import type { Resource } from "../resources.ts";
import { matchesFields, parseFieldSelector } from "./field-selector.ts";
import { matchesLabels, parseLabelSelector } from "./label-selector.ts";
import { presented } from "./presentation.ts";

/** Which objects a request is about. */
export type Selection = (object: KubeObject) => boolean;

/** By the namespace and name of the path, and by the selectors of the query. Throws 400 for a selector that cannot be read. */
export function selectionOf(
  resource: Resource,
  namespace: string | undefined,
  name: string | undefined,
  query: URLSearchParams,
): Selection {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(resource, query.get("fieldSelector") ?? "");
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    matchesLabels(labels, object.metadata.labels) &&
    (fields.length === 0 || matchesFields(fields, presented(resource, object)));
}
