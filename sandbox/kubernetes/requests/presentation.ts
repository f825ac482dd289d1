import type { JsonObject } from "../json.ts";
import type { GivenObject, KubeObject } from "../object.ts";
import { apiVersionOf, EVENTS, NEW_EVENTS, type Resource } from "../resources.ts";

/** Where objects of a resource are kept: both groups of events share one place. */
export function storageOf(resource: Resource): Resource {
  return resource === NEW_EVENTS ? EVENTS : resource;
}

/** An object in the shape of the resource by which it was asked for. */
export function presented(resource: Resource, object: KubeObject): JsonObject {
  return resource === NEW_EVENTS ? asNewEvent(object) : object;
}

/** A client's object in the shape in which it is kept. */
export function asStored(resource: Resource, given: GivenObject): GivenObject {
  return resource === NEW_EVENTS ? asOldEvent(given) : given;
}

/** Names of the same fields in events.k8s.io/v1 and in core v1. */
const EVENT_FIELDS: readonly (readonly [newer: string, older: string])[] = [
  ["note", "message"],
  ["regarding", "involvedObject"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];

function asNewEvent(event: KubeObject): JsonObject {
  return { ...renamed(event, ([newer, older]) => [older, newer]), apiVersion: apiVersionOf(NEW_EVENTS) };
}

function asOldEvent(event: GivenObject): GivenObject {
  return { ...renamed(event, ([newer, older]) => [newer, older]), metadata: event.metadata };
}

function renamed(
  object: JsonObject,
  direction: (names: readonly [newer: string, older: string]) => readonly [from: string, to: string],
): JsonObject {
  const names = new Map(EVENT_FIELDS.map(direction));
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value]));
}

/** A list's items name neither kind nor version: the list does. */
export function listItem(resource: Resource, object: KubeObject): JsonObject {
  const { kind, apiVersion, ...rest } = presented(resource, object);
  return rest;
}

/** What a deletion that is complete answers with, for most resources. */
export function deletedStatus({ plural, group }: Resource, object: KubeObject): JsonObject {
  const { name, uid } = object.metadata;
  const details = { name, ...(group === "" ? {} : { group }), kind: plural, uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}
