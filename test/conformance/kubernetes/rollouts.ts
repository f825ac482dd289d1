import {
  AppsV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { PodsByHand } from "./support/pods.ts";
import { type KubernetesUnderTest, namespaced, POD_SPEC, refusal } from "./support/subject.ts";

const revisionAnnotation = "deployment.kubernetes.io/revision";
const restartedAt = "kubectl.kubernetes.io/restartedAt";

/** What restarting and scaling ordinary workloads rests on: going back to a former template, DaemonSets, what stands around. */
export function rolloutsConformance(api: () => KubernetesUnderTest): void {
  describe("roll-outs", () => {
    const namespace = "rollouts";
    const subject = namespaced(api, namespace);
    const apps = () => subject().kubeConfig.makeApiClient(AppsV1Api);
    const core = () => subject().kubeConfig.makeApiClient(CoreV1Api);
    const pods = () => new PodsByHand(subject().kubeConfig, namespace);
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    const json = setHeaderOptions("Content-Type", PatchStrategy.JsonPatch);
    const specOf = (name: string) => ({
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: POD_SPEC },
    });
    const newest = async (name: string) => {
      const { items } = await apps().listNamespacedReplicaSet({ namespace, labelSelector: `app=${name}` });
      return items
        .map(({ metadata }) => ({
          name: metadata?.name,
          number: Number(metadata?.annotations?.[revisionAnnotation] ?? 0),
        }))
        .toSorted((a, b) => b.number - a.number);
    };

    test("a Deployment that gets a former template back takes that ReplicaSet again, as its newest revision", async () => {
      const name = "back";
      await apps().createNamespacedDeployment({
        namespace,
        body: { metadata: { name }, spec: { replicas: 1, ...specOf(name) } },
      });
      await until("its first ReplicaSet is there", async () => (await newest(name)).length === 1);
      const [first] = await newest(name);
      const annotate = (annotations: object | null) =>
        apps().patchNamespacedDeployment(
          { namespace, name, body: { spec: { template: { metadata: { annotations } } } } },
          merge,
        );
      await annotate({ [restartedAt]: "2026-11-21T20:00:00Z" });
      await until("its second ReplicaSet is there", async () => (await newest(name)).length === 2);
      expect((await newest(name))[0]).toMatchObject({ number: 2 });

      await annotate(null);

      const again = await until("the first is the newest", async () => {
        const found = (await newest(name))[0];
        return found?.number === 3 ? found : undefined;
      });
      expect(again.name).toBe(first?.name);
      expect(await newest(name)).toHaveLength(2);
      await apps().deleteNamespacedDeployment({ namespace, name });
    });

    test("a paused Deployment rolls nothing", async () => {
      const name = "paused";
      const spec = { replicas: 1, paused: true, ...specOf(name) };
      await apps().createNamespacedDeployment({ namespace, body: { metadata: { name }, spec } });
      const observed = await until("its controller has seen it", async () => {
        const { status } = await apps().readNamespacedDeployment({ namespace, name });
        return status?.observedGeneration === 1 ? status : undefined;
      });
      expect(observed.updatedReplicas).toBeUndefined();
      expect(await newest(name)).toEqual([]);
      await apps().deleteNamespacedDeployment({ namespace, name });
    });

    test("a patch that tests the generation is refused as a whole when the specification has changed", async () => {
      const name = "bound";
      const created = await apps().createNamespacedDeployment({
        namespace,
        body: { metadata: { name }, spec: { replicas: 0, ...specOf(name) } },
      });
      const patch = (generation: number) =>
        apps().patchNamespacedDeployment(
          {
            namespace,
            name,
            body: [
              { op: "test", path: "/metadata/uid", value: created.metadata?.uid },
              { op: "test", path: "/metadata/generation", value: generation },
              { op: "add", path: "/spec/template/metadata/annotations", value: { [restartedAt]: "now" } },
            ],
          },
          json,
        );
      expect(await refusal(patch(7))).toMatchObject({ code: 422 });
      const changed = await patch(1);
      expect(changed.metadata?.generation).toBe(2);
      expect(changed.spec?.template.metadata?.annotations).toEqual({ [restartedAt]: "now" });
      await apps().deleteNamespacedDeployment({ namespace, name });
    });

    test("a DaemonSet has a pod on each node, of a revision that its ControllerRevision names, and rolls by deleting", async () => {
      const name = "daemon";
      const node = "rollouts-node";
      await core().createNode({ body: { metadata: { name: node } } });
      // A new node is tainted until it is ready; nobody here sees to that.
      await core().patchNode({ name: node, body: { spec: { taints: null } } }, merge);
      await apps().createNamespacedDaemonSet({ namespace, body: { metadata: { name }, spec: specOf(name) } });
      const pod = (image: string) =>
        until(`a pod of ${image} exists`, async () => {
          const found = await pods().list(`app=${name}`);
          return found.find(
            ({ spec, metadata }) => spec?.containers[0]?.image === image && metadata?.deletionTimestamp === undefined,
          );
        });
      const newestRevision = async () => {
        const { items } = await apps().listNamespacedControllerRevision({ namespace, labelSelector: `app=${name}` });
        return items.toSorted((a, b) => b.revision - a.revision)[0];
      };
      const first = await pod("example.test/main:1");
      expect(first.metadata?.labels?.["controller-revision-hash"]).toBe(
        (await newestRevision())?.metadata?.labels?.["controller-revision-hash"],
      );
      await pods().setReady(first.metadata?.name ?? "");
      await until("it is available", async () => {
        const { status } = await apps().readNamespacedDaemonSet({ namespace, name });
        return (
          status?.numberAvailable === 1 && status.updatedNumberScheduled === 1 && status.desiredNumberScheduled === 1
        );
      });

      const containers = [{ name: "main", image: "example.test/main:2" }];
      const body = { spec: { template: { spec: { containers } } } };
      await apps().patchNamespacedDaemonSet({ namespace, name, body }, merge);

      const second = await pod("example.test/main:2");
      const revision = await newestRevision();
      expect(revision).toMatchObject({ revision: 2, data: { spec: { template: { $patch: "replace" } } } });
      expect(second.metadata?.labels?.["controller-revision-hash"]).toBe(
        revision?.metadata?.labels?.["controller-revision-hash"],
      );
      await apps().deleteNamespacedDaemonSet({ namespace, name });
      await core().deleteNode({ name: node });
    });

    test("the scale of a Deployment changes by the version that was read, and by no other", async () => {
      const name = "scaled";
      await apps().createNamespacedDeployment({
        namespace,
        body: { metadata: { name }, spec: { replicas: 0, ...specOf(name) } },
      });
      const { metadata } = await apps().readNamespacedDeploymentScale({ namespace, name });
      const set = (resourceVersion: string | undefined, replicas: number) =>
        apps().patchNamespacedDeploymentScale(
          { namespace, name, body: { metadata: { resourceVersion }, spec: { replicas } } },
          merge,
        );
      const other = String(Number(metadata?.resourceVersion ?? 0) - 1);
      expect(await refusal(set(other, 3))).toMatchObject({ code: 409, reason: "Conflict" });
      await apps().deleteNamespacedDeployment({ namespace, name });
    });

    test("HorizontalPodAutoscalers and ResourceQuotas are kept, the status of these apart", async () => {
      const autoscaling = subject().kubeConfig.makeApiClient(AutoscalingV2Api);
      const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
      await autoscaling.createNamespacedHorizontalPodAutoscaler({
        namespace,
        body: { metadata: { name: "by-load" }, spec: { scaleTargetRef, maxReplicas: 5 } },
      });
      const { items } = await autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace });
      expect(items[0]?.spec).toMatchObject({ scaleTargetRef, minReplicas: 1, maxReplicas: 5 });

      const spec = { hard: { pods: "4", "requests.cpu": "2" } };
      await core().createNamespacedResourceQuota({ namespace, body: { metadata: { name: "few" }, spec } });
      const status = { hard: spec.hard, used: { pods: "1", "requests.cpu": "500m" } };
      const metadata = { name: "few" };
      await core().replaceNamespacedResourceQuotaStatus({ namespace, name: "few", body: { metadata, spec, status } });
      expect((await core().readNamespacedResourceQuota({ namespace, name: "few" })).status).toMatchObject(status);
      await core().deleteNamespacedResourceQuota({ namespace, name: "few" });
    });

    test("a CronJob is suspended by the version that was read, and by no other", async () => {
      const batch = subject().kubeConfig.makeApiClient(BatchV1Api);
      const template = { spec: { ...POD_SPEC, restartPolicy: "Never" } };
      const created = await batch.createNamespacedCronJob({
        namespace,
        body: { metadata: { name: "backup" }, spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template } } } },
      });
      const suspend = (resourceVersion: string | undefined) =>
        batch.patchNamespacedCronJob(
          { namespace, name: "backup", body: { metadata: { resourceVersion }, spec: { suspend: true } } },
          merge,
        );
      const { resourceVersion } = created.metadata ?? {};
      expect(created.spec?.suspend).toBe(false);
      expect((await suspend(resourceVersion)).spec?.suspend).toBe(true);
      expect(await refusal(suspend(String(Number(resourceVersion) - 1)))).toMatchObject({ code: 409 });
      await batch.deleteNamespacedCronJob({ namespace, name: "backup" });
    });

    test("of a kind that is not served there is none for those who may ask, and no word for the others", async () => {
      const ask = (kubeConfig: KubeConfig) =>
        kubeConfig
          .makeApiClient(CustomObjectsApi)
          .listNamespacedCustomObject({ group: "keda.sh", version: "v1alpha1", plural: "scaledobjects", namespace });
      const stranger = new KubeConfig();
      stranger.loadFromString(api().kubeconfigFor("a-stranger", ["system:authenticated"]));

      await expect(ask(subject().kubeConfig)).rejects.toMatchObject({ code: 404 });
      await expect(ask(stranger)).rejects.toMatchObject({ code: 403 });
    });
  });
}
