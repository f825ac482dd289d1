import {
  AppsV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crateObjects } from "../../../sandbox/crate-manifests.ts";
import { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { KubernetesCrateClusters } from "../../../src/adapters/kubernetes/crate-clusters.ts";
import { PooledKubeConfig } from "../../../src/adapters/kubernetes/pooled-kube-config.ts";
import { rewriteForTotals } from "../../../src/operations/cratedb/start-up-arguments.ts";
import type { CrateClusterView, CrateSetView } from "../../../src/ports/crate-clusters.ts";
import type { KubernetesUnderTest } from "../../conformance/kubernetes/support/subject.ts";
import { until } from "../../support/until.ts";

const namespace = "db";
const target = { namespace, workload: "metrics" };

/** What a scaling writes in Kubernetes, on an API that pods or no pods may stand behind. */
export function crateClustersSuite(name: string, start: () => Promise<KubernetesUnderTest>): void {
  describe(`CrateDB clusters on ${name}`, () => {
    let underTest: KubernetesUnderTest;
    let api: KubernetesApi;
    let clusters: KubernetesCrateClusters;
    let asAdmin: KubeConfig;
    const signal = AbortSignal.timeout(90_000);

    beforeAll(async () => {
      underTest = await start();
      asAdmin = new KubeConfig();
      asAdmin.loadFromString(underTest.kubeconfig);
      const pooled = new PooledKubeConfig();
      pooled.loadFromString(underTest.kubeconfig);
      api = new KubernetesApi(pooled);
      clusters = new KubernetesCrateClusters(api);
      const login = { username: "handover", password: "s3cret" };
      const spec = { namespace, name: "metrics", masters: 3, groups: { hot: 3, cold: 2 }, dcUtil: true };
      const objects = crateObjects(spec, login);
      const core = asAdmin.makeApiClient(CoreV1Api);
      const apps = asAdmin.makeApiClient(AppsV1Api);
      await core.createNamespace({ body: objects.namespace });
      if (objects.secret !== null) await core.createNamespacedSecret({ namespace, body: objects.secret });
      for (const body of objects.statefulSets) await apps.createNamespacedStatefulSet({ namespace, body });
      await until("the controller has seen them", async () => {
        const view = await clusters.look(target, signal);
        return view?.sets.every(({ isObserved, updateRevision }) => isObserved && updateRevision !== "") || undefined;
      });
    });

    afterAll(async () => {
      await api?.close();
      await underTest?.close();
    });

    const look = async (): Promise<CrateClusterView> => {
      const view = await clusters.look(target, signal);
      if (view === null) throw new Error("the cluster is not seen");
      return view;
    };

    const set = async (group: string): Promise<CrateSetView> => {
      const found = (await look()).sets.find((one) => one.group === group);
      if (found === undefined) throw new Error(`there is no ${group}`);
      return found;
    };

    it("sees all StatefulSets of one cluster and no other's, with roles, groups, hooks and arguments", async () => {
      const view = await look();
      expect(
        view.sets.map(({ group, role, replicas, rollsFromOrdinal }) => ({ group, role, replicas, rollsFromOrdinal })),
      ).toEqual([
        { group: "masters", role: "master", replicas: 3, rollsFromOrdinal: null },
        { group: "cold", role: "data", replicas: 2, rollsFromOrdinal: null },
        { group: "hot", role: "data", replicas: 3, rollsFromOrdinal: null },
      ]);
      expect(view.sets.map(({ isMasterEligible }) => isMasterEligible)).toEqual([true, false, false]);
      expect((await set("hot")).preStop?.join(" ")).toContain("dc_util");
      expect(await clusters.access(view, signal)).toMatchObject({ username: "handover", password: "s3cret" });
      expect(await clusters.look({ namespace, workload: "other" }, signal)).toBeNull();
    });

    it("sets the number of pods by compare-and-set", async () => {
      const hot = await set("hot");
      expect(await clusters.setReplicas(hot, 4, 2, signal)).toBe(false);
      expect(await clusters.setReplicas(hot, 3, 4, signal)).toBe(true);
      expect(await clusters.setReplicas(hot, 3, 4, signal)).toBe(true);
      expect((await set("hot")).replicas).toBe(4);
      expect(await clusters.setReplicas(await set("hot"), 4, 3, signal)).toBe(true);
    });

    it("rewrites start-up arguments under OnDelete, and only those that were read", async () => {
      const hot = await set("hot");
      const { startUp, changes } = rewriteForTotals(hot.startUp, { masters: 3, data: 7 });
      expect(changes.map(({ to }) => to).toSorted()).toEqual([4, 7]);
      expect(await clusters.setStartUpArguments(hot, { command: ["other"], args: null }, startUp, signal)).toBe(false);
      expect(await clusters.setStartUpArguments(hot, hot.startUp, startUp, signal)).toBe(true);
      expect(await clusters.setStartUpArguments(hot, hot.startUp, startUp, signal)).toBe(true);
      const after = await set("hot");
      expect(after.startUp).toEqual(startUp);
      expect(after.uid).toBe(hot.uid);
      const stranger = { ...hot, uid: "00000000-0000-0000-0000-000000000000" };
      expect(await clusters.setStartUpArguments(stranger, startUp, hot.startUp, signal)).toBe(false);
      // No pod was restarted: every one that there is is still of the revision it was made with.
      const pods = after.pods.flatMap(({ pod }) => (pod === null ? [] : [pod.uid]));
      expect(pods).toEqual(hot.pods.flatMap(({ pod }) => (pod === null ? [] : [pod.uid])).slice(0, pods.length));
      expect(await clusters.setStartUpArguments(after, startUp, hot.startUp, signal)).toBe(true);
    });

    it("annotates what it means and nothing of the same name", async () => {
      const cold = await set("cold");
      await clusters.annotate(cold, { "handover.dev/test": "1" }, signal);
      expect((await set("cold")).annotations["handover.dev/test"]).toBe("1");
      const stranger = { ...cold, uid: "00000000-0000-0000-0000-000000000000" };
      await expect(clusters.annotate(stranger, { "handover.dev/test": "2" }, signal)).rejects.toThrow();
      await clusters.annotate(cold, { "handover.dev/test": null }, signal);
      expect((await set("cold")).annotations["handover.dev/test"]).toBeUndefined();
    });

    it("labels what it means, beside the labels that are there", async () => {
      const cold = await set("cold");
      await clusters.label(cold, { "handover-test": "1" }, signal);
      expect((await set("cold")).labels).toEqual({ ...cold.labels, "handover-test": "1" });
      const stranger = { ...cold, uid: "00000000-0000-0000-0000-000000000000" };
      await expect(clusters.label(stranger, { "handover-test": "2" }, signal)).rejects.toThrow();
      await clusters.label(cold, { "handover-test": null }, signal);
      expect((await set("cold")).labels).toEqual(cold.labels);
    });

    it("pauses a CronJob only if it is the one that was read", async () => {
      const batch = asAdmin.makeApiClient(BatchV1Api);
      const template = { spec: { restartPolicy: "Never", containers: [{ name: "backup", image: "backup" }] } };
      await batch.createNamespacedCronJob({
        namespace,
        body: { metadata: { name: "nightly" }, spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template } } } },
      });
      const found = await clusters.cronJobs(namespace, signal);
      const [read] = found.seen ? found.value : [];
      if (read === undefined) throw new Error("no CronJob");
      const paused = await clusters.changeCronJob(
        read,
        { suspended: true, annotations: { "handover.dev/test": "x" } },
        signal,
      );
      expect(paused).toMatchObject({ suspended: true, annotations: { "handover.dev/test": "x" } });
      expect(await clusters.changeCronJob(read, { suspended: false, annotations: {} }, signal)).toBeNull();
      if (paused === null) throw new Error("it was not paused");
      const back = await clusters.changeCronJob(
        paused,
        { suspended: false, annotations: { "handover.dev/test": null } },
        signal,
      );
      expect(back).toMatchObject({ suspended: false, annotations: {} });
    });

    it("finds an autoscaler of one of them, also without KEDA's kinds, and who keeps them", async () => {
      const hot = await set("hot");
      await asAdmin.makeApiClient(AutoscalingV2Api).createNamespacedHorizontalPodAutoscaler({
        namespace,
        body: {
          metadata: { name: "hot" },
          spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "StatefulSet", name: hot.name },
            minReplicas: 2,
            maxReplicas: 6,
          },
        },
      });
      const found = await clusters.autoscalers(await look(), signal);
      expect(found).toMatchObject({
        seen: true,
        value: [{ kind: "HorizontalPodAutoscaler", name: "hot", maxReplicas: 6 }],
      });
      const body = { metadata: { labels: { "argocd.argoproj.io/instance": "crate" } } };
      const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
      await asAdmin.makeApiClient(AppsV1Api).patchNamespacedStatefulSet({ namespace, name: hot.name, body }, merge);
      expect((await set("hot")).owner).toContain("Argo CD");
    });

    it("knows which of its writes it may not do", async () => {
      const pooled = new PooledKubeConfig();
      pooled.loadFromString(underTest.kubeconfigFor("nobody", []));
      const other = new KubernetesApi(pooled);
      try {
        const view = await look();
        expect(await clusters.missingRights(view, signal)).toEqual([]);
        expect(await new KubernetesCrateClusters(other).missingRights(view, signal)).toEqual([
          "replicas",
          "statefulsets",
          "cronjobs",
          "deployments",
        ]);
        const unseen = await new KubernetesCrateClusters(other).autoscalers(view, signal);
        expect(unseen).toMatchObject({ seen: false });
      } finally {
        await other.close();
      }
    });
  });
}
