import { type ConfigurationOptions, PatchStrategy, setHeaderOptions, type V1Pod } from "@kubernetes/client-node";
import type { z } from "zod";
import { objectKindOf, type WorkloadKind } from "../../domain/target.ts";
import type {
  RolloutAction,
  RolloutConstraints,
  Rollouts,
  RolloutView,
  TemplateRevision,
} from "../../ports/rollouts.ts";
import type { Seen } from "../../ports/surroundings.ts";
import type { TargetReference } from "../../ports/workloads.ts";
import type { KubernetesApi } from "./api.ts";
import { statusCode } from "./failures.ts";
import {
  annotationsOf,
  restartedAtAnnotation,
  templateMarks,
  templateOfReplicaSet,
  templateOfRevision,
} from "./pod-template.ts";
import { readAutoscalersOf, readConstraints } from "./rollout-constraints.ts";
import { rolloutView } from "./rollout-view.ts";
import { KubernetesScaling } from "./scaling.ts";
import { resourceOf } from "./workload-kinds.ts";
import {
  type ControllerRevisionObject,
  controllerRevisionSchema,
  pageSchema,
  type ReplicaSetObject,
  replicaSetSchema,
  type WorkloadObject,
  workloadSchema,
} from "./workload-object.ts";
import { selectorText } from "./workload-view.ts";

/** Set by a Deployment's controller on itself and its ReplicaSets; the highest is the newest. */
const revisionAnnotation = "deployment.kubernetes.io/revision";

export class KubernetesRollouts implements Rollouts {
  readonly #api: KubernetesApi;
  readonly #scaling: KubernetesScaling;

  constructor(api: KubernetesApi) {
    this.#api = api;
    this.#scaling = new KubernetesScaling(api);
  }

  async look(target: TargetReference, signal: AbortSignal): Promise<RolloutView | null> {
    const kind = objectKindOf(target);
    const object = await this.#read(kind, { namespace: target.namespace, name: target.workload }, signal);
    if (object === null) return null;
    const { metadata, spec } = object;
    const [pods, replicaSets, revisions] = await Promise.all([
      this.#pods(target, spec.selector, signal),
      kind === "Deployment" ? this.#replicaSets(metadata, signal) : [],
      kind === "DaemonSet" ? this.#controllerRevisions(metadata, signal) : [],
    ]);
    return rolloutView({ kind, object, replicaSets, revisions }, pods);
  }

