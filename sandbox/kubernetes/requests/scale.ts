import { type JsonObject, numberAt, objectAt } from "../json.ts";
import { givenObject, type KubeObject } from "../object.ts";
import { badRequest, notAllowed } from "../status.ts";
import type { Registry } from "../store/registry.ts";
import { type Answer, type ApiRequest, ok } from "./answer.ts";
import { selectorOfObject, selectorText } from "./label-selector.ts";
import { isDryRun, patched } from "./write.ts";

/** GET, PUT and PATCH of `/scale` (autoscaling/v1 Scale). A resourceVersion that is given must be that of the workload. */
export function scale(registry: Registry, request: ApiRequest): Answer {
  const { resource, namespace, name = "", method } = request;
  if (method === "GET") {
    return ok(scaleOf(registry.get(resource, namespace, name)));
  }
  if (method !== "PUT" && method !== "PATCH") {
    throw notAllowed();
  }
  const change = (current: KubeObject) => {
    const wanted = givenObject(method === "PUT" ? request.body : patched(request, scaleOf(current)));
    const replicas = numberAt(wanted, "spec", "replicas") ?? 0;
    if (!Number.isInteger(replicas)) {
      throw badRequest(`spec.replicas is no whole number: ${replicas}`);
    }
    const { resourceVersion = current.metadata.resourceVersion, uid = current.metadata.uid } = wanted.metadata;
    const metadata = { ...current.metadata, resourceVersion, uid };
    return { ...current, metadata, spec: { ...objectAt(current, "spec"), replicas } };
  };
  return ok(scaleOf(registry.update(resource, namespace, name, change, { dryRun: isDryRun(request) })));
}

function scaleOf(workload: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = workload.metadata;
  const replicas = numberAt(workload, "spec", "replicas") ?? 0;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    // The real one leaves out a zero here, and not below.
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: numberAt(workload, "status", "replicas") ?? 0,
      selector: selectorText(selectorOfObject(objectAt(workload, "spec", "selector"))),
    },
  };
}
