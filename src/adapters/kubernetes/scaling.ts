import {
  type ConfigurationOptions,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Service,
} from "@kubernetes/client-node";
import { fail } from "../../domain/errors.ts";
import { podNameLabel } from "../../domain/pod-hosts.ts";
import { workloadText } from "../../domain/target.ts";
import type { ConfigMapView, PodService, Scaling, ScalingRight, WorkloadLayout } from "../../ports/scaling.ts";
import type { TargetReference } from "../../ports/workloads.ts";
import { managedByLabel, managedByValue } from "./annotations.ts";
import type { KubernetesApi } from "./api.ts";
import { statusCode } from "./failures.ts";
import { workloadLayout } from "./layout.ts";
import { ownershipOf } from "./ownership.ts";
import { serviceView } from "./services.ts";

/** How often a write is tried again because something else of the same object was written between reading and writing. */
const attempts = 5;

const rights: readonly (readonly [
  ScalingRight,
  { group: string; resource: string; subresource?: string; verb: string },
])[] = [
  ["configmaps", { group: "", resource: "configmaps", verb: "patch" }],
  ["services", { group: "", resource: "services", verb: "create" }],
  ["replicas", { group: "apps", resource: "statefulsets", subresource: "scale", verb: "patch" }],
];

export class KubernetesScaling implements Scaling {
  readonly #api: KubernetesApi;

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  async layout({ namespace, workload }: TargetReference, signal: AbortSignal): Promise<WorkloadLayout | null> {
    const doing = `reading StatefulSet ${namespace}/${workload}`;
    const found = await this.#unlessMissing(doing, signal, (options) =>
      this.#api.apps.readNamespacedStatefulSet({ name: workload, namespace }, options),
    );
    return found === null ? null : workloadLayout(found);
  }

  async configMap(namespace: string, name: string, signal: AbortSignal): Promise<ConfigMapView | null> {
    const found = await this.#unlessMissing(`reading ConfigMap ${namespace}/${name}`, signal, (options) =>
      this.#api.core.readNamespacedConfigMap({ name, namespace }, options),
    );
    return found === null ? null : configMapView(found);
  }

  async changeConfigMap(
    { namespace, name, resourceVersion }: ConfigMapView,
    changes: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<ConfigMapView | null> {
    const body = { metadata: { resourceVersion }, data: changes };
    const changed = await this.#unlessConflict(`changing ConfigMap ${namespace}/${name}`, signal, (options) =>
      this.#api.core.patchNamespacedConfigMap({ name, namespace, body }, mergePatch(options)),
    );
    return changed === null ? null : configMapView(changed);
  }

  async podServices(namespace: string, signal: AbortSignal): Promise<PodService[]> {
    const { items } = await this.#api.list<V1Service>(`listing Services of ${namespace}`, signal, (page, options) =>
      this.#api.core.listNamespacedService({ namespace, ...page }, options),
    );
    return items.map(serviceView).flatMap(({ name, podName, clusterIps }) => {
      return podName === null ? [] : [{ namespace, name, podName, clusterIps }];
    });
  }

  async createPodService(like: PodService, name: string, podName: string, signal: AbortSignal): Promise<void> {
    const { namespace } = like;
    const model = await this.#api.call(`reading Service ${namespace}/${like.name}`, signal, (options) =>
      this.#api.core.readNamespacedService({ name: like.name, namespace }, options),
    );
    const body = copiedService(model, like.podName, name, podName);
    // One that is there is left alone: whether it leads to the right pod is looked at by whoever needs it.
    await this.#unlessConflict(`creating Service ${namespace}/${name}`, signal, (options) =>
      this.#api.core.createNamespacedService({ namespace, body }, options),
    );
  }

  async setReplicas(target: TargetReference, from: number, to: number, signal: AbortSignal): Promise<boolean> {
    const { namespace, workload: name } = target;
    const doing = `scaling ${workloadText(target)}`;
    const isDeployment = target.kind === "Deployment";
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const { metadata, spec } = await this.#api.call(doing, signal, (options) =>
        isDeployment
          ? this.#api.apps.readNamespacedDeploymentScale({ name, namespace }, options)
          : this.#api.apps.readNamespacedStatefulSetScale({ name, namespace }, options),
      );
      // The scale leaves out a zero.
      const now = spec?.replicas ?? 0;
      if (now === to) return true;
      if (now !== from) return false;
      const body = { metadata: { resourceVersion: metadata?.resourceVersion }, spec: { replicas: to } };
      const done = await this.#unlessConflict(doing, signal, (options) =>
        isDeployment
          ? this.#api.apps.patchNamespacedDeploymentScale({ name, namespace, body }, mergePatch(options))
          : this.#api.apps.patchNamespacedStatefulSetScale({ name, namespace, body }, mergePatch(options)),
      );
      if (done !== null) return true;
    }
    throw fail("kubernetes_refused", { doing, why: `it was changed ${attempts} times between reading and writing` });
  }

  async missingRights(
    { namespace, workload }: TargetReference,
    configMap: string,
    signal: AbortSignal,
  ): Promise<ScalingRight[]> {
    const names: Readonly<Record<ScalingRight, string>> = { configmaps: configMap, services: "", replicas: workload };
    const asked = rights.map(async ([right, attributes]): Promise<ScalingRight[]> => {
      const resourceAttributes = { namespace, name: names[right], ...attributes };
      const { status } = await this.#api.call(`asking for the right to change ${right}`, signal, (options) =>
        this.#api.authorization.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } }, options),
      );
      return status?.allowed === true ? [] : [right];
    });
    return (await Promise.all(asked)).flat();
  }

  #unlessMissing<T>(
    doing: string,
    signal: AbortSignal,
    send: (options: ConfigurationOptions) => Promise<T>,
  ): Promise<T | null> {
    return this.#unless(404, doing, signal, send);
  }

  #unlessConflict<T>(
    doing: string,
    signal: AbortSignal,
    send: (options: ConfigurationOptions) => Promise<T>,
  ): Promise<T | null> {
    return this.#unless(409, doing, signal, send);
  }

  #unless<T>(
    code: number,
    doing: string,
    signal: AbortSignal,
    send: (options: ConfigurationOptions) => Promise<T>,
  ): Promise<T | null> {
    return this.#api.call(doing, signal, async (options) => {
      try {
        return await send(options);
      } catch (error) {
        if (statusCode(error) === code) return null;
        throw error;
      }
    });
  }
}

