import {
  type ConfigurationOptions,
  PatchStrategy,
  setHeaderOptions,
  type V1CronJob,
  type V1Deployment,
  type V1Job,
  type V1Pod,
  type V1StatefulSet,
} from "@kubernetes/client-node";
import { fail, HandoverError } from "../../domain/errors.ts";
import type {
  Autoscaler,
  CrateClusters,
  CrateClusterView,
  CrateRight,
  CrateSetReference,
  CronJobView,
  DeploymentView,
  JobView,
  StartUpArguments,
} from "../../ports/crate-clusters.ts";
import type { CrateAccess } from "../../ports/crate-servers.ts";
import type { Seen } from "../../ports/surroundings.ts";
import type { TargetReference } from "../../ports/workloads.ts";
import { isOfCrateCluster } from "./announced-target.ts";
import type { KubernetesApi } from "./api.ts";
import { readAutoscalers } from "./autoscalers.ts";
import { crateAccess } from "./crate-access.ts";
import { crateClusterView, crateNames, startUpOf } from "./crate-set-view.ts";
import type { DoltAccessGiven } from "./dolt-access.ts";
import { statusCode } from "./failures.ts";
import { KubernetesScaling } from "./scaling.ts";
import { isOwnedBy, selectorText } from "./workload-view.ts";

/** How often a write is tried again because something else of the same object was written between reading and writing. */
const attempts = 5;

type ReviewAttributes = { group: string; resource: string; subresource?: string; verb: string };
const rights: Readonly<Record<CrateRight, ReviewAttributes>> = {
  replicas: { group: "apps", resource: "statefulsets", subresource: "scale", verb: "patch" },
  statefulsets: { group: "apps", resource: "statefulsets", verb: "patch" },
  cronjobs: { group: "batch", resource: "cronjobs", verb: "patch" },
  deployments: { group: "apps", resource: "deployments", subresource: "scale", verb: "patch" },
};
/** These are asked for by the StatefulSet's name, as a Role may name them one by one. */
const byName: readonly CrateRight[] = ["replicas", "statefulsets"];

export class KubernetesCrateClusters implements CrateClusters {
  readonly #api: KubernetesApi;
  readonly #scaling: KubernetesScaling;
  readonly #access: DoltAccessGiven;

  constructor(api: KubernetesApi, options: { readonly access?: DoltAccessGiven | undefined } = {}) {
    this.#api = api;
    this.#access = options.access ?? {};
    this.#scaling = new KubernetesScaling(api);
  }

