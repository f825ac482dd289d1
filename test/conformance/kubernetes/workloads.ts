import {
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  PatchStrategy,
  PolicyV1Api,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { PodsByHand } from "./support/pods.ts";
import { type KubernetesUnderTest, namespaced, POD_SPEC, refusal } from "./support/subject.ts";

/** Deployments, disruption budgets and evictions, and workloads that are only kept. */
export function workloadsConformance(api: () => KubernetesUnderTest): void {
  describe("other workloads", () => {
    const namespace = "workloads";
    const subject = namespaced(api, namespace);
    const apps = () => subject().kubeConfig.makeApiClient(AppsV1Api);
    const policy = () => subject().kubeConfig.makeApiClient(PolicyV1Api);
    const core = () => subject().kubeConfig.makeApiClient(CoreV1Api);
    const pods = () => new PodsByHand(subject().kubeConfig, namespace);
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

    const createDeployment = (name: string, replicas: number) =>
      apps().createNamespacedDeployment({
        namespace,
        body: {
          metadata: { name },
          spec: {
            replicas,
            selector: { matchLabels: { app: name } },
            template: { metadata: { labels: { app: name } }, spec: POD_SPEC },
          },
        },
      });

    test("a Deployment keeps pods through a ReplicaSet and rolls to a new template", async () => {
      const name = "rolled";
      await createDeployment(name, 2);
      const appear = (image: string, count: number) =>
        until(`${count} pods of ${image} exist`, async () => {
          const found = (await pods().list(`app=${name}`)).filter(
            ({ spec, metadata }) => spec?.containers[0]?.image === image && metadata?.deletionTimestamp === undefined,
          );
          return found.length >= count ? found : undefined;
        });
      for (const { metadata } of await appear("example.test/main:1", 2)) {
        await pods().setReady(metadata?.name ?? "");
      }
      const settled = (generation: number) =>
        until("the Deployment has settled", async () => {
          const { status } = await apps().readNamespacedDeployment({ namespace, name });
          const isSettled = status?.observedGeneration === generation && status.updatedReplicas === 2;
          return isSettled && status.availableReplicas === 2 && status.replicas === 2 ? status : undefined;
        });
      const status = await settled(1);
      expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Available", status: "True" }));
      const containers = [{ name: "main", image: "example.test/main:2" }];
      const body = { spec: { template: { spec: { containers } } } };
      await apps().patchNamespacedDeployment({ namespace, name, body }, merge);
      // One above the number at a time (25 % of two, rounded up), so each has to be ready before the next comes.
      for (const count of [1, 2]) {
        for (const { metadata } of await appear("example.test/main:2", count)) {
          await pods().setReady(metadata?.name ?? "");
        }
      }
      await settled(2);
      const { items } = await apps().listNamespacedReplicaSet({ namespace, labelSelector: `app=${name}` });
      expect(items.map(({ spec }) => spec?.replicas).toSorted()).toEqual([0, 2]);
      await apps().deleteNamespacedDeployment({ namespace, name });
      await until("its pods are gone", async () => (await pods().names(`app=${name}`)).length === 0);
    });

    test("an eviction that the budget forbids is TooManyRequests, and one that it allows deletes", async () => {
      const labels = { app: "budgeted" };
      for (const name of ["budgeted-0", "budgeted-1"]) {
        await core().createNamespacedPod({ namespace, body: { metadata: { name, labels }, spec: POD_SPEC } });
        await pods().setReady(name);
      }
      await policy().createNamespacedPodDisruptionBudget({
        namespace,
        body: { metadata: { name: "budget" }, spec: { minAvailable: 1, selector: { matchLabels: labels } } },
      });
      await until("one disruption is allowed", async () => {
        const { status } = await policy().readNamespacedPodDisruptionBudget({ namespace, name: "budget" });
        return status?.disruptionsAllowed === 1 && status.currentHealthy === 2 && status.desiredHealthy === 1;
      });
      const evict = (name: string) =>
        core().createNamespacedPodEviction({ namespace, name, body: { metadata: { name, namespace } } });
      await evict("budgeted-0");
      expect(await refusal(evict("budgeted-1"))).toMatchObject({
        code: 429,
        reason: "TooManyRequests",
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: { causes: [{ reason: "DisruptionBudget" }] },
      });
      expect(await pods().names("app=budgeted")).toEqual(["budgeted-1"]);
      await until("the budget knows", async () => {
        const { status } = await policy().readNamespacedPodDisruptionBudget({ namespace, name: "budget" });
        return status?.currentHealthy === 1 && status.disruptionsAllowed === 0;
      });
    });

    test("jobs and cron jobs are kept, with defaults", async () => {
      const batch = subject().kubeConfig.makeApiClient(BatchV1Api);
      const template = { spec: { ...POD_SPEC, restartPolicy: "Never" } };
      const job = await batch.createNamespacedJob({
        namespace,
        body: { metadata: { name: "job" }, spec: { suspend: true, template } },
      });
      expect(job.spec).toMatchObject({ backoffLimit: 6, completions: 1, parallelism: 1 });
      const cronJob = await batch.createNamespacedCronJob({
        namespace,
        body: {
          metadata: { name: "cron" },
          spec: { schedule: "0 0 1 1 *", suspend: true, jobTemplate: { spec: { template } } },
        },
      });
      expect(cronJob.spec).toMatchObject({ concurrencyPolicy: "Allow", suspend: true });
    });
  });
}
