import { PatchStrategy, setHeaderOptions, type V1Pod, type V1StatefulSet } from "@kubernetes/client-node";
import { type AnnouncedTarget, engineAnnotation } from "../../domain/target.ts";
import type { DoltAccess } from "../../ports/dolt-servers.ts";
import type { Scaling } from "../../ports/scaling.ts";
import type { Surroundings } from "../../ports/surroundings.ts";
import type { Eviction, PodReference, TargetReference, Workloads, WorkloadView } from "../../ports/workloads.ts";
import { announcedTarget } from "./announced-target.ts";
import type { KubernetesApi } from "./api.ts";
import { readEvents, readPodLog } from "./diagnosis.ts";
import { type DoltAccessGiven, doltAccess } from "./dolt-access.ts";
import { evict } from "./eviction.ts";
import { statusCode } from "./failures.ts";
import { KubernetesScaling } from "./scaling.ts";
import { readServices } from "./services.ts";
import { readSurroundings } from "./surroundings.ts";
import { selectorText, workloadView } from "./workload-view.ts";

/** Namespaces by name, which a Role in each of them allows; or all of them, which takes the rights of a cluster's administrator. */
export type Namespaces = readonly string[] | "all";

/** StatefulSets and their pods. */
export class KubernetesWorkloads implements Workloads {
  readonly scaling: Scaling;
  readonly #api: KubernetesApi;
  readonly #cluster: string;
  readonly #namespaces: Namespaces;
  readonly #access: DoltAccessGiven;
  /** Selectors seen before, so that the pods can be listed while the StatefulSet is being read. */
  readonly #selectors = new Map<string, string>();

  constructor(
    api: KubernetesApi,
    options: { cluster: string; namespaces: Namespaces; access?: DoltAccessGiven | undefined },
  ) {
    this.scaling = new KubernetesScaling(api);
    this.#api = api;
    this.#cluster = options.cluster;
    this.#namespaces = options.namespaces;
    this.#access = options.access ?? {};
  }

  async targets(signal: AbortSignal): Promise<AnnouncedTarget[]> {
    const found = await this.#statefulSets(signal);
    return found.flatMap((item) => announcedTarget(this.#cluster, item) ?? []);
  }

  /** StatefulSets that announce no target, with what they say of an engine: to tell somebody what is missing. */
  async unannounced(signal: AbortSignal): Promise<(TargetReference & { readonly engine: string | null })[]> {
    const found = await this.#statefulSets(signal);
    return found.flatMap((item) => {
      const { name: workload, namespace, annotations } = item.metadata ?? {};
      if (workload === undefined || namespace === undefined) return [];
      if (announcedTarget(this.#cluster, item) !== null) return [];
      return [{ namespace, workload, engine: annotations?.[engineAnnotation] ?? null }];
    });
  }

  async look(target: TargetReference, signal: AbortSignal): Promise<WorkloadView | null> {
    const key = `${target.namespace}/${target.workload}`;
    const remembered = this.#selectors.get(key);
    const [statefulSet, services, early] = await Promise.all([
      this.#readStatefulSet(target, signal),
      readServices(this.#api, target.namespace, signal),
      remembered === undefined ? null : this.#listPods(target, remembered, signal),
    ]);
    if (statefulSet === null) return null;
    const selector = selectorText(statefulSet.spec?.selector);
    this.#selectors.set(key, selector);
    const pods = early !== null && selector === remembered ? early : await this.#listPods(target, selector, signal);
    return workloadView(statefulSet, pods, services);
  }

  async labelPod(pod: PodReference, label: string, value: string, signal: AbortSignal): Promise<void> {
    const body = [
      // A pod recreated under the same name is another pod, with another role.
      { op: "test", path: "/metadata/uid", value: pod.uid },
      { op: "add", path: `/metadata/labels/${pointerPart(label)}`, value },
    ];
    await this.#api.call(`labelling pod ${pod.namespace}/${pod.name}`, signal, (options) =>
      this.#api.core.patchNamespacedPod(
        { name: pod.name, namespace: pod.namespace, body },
        setHeaderOptions("Content-Type", PatchStrategy.JsonPatch, options),
      ),
    );
  }

  evictPod(pod: PodReference, signal: AbortSignal): Promise<Eviction> {
    return evict(this.#api, pod, signal);
  }

  events(object: { readonly namespace: string; readonly uid: string }, signal: AbortSignal): Promise<string[]> {
    return readEvents(this.#api, object, signal);
  }

  async surroundings(target: TargetReference, signal: AbortSignal): Promise<Surroundings | null> {
    const statefulSet = await this.#readStatefulSet(target, signal);
    if (statefulSet === null) return null;
    return await readSurroundings(this.#api, statefulSet, signal);
  }

  podLog(pod: PodReference, lines: number, signal: AbortSignal): Promise<string[]> {
    return readPodLog(this.#api, pod, lines, signal);
  }

  credentials(view: WorkloadView, signal: AbortSignal): Promise<DoltAccess> {
    return doltAccess(this.#api, this.#access, view, signal);
  }

  async #statefulSets(signal: AbortSignal): Promise<V1StatefulSet[]> {
    const lists = await Promise.all(
      this.#namespaces === "all"
        ? [this.#listEverywhere(signal)]
        : this.#namespaces.map((namespace) => this.#listIn(namespace, signal)),
    );
    return lists.flat();
  }

  async #listIn(namespace: string, signal: AbortSignal): Promise<V1StatefulSet[]> {
    const doing = `listing StatefulSets of ${namespace}`;
    const { items } = await this.#api.list<V1StatefulSet>(doing, signal, (page, options) =>
      this.#api.apps.listNamespacedStatefulSet({ namespace, ...page }, options),
    );
    return items;
  }

  async #listEverywhere(signal: AbortSignal): Promise<V1StatefulSet[]> {
    const doing = "listing StatefulSets of all namespaces";
    const { items } = await this.#api.list<V1StatefulSet>(doing, signal, (page, options) =>
      this.#api.apps.listStatefulSetForAllNamespaces(page, options),
    );
    return items;
  }

  async #readStatefulSet(target: TargetReference, signal: AbortSignal): Promise<V1StatefulSet | null> {
    const { namespace, workload: name } = target;
    return this.#api.call(`reading StatefulSet ${namespace}/${name}`, signal, async (options) => {
      try {
        return await this.#api.apps.readNamespacedStatefulSet({ name, namespace }, options);
      } catch (error) {
        if (statusCode(error) === 404) return null;
        throw error;
      }
    });
  }

  async #listPods(
    { namespace, workload }: TargetReference,
    labelSelector: string,
    signal: AbortSignal,
  ): Promise<V1Pod[]> {
    const { items } = await this.#api.list<V1Pod>(`listing pods of ${namespace}/${workload}`, signal, (page, options) =>
      this.#api.core.listNamespacedPod({ namespace, labelSelector, ...page }, options),
    );
    return items;
  }
}

/** Escapes a key for a JSON pointer (RFC 6901): label keys hold slashes. */
function pointerPart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