  async look({ namespace, workload }: TargetReference, signal: AbortSignal): Promise<CrateClusterView | null> {
    const { items } = await this.#api.list<V1StatefulSet>(
      `listing StatefulSets of ${namespace}`,
      signal,
      (page, options) => this.#api.apps.listNamespacedStatefulSet({ namespace, ...page }, options),
    );
    const members = await Promise.all(
      items
        .filter((set) => isOfCrateCluster(set, workload))
        .map(async (set) => ({ set, pods: await this.#podsOf(namespace, set, signal) })),
    );
    return crateClusterView(namespace, workload, members);
  }

  access(cluster: CrateClusterView, signal: AbortSignal): Promise<CrateAccess> {
    return crateAccess(this.#api, this.#access, cluster, signal);
  }

  autoscalers({ namespace, sets }: CrateClusterView, signal: AbortSignal): Promise<Seen<readonly Autoscaler[]>> {
    const names = new Set(sets.map(({ name }) => name));
    return seen(async () => {
      const found = await readAutoscalers(this.#api, namespace, signal);
      return found.filter(({ target }) => target.kind === "StatefulSet" && names.has(target.name));
    });
  }

  setReplicas(set: CrateSetReference, from: number, to: number, signal: AbortSignal): Promise<boolean> {
    return this.#scaling.setReplicas({ namespace: set.namespace, workload: set.name }, from, to, signal);
  }

  async setStartUpArguments(
    { namespace, name, uid }: CrateSetReference,
    from: StartUpArguments,
    to: StartUpArguments,
    signal: AbortSignal,
  ): Promise<boolean> {
    const doing = `changing the start-up arguments of StatefulSet ${namespace}/${name}`;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const read = await this.#api.call(doing, signal, (options) =>
        this.#api.apps.readNamespacedStatefulSet({ namespace, name }, options),
      );
      const containers = read.spec?.template.spec?.containers ?? [];
      const index = Math.max(
        0,
        containers.findIndex((container) => container.name === crateNames.container),
      );
      const now = startUpOf(containers[index] ?? null);
      if (read.metadata?.uid !== uid) return false;
      if (isSame(now, to)) return true;
      if (!isSame(now, from)) return false;
      const at = `/spec/template/spec/containers/${index}`;
      const body = [
        { op: "test", path: "/metadata/uid", value: uid },
        { op: "test", path: `${at}/name`, value: containers[index]?.name },
        ...changeOf(`${at}/command`, from.command, to.command),
        ...changeOf(`${at}/args`, from.args, to.args),
      ];
      const isWritten = await this.#api.call(doing, signal, (options) =>
        unless([409, 422], async () => {
          const json = setHeaderOptions("Content-Type", PatchStrategy.JsonPatch, options);
          await this.#api.apps.patchNamespacedStatefulSet({ namespace, name, body }, json);
          return true;
        }),
      );
      if (isWritten !== null) return true;
    }
    throw fail("kubernetes_refused", { doing, why: `it was changed ${attempts} times between reading and writing` });
  }

  async annotate(
    set: CrateSetReference,
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#mark(set, `annotating StatefulSet ${set.namespace}/${set.name}`, { annotations }, signal);
  }

  async label(
    set: CrateSetReference,
    labels: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#mark(set, `labelling StatefulSet ${set.namespace}/${set.name}`, { labels }, signal);
  }

  cronJobs(namespace: string, signal: AbortSignal): Promise<Seen<readonly CronJobView[]>> {
    return seen(async () => {
      const { items } = await this.#api.list<V1CronJob>(`listing CronJobs of ${namespace}`, signal, (page, options) =>
        this.#api.batch.listNamespacedCronJob({ namespace, ...page }, options),
      );
      return items.map(cronJobView);
    });
  }

  jobs(namespace: string, signal: AbortSignal): Promise<Seen<readonly JobView[]>> {
    return seen(async () => {
      const { items } = await this.#api.list<V1Job>(`listing Jobs of ${namespace}`, signal, (page, options) =>
        this.#api.batch.listNamespacedJob({ namespace, ...page }, options),
      );
      return items.map(jobView);
    });
  }

  async changeCronJob(
    { namespace, name, uid, resourceVersion }: CronJobView,
    change: { readonly suspended: boolean; readonly annotations: Readonly<Record<string, string | null>> },
    signal: AbortSignal,
  ): Promise<CronJobView | null> {
    const body = {
      metadata: { uid, resourceVersion, annotations: change.annotations },
      spec: { suspend: change.suspended },
    };
    const written = await this.#api.call(`changing CronJob ${namespace}/${name}`, signal, (options) =>
      unless([409], () => this.#api.batch.patchNamespacedCronJob({ namespace, name, body }, mergePatch(options))),
    );
    return written === null ? null : cronJobView(written);
  }

  deployments(namespace: string, signal: AbortSignal): Promise<Seen<readonly DeploymentView[]>> {
    return seen(async () => {
      const doing = `listing Deployments of ${namespace}`;
      const { items } = await this.#api.list<V1Deployment>(doing, signal, (page, options) =>
        this.#api.apps.listNamespacedDeployment({ namespace, ...page }, options),
      );
      return items.map(deploymentView);
    });
  }

  async scaleDeployment(
    { namespace, name, uid }: DeploymentView,
    from: number,
    to: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const doing = `scaling Deployment ${namespace}/${name}`;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const { metadata, spec } = await this.#api.call(doing, signal, (options) =>
        this.#api.apps.readNamespacedDeploymentScale({ namespace, name }, options),
      );
      // The scale leaves out a zero.
      const now = spec?.replicas ?? 0;
      if (metadata?.uid !== uid) return false;
      if (now === to) return true;
      if (now !== from) return false;
      const body = { metadata: { resourceVersion: metadata.resourceVersion }, spec: { replicas: to } };
      const written = await this.#api.call(doing, signal, (options) =>
        unless([409], () =>
          this.#api.apps.patchNamespacedDeploymentScale({ namespace, name, body }, mergePatch(options)),
        ),
      );
      if (written !== null) return true;
    }
    throw fail("kubernetes_refused", { doing, why: `it was changed ${attempts} times between reading and writing` });
  }

  async missingRights({ namespace, sets }: CrateClusterView, signal: AbortSignal): Promise<CrateRight[]> {
    const allowed = async (right: CrateRight, name: string) => {
      const resourceAttributes = { namespace, name, ...rights[right] };
      const { status } = await this.#api.call(`asking for the right to change ${right}`, signal, (options) =>
        this.#api.authorization.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } }, options),
      );
      return status?.allowed === true;
    };
    const names = sets.map(({ name }) => name);
    const asked = (["replicas", "statefulsets", "cronjobs", "deployments"] as const).map(async (right) => {
      const answers = await Promise.all((byName.includes(right) ? names : [""]).map((name) => allowed(right, name)));
      return answers.every(Boolean) ? [] : [right];
    });
    return (await Promise.all(asked)).flat();
  }

  async #mark(
    { namespace, name, uid }: CrateSetReference,
    doing: string,
    marks: Readonly<Record<string, Readonly<Record<string, string | null>>>>,
    signal: AbortSignal,
  ): Promise<void> {
    // Another object of that name has another UID, which is immutable: the API server then refuses.
    const body = { metadata: { uid, ...marks } };
    await this.#api.call(doing, signal, (options) =>
      this.#api.apps.patchNamespacedStatefulSet({ namespace, name, body }, mergePatch(options)),
    );
  }

  async #podsOf(namespace: string, { metadata, spec }: V1StatefulSet, signal: AbortSignal): Promise<V1Pod[]> {
    const labelSelector = selectorText(spec?.selector);
    const doing = `listing pods of ${namespace}/${metadata?.name}`;
    const { items } = await this.#api.list<V1Pod>(doing, signal, (page, options) =>
      this.#api.core.listNamespacedPod({ namespace, labelSelector, ...page }, options),
    );
    return items.filter((pod) => isOwnedBy(pod, metadata?.uid ?? ""));
  }
}