function mergePatch(options: ConfigurationOptions): ConfigurationOptions {
  return setHeaderOptions("Content-Type", PatchStrategy.MergePatch, options);
}

function configMapView({ metadata, data, immutable }: V1ConfigMap): ConfigMapView {
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    owner: ownershipOf(metadata),
    immutable: immutable ?? false,
    data: data ?? {},
  };
}

/** A Service like this one for another pod, without what the API gave this one, and without the marks of who wrote it. */
export function copiedService(model: V1Service, modelPod: string, name: string, podName: string): V1Service {
  const { labels = {}, namespace } = model.metadata ?? {};
  const { ports, selector, clusterIP, clusterIPs: _given, ...spec } = model.spec ?? {};
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...ofPod(labels, modelPod, podName), [managedByLabel]: managedByValue },
    },
    spec: {
      type: spec.type === "ExternalName" ? "ClusterIP" : (spec.type ?? "ClusterIP"),
      ...(spec.publishNotReadyAddresses === undefined
        ? {}
        : { publishNotReadyAddresses: spec.publishNotReadyAddresses }),
      ...(spec.ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy: spec.ipFamilyPolicy }),
      ...(spec.internalTrafficPolicy === undefined ? {} : { internalTrafficPolicy: spec.internalTrafficPolicy }),
      ...(clusterIP === "None" ? { clusterIP } : {}),
      selector: { ...ofPod(selector ?? {}, modelPod, podName), [podNameLabel]: podName },
      ports: (ports ?? []).map(({ nodePort: _nodePort, ...port }) => port),
    },
  };
}

function ofPod(texts: Readonly<Record<string, string>>, modelPod: string, podName: string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, text === modelPod ? podName : text]));
}
