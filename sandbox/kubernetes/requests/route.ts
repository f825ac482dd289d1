import type { Authorizer } from "../access/authorizer.ts";
import { listAt, objectAt } from "../json.ts";
import { givenObject } from "../object.ts";
import { NAMESPACES, PODS, SELF_SUBJECT_ACCESS_REVIEWS, SELF_SUBJECT_REVIEWS } from "../resources.ts";
import { noSuchPath, notAllowed } from "../status.ts";
import type { Registry } from "../store/registry.ts";
import { type Answer, type ApiRequest, ok } from "./answer.ts";
import { bindPod, evictPod, type PodLogSource, podLog } from "./pod-subresources.ts";
import type { Reads } from "./read.ts";
import { selfSubjectAccessReview, selfSubjectReview } from "./reviews.ts";
import { scale } from "./scale.ts";
import type { Watches } from "./watch.ts";
import { createObject, deleteCollection, deleteObject, patchObject, replaceObject } from "./write.ts";

export interface Parts {
  readonly registry: Registry;
  readonly reads: Reads;
  readonly watches: Watches;
  readonly authorizer: Authorizer;
  readonly podLogs: PodLogSource | undefined;
}

/** Does what a request for a resource asks. Throws ApiFailure. */
export async function route(parts: Parts, request: ApiRequest): Promise<Answer> {
  const { resource, subresource } = request;
  if (resource === SELF_SUBJECT_ACCESS_REVIEWS || resource === SELF_SUBJECT_REVIEWS) {
    return review(parts, request);
  }
  if (subresource !== undefined) {
    return ofSubresource(parts, request, subresource);
  }
  return request.name === undefined ? ofCollection(parts, request) : ofObject(parts, request);
}

function review({ authorizer }: Parts, request: ApiRequest): Answer {
  if (request.method !== "POST") {
    throw notAllowed();
  }
  return request.resource === SELF_SUBJECT_REVIEWS
    ? selfSubjectReview(request)
    : selfSubjectAccessReview(authorizer, request);
}

function ofCollection({ registry, reads, watches }: Parts, request: ApiRequest): Answer {
  switch (request.method) {
    case "GET":
      return isWatch(request) ? watches.start(request) : reads.list(request);
    case "POST":
      return createObject(registry, request);
    case "DELETE":
      return deleteCollection(registry, request);
    default:
      throw notAllowed();
  }
}

function ofObject({ registry, reads, watches }: Parts, request: ApiRequest): Answer {
  switch (request.method) {
    case "GET":
      return isWatch(request) ? watches.start(request) : reads.get(request);
    case "PUT":
      return replaceObject(registry, request, "main");
    case "PATCH":
      return patchObject(registry, request, "main");
    case "DELETE":
      return deleteObject(registry, request);
    default:
      throw notAllowed();
  }
}

async function ofSubresource(parts: Parts, request: ApiRequest, subresource: string): Promise<Answer> {
  const { registry, reads, podLogs } = parts;
  const { resource, method } = request;
  if (subresource === "status" && resource.hasStatus) {
    if (method === "GET") {
      return reads.get(request);
    }
    if (method !== "PUT" && method !== "PATCH") {
      throw notAllowed();
    }
    return method === "PUT" ? replaceObject(registry, request, "status") : patchObject(registry, request, "status");
  }
  if (subresource === "scale" && resource.hasScale) {
    return scale(registry, request);
  }
  if (resource === PODS && subresource === "binding") {
    return bindPod(registry, request);
  }
  if (resource === PODS && subresource === "eviction") {
    return evictPod(registry, request);
  }
  if (resource === PODS && subresource === "log") {
    return podLog(registry, request, podLogs);
  }
  if (resource === NAMESPACES && subresource === "finalize" && method === "PUT") {
    return finalizeNamespace(registry, request);
  }
  throw noSuchPath();
}

/** PUT `namespaces/NAME/finalize`: the finalizers of the specification, which nothing else may change. */
function finalizeNamespace(registry: Registry, { name = "", body }: ApiRequest): Answer {
  const finalizers = listAt(givenObject(body), "spec", "finalizers");
  return ok(
    registry.update(NAMESPACES, undefined, name, (current) => ({
      ...current,
      spec: { ...objectAt(current, "spec"), finalizers },
    })),
  );
}

export function isWatch({ method, query }: Pick<ApiRequest, "method" | "query">): boolean {
  return method === "GET" && ["true", "1"].includes(query.get("watch") ?? "");
}