  async revisions(view: RolloutView, signal: AbortSignal): Promise<TemplateRevision[]> {
    const found =
      view.kind === "Deployment"
        ? (await this.#replicaSets(view, signal)).map((set) => ({
            name: set.metadata.name,
            number: Number(set.metadata.annotations[revisionAnnotation] ?? 0),
            template: templateOfReplicaSet(set),
          }))
        : (await this.#controllerRevisions(view, signal)).map((revision) => ({
            name: revision.metadata.name,
            number: revision.revision,
            template: templateOfRevision(revision),
          }));
    return found
      .map((revision) => ({ ...revision, ...templateMarks(revision.template) }))
      .toSorted((a, b) => b.number - a.number);
  }

  constraints(view: RolloutView, signal: AbortSignal): Promise<RolloutConstraints> {
    return readConstraints(this.#api, view, signal);
  }

  autoscalers(view: RolloutView, signal: AbortSignal): Promise<Seen<readonly string[]>> {
    return readAutoscalersOf(this.#api, view, signal);
  }

  async setRestartedAt(view: RolloutView, at: string | null, signal: AbortSignal): Promise<boolean> {
    const object = await this.#read(view.kind, view, signal);
    if (object === null) return false;
    const path = "/spec/template/metadata/annotations";
    const own = `${path}/${restartedAtAnnotation.replaceAll("/", "~1")}`;
    const annotations = Object.keys(annotationsOf(object.spec.template));
    const changes = () => {
      if (at === null) {
        if (!annotations.includes(restartedAtAnnotation)) return [];
        return [{ op: "remove", path: annotations.length === 1 ? path : own }];
      }
      if (annotations.length > 0) return [{ op: "add", path: own, value: at }];
      return [{ op: "add", path, value: { [restartedAtAnnotation]: at } }];
    };
    return await this.#patch(view, `restarting ${view.kind} ${view.namespace}/${view.name}`, changes(), signal);
  }

  async putTemplate(view: RolloutView, { template }: TemplateRevision, signal: AbortSignal): Promise<boolean> {
    const doing = `putting back a template of ${view.kind} ${view.namespace}/${view.name}`;
    return await this.#patch(view, doing, [{ op: "replace", path: "/spec/template", value: template }], signal);
  }

  setReplicas(target: TargetReference, from: number, to: number, signal: AbortSignal): Promise<boolean> {
    return this.#scaling.setReplicas(target, from, to, signal);
  }

  async missing(
    target: TargetReference,
    actions: readonly RolloutAction[],
    signal: AbortSignal,
  ): Promise<RolloutAction[]> {
    const resource = resourceOf[objectKindOf(target)];
    const attributes: Readonly<Record<RolloutAction, object>> = {
      patch: { group: "apps", resource, verb: "patch", name: target.workload },
      scale: { group: "apps", resource, subresource: "scale", verb: "patch", name: target.workload },
      evict: { group: "", resource: "pods", subresource: "eviction", verb: "create" },
    };
    const asked = actions.map(async (action): Promise<RolloutAction[]> => {
      const resourceAttributes = { namespace: target.namespace, ...attributes[action] };
      const { status } = await this.#api.call(`asking for the right to ${action}`, signal, (options) =>
        this.#api.authorization.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } }, options),
      );
      return status?.allowed === true ? [] : [action];
    });
    return (await Promise.all(asked)).flat();
  }

  /** Bound to the object and its specification as they were looked at: anything else answers 422 to the tests. */
  async #patch(
    { kind, namespace, name, uid, generation }: RolloutView,
    doing: string,
    changes: readonly object[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const body = [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "test", path: "/metadata/generation", value: generation },
      ...changes,
    ];
    return await this.#api.call(doing, signal, async (options) => {
      try {
        await this.#sendPatch(kind, { namespace, name, body }, jsonPatch(options));
        return true;
      } catch (error) {
        const code = statusCode(error);
        if (code !== 404 && code !== 409 && code !== 422) throw error;
        const now = await this.#read(kind, { namespace, name }, signal);
        // The API server says no to the change itself, not to where it was to be made.
        if (now?.metadata.uid === uid && now.metadata.generation === generation) throw error;
        return false;
      }
    });
  }

  async #sendPatch(
    kind: RolloutView["kind"],
    request: { readonly namespace: string; readonly name: string; readonly body: object },
    options: ConfigurationOptions,
  ): Promise<void> {
    switch (kind) {
      case "StatefulSet":
        await this.#api.apps.patchNamespacedStatefulSet(request, options);
        return;
      case "Deployment":
        await this.#api.apps.patchNamespacedDeployment(request, options);
        return;
      case "DaemonSet":
        await this.#api.apps.patchNamespacedDaemonSet(request, options);
        return;
    }
  }

  /** Null: there is none of this name. */
  async #read(kind: WorkloadKind, { namespace, name }: Named, signal: AbortSignal): Promise<WorkloadObject | null> {
    const request = { group: "apps", version: "v1", plural: resourceOf[kind], namespace, name };
    const found = await this.#api.call(`reading ${kind} ${namespace}/${name}`, signal, async (options) => {
      try {
        const object: unknown = await this.#api.custom.getNamespacedCustomObject(request, options);
        return { object };
      } catch (error) {
        if (statusCode(error) === 404) return null;
        throw error;
      }
    });
    return found === null ? null : workloadSchema.parse(found.object);
  }

  async #pods(
    { namespace, workload }: TargetReference,
    selector: WorkloadObject["spec"]["selector"],
    signal: AbortSignal,
  ): Promise<V1Pod[]> {
    const labelSelector = selectorText(selector);
    const { items } = await this.#api.list<V1Pod>(`listing pods of ${namespace}/${workload}`, signal, (page, options) =>
      this.#api.core.listNamespacedPod({ namespace, labelSelector, ...page }, options),
    );
    return items;
  }

  async #replicaSets({ namespace, uid }: Owner, signal: AbortSignal): Promise<ReplicaSetObject[]> {
    const found = await this.#list("replicasets", "ReplicaSets", namespace, replicaSetSchema, signal);
    return found.filter((item) => isControlledBy(item, uid));
  }

  async #controllerRevisions({ namespace, uid }: Owner, signal: AbortSignal): Promise<ControllerRevisionObject[]> {
    const found = await this.#list(
      "controllerrevisions",
      "ControllerRevisions",
      namespace,
      controllerRevisionSchema,
      signal,
    );
    return found.filter((item) => isControlledBy(item, uid));
  }

  async #list<Item>(
    plural: string,
    kinds: string,
    namespace: string,
    schema: z.ZodType<Item>,
    signal: AbortSignal,
  ): Promise<Item[]> {
    const doing = `listing ${kinds} of ${namespace}`;
    const { items } = await this.#api.list<unknown>(doing, signal, async (page, options) => {
      const request = { group: "apps", version: "v1", plural, namespace, ...page };
      const answer = pageSchema.parse(await this.#api.custom.listNamespacedCustomObject(request, options));
      const { continue: next } = answer.metadata;
      return { items: answer.items, ...(next === undefined ? {} : { metadata: { _continue: next } }) };
    });
    return items.map((item) => schema.parse(item));
  }
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

interface Owner {
  readonly namespace: string;
  readonly uid: string;
}

function isControlledBy({ metadata }: ReplicaSetObject | ControllerRevisionObject, uid: string): boolean {
  return metadata.ownerReferences.some((owner) => owner.controller && owner.uid === uid);
}

function jsonPatch(options: ConfigurationOptions): ConfigurationOptions {
  return setHeaderOptions("Content-Type", PatchStrategy.JsonPatch, options);
}