async function seen<T>(reading: () => Promise<T>): Promise<Seen<T>> {
  try {
    return { seen: true, value: await reading() };
  } catch (error) {
    if (error instanceof HandoverError && error.problem.code === "kubernetes_refused") {
      return { seen: false, why: error.problem.what };
    }
    throw error;
  }
}

async function unless<T>(codes: readonly number[], send: () => Promise<T>): Promise<T | null> {
  try {
    return await send();
  } catch (error) {
    if (codes.includes(statusCode(error) ?? 0)) return null;
    throw error;
  }
}

function mergePatch(options: ConfigurationOptions): ConfigurationOptions {
  return setHeaderOptions("Content-Type", PatchStrategy.MergePatch, options);
}

function changeOf(path: string, from: readonly string[] | null, to: readonly string[] | null): object[] {
  const tested = from === null ? [] : [{ op: "test", path, value: from }];
  if (isSameList(from, to)) return tested;
  return [...tested, to === null ? { op: "remove", path } : { op: "add", path, value: to }];
}

function isSame(one: StartUpArguments, other: StartUpArguments): boolean {
  return isSameList(one.command, other.command) && isSameList(one.args, other.args);
}

function isSameList(one: readonly string[] | null, other: readonly string[] | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function cronJobView({ metadata, spec, status }: V1CronJob): CronJobView {
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    suspended: spec?.suspend ?? false,
    schedule: spec?.schedule ?? "",
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    active: (status?.active ?? []).flatMap(({ name }) => name ?? []),
  };
}

function jobView({ metadata, status }: V1Job): JobView {
  const owner = metadata?.ownerReferences?.find(({ kind }) => kind === "CronJob");
  const isOver = (status?.conditions ?? []).some(
    ({ type, status: holds }) => (type === "Complete" || type === "Failed") && holds === "True",
  );
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    cronJobUid: owner?.uid ?? null,
    labels: metadata?.labels ?? {},
    isRunning: !isOver,
    startedAtMs: status?.startTime?.getTime() ?? null,
  };
}

function deploymentView({ metadata, spec, status }: V1Deployment): DeploymentView {
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    replicas: spec?.replicas ?? 1,
    podsNow: status?.replicas ?? 0,
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
  };
}
