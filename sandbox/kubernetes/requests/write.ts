import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { type GivenObject, givenObject, type KubeObject } from "../object.ts";
import { applyConfiguration } from "../patches/apply.ts";
import { applyJsonPatch } from "../patches/json-patch.ts";
import { applyMergePatch } from "../patches/merge-patch.ts";
import { applyStrategicMerge } from "../patches/strategic-merge.ts";
import { apiVersionOf, type Resource } from "../resources.ts";
import { badRequest, unsupportedMediaType } from "../status.ts";
import type { DeleteOptions } from "../store/deletion.ts";
import { now, type Registry } from "../store/registry.ts";
import { type Answer, type ApiRequest, created, ok } from "./answer.ts";
import { asStored, deletedStatus, listItem, presented, storageOf } from "./presentation.ts";
import { selectionOf } from "./selection.ts";

const PATCH_TYPES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

export function createObject(registry: Registry, request: ApiRequest): Answer {
  const { resource, namespace } = request;
  const given = asStored(resource, ofKind(resource, givenObject(request.body)));
  const object = registry.create(storageOf(resource), namespace, given, { dryRun: isDryRun(request) });
  return created(presented(resource, object));
}

export function replaceObject(registry: Registry, request: ApiRequest, part: "main" | "status"): Answer {
  const { resource, namespace, name = "" } = request;
  const given = asStored(resource, ofKind(resource, givenObject(request.body)));
  const options = { part, replacement: true, dryRun: isDryRun(request) };
  return ok(
    presented(
      resource,
      registry.update(storageOf(resource), namespace, name, () => given, options),
    ),
  );
}

export function patchObject(registry: Registry, request: ApiRequest, part: "main" | "status"): Answer {
  const { resource, namespace, name = "" } = request;
  const stored = storageOf(resource);
  const options = { part, dryRun: isDryRun(request) };
  if (mediaType(request) === "application/apply-patch+yaml") {
    return applyObject(registry, request, options);
  }
  const change = (current: KubeObject) =>
    asStored(resource, givenObject(patched(request, presented(resource, current))));
  return ok(presented(resource, registry.update(stored, namespace, name, change, options)));
}

/** The document after the request's JSON, merge or strategic-merge patch. Throws 415 for another type. */
export function patched(request: ApiRequest, document: JsonObject): Json {
  const { body } = request;
  switch (mediaType(request)) {
    case "application/json-patch+json":
      return applyJsonPatch(document, body);
    case "application/merge-patch+json":
      return applyMergePatch(document, demandObject(body));
    case "application/strategic-merge-patch+json":
      return applyStrategicMerge(document, demandObject(body));
    default:
      throw unsupportedMediaType(mediaType(request), PATCH_TYPES);
  }
}

function applyObject(
  registry: Registry,
  request: ApiRequest,
  options: { part: "main" | "status"; dryRun: boolean },
): Answer {
  const { resource, namespace, name = "", query } = request;
  const fieldManager = query.get("fieldManager");
  if (!fieldManager) {
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  }
  const configuration = ofKind(resource, givenObject(request.body));
  const terms = { fieldManager, force: query.get("force") === "true", time: now() };
  const current = registry.store.get(resource, namespace, name);
  if (current === undefined && options.part === "main") {
    const given = applyConfiguration(resource, undefined, configuration, terms);
    const named = { ...given, metadata: { ...given.metadata, name } };
    return created(registry.create(resource, namespace, named, options));
  }
  const change = (object: KubeObject) => applyConfiguration(resource, object, configuration, terms);
  return ok(registry.update(resource, namespace, name, change, options));
}

export function deleteObject(registry: Registry, request: ApiRequest): Answer {
  const { resource, namespace, name = "" } = request;
  const { object, removed } = registry.delete(storageOf(resource), namespace, name, deleteOptions(request));
  return ok(removed && !resource.answersDeletedObject ? deletedStatus(resource, object) : presented(resource, object));
}

export function deleteCollection(registry: Registry, request: ApiRequest): Answer {
  const { resource, namespace, query } = request;
  const stored = storageOf(resource);
  const selected = registry.store.list(stored, namespace).filter(selectionOf(resource, namespace, undefined, query));
  const options = deleteOptions(request);
  const items = selected.map(
    ({ metadata }) => registry.delete(stored, metadata.namespace, metadata.name, options).object,
  );
  return ok({
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(registry.store.revision) },
    items: items.map((object) => listItem(resource, object)),
  });
}

const deleteOptionsSchema = z.object({
  gracePeriodSeconds: z.number().int().nullish(),
  propagationPolicy: z.enum(["Background", "Foreground", "Orphan"]).nullish(),
  preconditions: z.object({ uid: z.string().nullish(), resourceVersion: z.string().nullish() }).nullish(),
  dryRun: z.array(z.string()).nullish(),
});

/** The options of a deletion, which stand in the body, or else in the query. Throws 400 for what they are not. */
export function deleteOptions(request: ApiRequest): DeleteOptions {
  const { query, body, resource } = request;
  const parsed = deleteOptionsSchema.safeParse(body ?? {});
  if (!parsed.success) {
    throw badRequest(`the delete options cannot be decoded: ${z.prettifyError(parsed.error)}`);
  }
  const { gracePeriodSeconds, propagationPolicy, preconditions } = parsed.data;
  const inQuery = deleteOptionsSchema.shape.propagationPolicy.safeParse(query.get("propagationPolicy") ?? undefined);
  const policy = propagationPolicy ?? (inQuery.success ? inQuery.data : undefined);
  const graceInQuery = query.get("gracePeriodSeconds");
  return {
    gracePeriodSeconds: gracePeriodSeconds ?? (graceInQuery === null ? undefined : Number(graceInQuery)),
    // Jobs keep their pods unless told otherwise, as they did before propagation policies were made.
    propagationPolicy: policy ?? (resource.plural === "jobs" ? "Orphan" : undefined),
    preconditions: {
      uid: preconditions?.uid ?? undefined,
      resourceVersion: preconditions?.resourceVersion ?? undefined,
    },
    dryRun: isDryRun(request) || (parsed.data.dryRun ?? []).includes("All"),
  };
}

export function isDryRun({ query }: ApiRequest): boolean {
  return query.getAll("dryRun").includes("All");
}

/** The body of a request as JSON; an apply may be YAML. Undefined when there is none. Throws 400. */
export function parseBody(text: string, contentType: string): Json | undefined {
  if (text === "") {
    return undefined;
  }
  try {
    return contentType.includes("yaml") && !text.startsWith("{") ? parseYaml(text) : JSON.parse(text);
  } catch (cause) {
    throw badRequest(`couldn't decode the body: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

export function mediaType({ headers }: ApiRequest): string {
  return (headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
}

function demandObject(body: Json | undefined): JsonObject {
  if (!isObject(body)) {
    throw badRequest("error decoding patch: it has to be an object");
  }
  return body;
}

/** Throws 400 when the body says that it is something else. */
function ofKind(resource: Resource, given: GivenObject): GivenObject {
  const { kind, apiVersion } = given;
  const expected = `${apiVersionOf(resource)}, Kind=${resource.kind}`;
  if ((kind ?? resource.kind) !== resource.kind || (apiVersion ?? apiVersionOf(resource)) !== apiVersionOf(resource)) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}, Kind=${String(kind)}) does not match the expected API version (${expected})`,
    );
  }
  return given;
}
