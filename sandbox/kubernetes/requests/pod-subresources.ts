import { z } from "zod";
import { isObject, listAt, numberAt, objectAt, textAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { POD_DISRUPTION_BUDGETS, PODS } from "../resources.ts";
import { badRequest, conflict, disruptionRefused, notAllowed, qualifiedName } from "../status.ts";
import { now, type Registry } from "../store/registry.ts";
import { type Answer, type ApiRequest, created } from "./answer.ts";
import { matchesLabels, selectorOfObject } from "./label-selector.ts";
import { deleteOptions } from "./write.ts";

/** Where the log of a container comes from: the last lines, or all when `tailLines` is undefined. Throws for one that has none. */
export type PodLogSource = (
  pod: { readonly namespace: string; readonly name: string; readonly uid: string },
  options: { readonly container: string | undefined; readonly tailLines: number | undefined },
) => Promise<string> | string;

const bindingSchema = z.object({
  metadata: z.object({ uid: z.string().optional() }).optional(),
  target: z.object({ name: z.string().min(1) }),
});

/** POST `pods/NAME/binding`: what a scheduler does. Throws 409 for a pod that has a node. */
export function bindPod(registry: Registry, request: ApiRequest): Answer {
  demandPost(request);
  const { namespace, name = "" } = request;
  const parsed = bindingSchema.safeParse(request.body);
  if (!parsed.success) {
    throw badRequest(`the binding cannot be decoded: ${z.prettifyError(parsed.error)}`);
  }
  const { target, metadata } = parsed.data;
  registry.update(PODS, namespace, name, (pod) => {
    const node = textAt(pod, "spec", "nodeName");
    if (node) {
      throw conflict(BINDINGS, name, `pod ${name} is already assigned to node "${node}"`);
    }
    if (pod.metadata.deletionTimestamp !== undefined) {
      throw conflict(BINDINGS, name, `pod ${name} is being deleted, cannot be assigned to a host`);
    }
    const uid = metadata?.uid ?? pod.metadata.uid;
    return {
      ...pod,
      metadata: { ...pod.metadata, uid },
      spec: { ...objectAt(pod, "spec"), nodeName: target.name },
    };
  });
  // A condition is status, which the update above leaves alone.
  registry.update(PODS, namespace, name, withScheduledCondition, { part: "status" });
  return created(success());
}

const BINDINGS = { ...PODS, plural: "pods/binding" };

function withScheduledCondition(pod: KubeObject): KubeObject {
  const others = listAt(pod, "status", "conditions").filter(
    (condition) => textAt(condition, "type") !== "PodScheduled",
  );
  const condition = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: now() };
  return { ...pod, status: { ...objectAt(pod, "status"), conditions: [...others, condition] } };
}

/** POST `pods/NAME/eviction`: a deletion that the disruption budgets have to allow. Throws 429 when one of them does not. */
export function evictPod(registry: Registry, request: ApiRequest): Answer {
  demandPost(request);
  const { namespace, name = "" } = request;
  if (textAt(request.body, "metadata", "name") !== name) {
    throw badRequest("name in URL does not match name in Eviction object");
  }
  const pod = registry.get(PODS, namespace, name);
  const budgets = registry.store
    .list(POD_DISRUPTION_BUDGETS, namespace)
    .filter((budget) => matchesLabels(selectorOfObject(objectAt(budget, "spec", "selector")), pod.metadata.labels));
  if (needsBudget(pod)) {
    for (const budget of budgets) {
      spend(registry, budget, name);
    }
  }
  const options = isObject(request.body) ? request.body.deleteOptions : undefined;
  registry.delete(PODS, namespace, name, deleteOptions({ ...request, body: options }));
  return created(success());
}

/** A pod that has ended, is pending or goes already disturbs nobody. */
function needsBudget(pod: KubeObject): boolean {
  const phase = textAt(pod, "status", "phase") ?? "";
  return pod.metadata.deletionTimestamp === undefined && !["Succeeded", "Failed", "Pending"].includes(phase);
}

function spend(registry: Registry, budget: KubeObject, pod: string): void {
  const { name, namespace, generation = 1 } = budget.metadata;
  if ((numberAt(budget, "status", "observedGeneration") ?? 0) < generation) {
    throw disruptionRefused(name, "is still being processed by the server.");
  }
  const allowed = numberAt(budget, "status", "disruptionsAllowed") ?? 0;
  if (allowed <= 0) {
    const healthy = numberAt(budget, "status", "currentHealthy") ?? 0;
    const desired = numberAt(budget, "status", "desiredHealthy") ?? 0;
    throw disruptionRefused(name, `needs ${desired} healthy pods and has ${healthy} currently`);
  }
  const spent = (current: KubeObject) => {
    const status = objectAt(current, "status");
    const disruptedPods = { ...objectAt(status, "disruptedPods"), [pod]: now() };
    return { ...current, status: { ...status, disruptionsAllowed: allowed - 1, disruptedPods } };
  };
  registry.update(POD_DISRUPTION_BUDGETS, namespace, name, spent, { part: "status" });
}

/** GET `pods/NAME/log`. Throws 400 while no container has been started. */
export async function podLog(
  registry: Registry,
  request: ApiRequest,
  source: PodLogSource | undefined,
): Promise<Answer> {
  if (request.method !== "GET") {
    throw notAllowed();
  }
  const { namespace = "", name = "", query } = request;
  const { metadata } = registry.get(PODS, namespace, name);
  if (source === undefined) {
    throw badRequest(`${qualifiedName(PODS)} "${name}" has no log: this API was started without a source of logs`);
  }
  const tail = query.get("tailLines");
  const text = await source(
    { namespace, name, uid: metadata.uid },
    { container: query.get("container") ?? undefined, tailLines: tail === null ? undefined : Number(tail) },
  );
  return { kind: "text", code: 200, text };
}

function demandPost({ method }: ApiRequest): void {
  if (method !== "POST") {
    throw notAllowed();
  }
}

const success = () => ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
