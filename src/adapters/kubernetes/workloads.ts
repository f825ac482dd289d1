import { PatchStrategy, setHeaderOptions, type V1Pod, type V1StatefulSet } from "@kubernetes/client-node";
import type { Freeze } from "../../domain/freeze.ts";
import {
  type AnnouncedTarget,
  engineAnnotation,
  kindOf,
  type WorkloadKind,
  workloadKindSchema,
} from "../../domain/target.ts";
import type { DoltAccess } from "../../ports/dolt-servers.ts";
import type { Rollouts } from "../../ports/rollouts.ts";
import type { Scaling } from "../../ports/scaling.ts";
import type { Surroundings } from "../../ports/surroundings.ts";
import type {
  Eviction,
  PodReference,
  TargetReference,
  WorkloadMarks,
  Workloads,
  WorkloadView,
} from "../../ports/workloads.ts";
import { announcedTarget, groupedTargets, isOfCrateCluster } from "./announced-target.ts";
import type { KubernetesApi } from "./api.ts";
import { readEvents, readPodLog } from "./diagnosis.ts";
import { type DoltAccessGiven, doltAccess } from "./dolt-access.ts";
import { evict } from "./eviction.ts";
import { statusCode } from "./failures.ts";
import { readFreezes } from "./freezes.ts";
import { KubernetesRollouts } from "./rollouts.ts";
import { KubernetesScaling } from "./scaling.ts";
import { readServices } from "./services.ts";
import { readSurroundings } from "./surroundings.ts";
import { isForbidden, listWorkloads, readWorkload, type WorkloadObject } from "./workload-kinds.ts";
import { selectorText, workloadView } from "./workload-view.ts";

/** Namespaces by name, which a Role in each of them allows; or all of them, which takes the rights of a cluster's administrator. */
export type Namespaces = readonly string[] | "all";

/** A workload that is no target. */
export interface UnannouncedWorkload extends TargetReference {
  readonly kind: WorkloadKind;
  /** What its annotation says, when it has one all the same. */
  readonly engine: string | null;
}

/** Workloads and their pods. */
export class KubernetesWorkloads implements Workloads {
  readonly scaling: Scaling;
  readonly rollouts: Rollouts;
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
    this.rollouts = new KubernetesRollouts(api);
    this.#api = api;
    this.#cluster = options.cluster;
    this.#namespaces = options.namespaces;
    this.#access = options.access ?? {};
  }

  async targets(signal: AbortSignal): Promise<AnnouncedTarget[]> {
    const found = await this.#listed(signal);
    return groupedTargets(found.flatMap(({ kind, object }) => announcedTarget(this.#cluster, kind, object) ?? []));
  }

  /** Workloads that announce no target, with what they say of an engine: to tell somebody what is missing. */
  async unannounced(signal: AbortSignal): Promise<UnannouncedWorkload[]> {
    const found = await this.#listed(signal);
    return found.flatMap(({ kind, object }) => {
      const { name: workload, namespace, annotations } = object.metadata ?? {};
      if (workload === undefined || namespace === undefined) return [];
      if (announcedTarget(this.#cluster, kind, object) !== null) return [];
      return [{ namespace, workload, kind, engine: annotations?.[engineAnnotation] ?? null }];
    });
  }

  async marks(target: TargetReference, signal: AbortSignal): Promise<WorkloadMarks[]> {
    const { namespace, workload: name } = target;
    const kind = kindOf(target);
    if (kind === "CrateDBCluster") {
      const { items } = await listWorkloads(this.#api, "StatefulSet", namespace, signal);
      return items.filter((item) => isOfCrateCluster(item, name)).map((item) => marksOf("StatefulSet", item));
    }
    const found = await readWorkload(this.#api, kind, { namespace, name }, signal);
    return found === null ? [] : [marksOf(kind, found)];
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

  freezes(namespace: string, signal: AbortSignal): Promise<readonly Freeze[]> {
    return readFreezes(this.#api, namespace, signal);
  }

  credentials(view: WorkloadView, signal: AbortSignal): Promise<DoltAccess> {
    return doltAccess(this.#api, this.#access, view, signal);
  }

  /** Of every kind that may be listed. Throws `kubernetes_refused` when none may. */
  async #listed(signal: AbortSignal): Promise<{ kind: WorkloadKind; object: WorkloadObject }[]> {
    const namespaces = this.#namespaces === "all" ? ["all"] : this.#namespaces;
    const places = namespaces.flatMap((namespace) => workloadKindSchema.options.map((kind) => ({ namespace, kind })));
    const lists = await Promise.all(
      places.map(async ({ namespace, kind }) => {
        try {
          const { items } = await listWorkloads(this.#api, kind, namespace, signal);
          return items.map((object) => ({ kind, object }));
        } catch (error) {
          if (isForbidden(error)) return error;
          throw error;
        }
      }),
    );
    const seen = lists.filter((list) => Array.isArray(list));
    if (seen.length === 0 && lists.length > 0) throw lists[0];
    return seen.flat();
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

function marksOf(kind: WorkloadKind, { metadata }: WorkloadObject): WorkloadMarks {
  const { name = "", namespace = "", uid = "", annotations = {}, labels = {} } = metadata ?? {};
  return { kind, namespace, name, uid, annotations, labels };
}

/** Escapes a key for a JSON pointer (RFC 6901): label keys hold slashes. */
function pointerPart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
