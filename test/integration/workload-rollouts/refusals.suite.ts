import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { restartOperation } from "../../../src/operations/kubernetes/restart.ts";
import { scaleOperation } from "../../../src/operations/kubernetes/scale.ts";
import { statusOperation } from "../../../src/operations/kubernetes/status.ts";
import { type ApiUnderTest, namespace, WorkloadBench } from "./support/workload-bench.ts";

export function refusalsSuite(where: string, startApi: () => Promise<ApiUnderTest>): void {
  describe(`what forbids a change of workloads on ${where}`, () => {
    let bench: WorkloadBench;
    let count = 0;
    const nextName = () => `web-${++count}`;
    const budget = (name: string, spec: object) =>
      bench.policy.createNamespacedPodDisruptionBudget({
        namespace,
        body: { metadata: { name }, spec: { selector: { matchLabels: { app: name } }, ...spec } },
      });

    beforeAll(async () => {
      bench = await WorkloadBench.start(startApi);
    }, 120_000);
    afterAll(() => bench?.close());

    it.each([
      [
        { annotations: { "argocd.argoproj.io/tracking-id": "checkout:apps/Deployment:shop/web" } },
        "application checkout",
      ],
      [
        { labels: { "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux" } },
        "Kustomization flux/apps",
      ],
      [
        { labels: { "helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "flux" } },
        "HelmRelease flux/web",
      ],
    ])("a number that stands in a repository, which it names: %o", async (metadata, application) => {
      const web = await bench.create({ name: nextName(), kind: "Deployment", replicas: 1, metadata });

      const scaled = await bench.planned(scaleOperation, web, { replicas: 2 });
      expect(scaled).toMatchObject({ kind: "refused", problems: [{ code: "workload_gitops" }] });
      expect(JSON.stringify(scaled)).toContain(application);
      const { warnings } = await bench.plan(restartOperation, web);
      expect(warnings).toEqual([{ code: "managed", text: expect.stringContaining(application) }]);
    });

    it("an operator that owns it", async () => {
      // Whose kind it is does not matter; without an owner that exists, the garbage collector would take it away.
      const { metadata: of } = await bench.core.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name: "an-operators" } },
      });
      const owner = { apiVersion: "v1", kind: "ConfigMap", name: "an-operators", uid: of?.uid ?? "" };
      const metadata = { ownerReferences: [owner] };
      const web = await bench.createUnready({ name: nextName(), kind: "StatefulSet", replicas: 1, metadata });

      expect(await bench.refusals(restartOperation, web)).toContain("workload_operator");
      expect(await bench.refusals(scaleOperation, web, { replicas: 2 })).toContain("workload_operator");
    });

    it("a paused Deployment, with the line that lets it go on", async () => {
      const web = await bench.create({ name: nextName(), kind: "Deployment", replicas: 1 });
      await bench.patch(web, { spec: { paused: true } });

      const result = await bench.planned(restartOperation, web);

      expect(result).toMatchObject({ kind: "refused", problems: [{ code: "workload_paused" }] });
      expect(JSON.stringify(result)).toContain(`kubectl rollout resume deployment ${web.workload} -n shop`);
    });

    it("a budget that never lets a pod go, where pods are evicted; elsewhere it warns", async () => {
      const name = nextName();
      await budget(name, { maxUnavailable: 0 });
      const spec = { updateStrategy: { type: "OnDelete" } };
      const manual = await bench.create({ name, kind: "StatefulSet", replicas: 2, spec });
      expect(await bench.refusals(restartOperation, manual)).toEqual(["workload_budget"]);

      const other = nextName();
      await budget(other, { minAvailable: "100%" });
      const rolled = await bench.create({ name: other, kind: "StatefulSet", replicas: 2 });
      const { warnings } = await bench.plan(restartOperation, rolled);
      expect(warnings.map(({ code }) => code)).toEqual(["budget_overrun"]);
    });

    it("a surge that a quota has no room for", async () => {
      const name = nextName();
      const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
      const web = await bench.create({ name, kind: "Deployment", replicas: 1, spec: { strategy } });
      const spec = { hard: { pods: "1" } };
      await bench.core.createNamespacedResourceQuota({ namespace, body: { metadata: { name }, spec } });
      await bench.core.replaceNamespacedResourceQuotaStatus({
        namespace,
        name,
        body: { metadata: { name }, spec, status: { hard: spec.hard, used: { pods: "1" } } },
      });

      expect(await bench.refusals(restartOperation, web)).toEqual(["workload_quota"]);
      await bench.core.deleteNamespacedResourceQuota({ namespace, name });
      expect(await bench.refusals(restartOperation, web)).toEqual([]);
    });

    it("no former version to go back to, and no pods to restart", async () => {
      const web = await bench.create({ name: nextName(), kind: "Deployment", replicas: 1 });

      expect(await bench.refusals(restartOperation, web, { undo: true })).toEqual(["workload_no_former"]);
      await bench.patch(web, { spec: { replicas: 0 } });
      await expect.poll(async () => (await bench.view(web)).pods.length, { timeout: 20_000 }).toBe(0);
      expect(await bench.refusals(restartOperation, web)).toEqual(["workload_no_pods"]);
    });

    it("a workload that is annotated for another engine", async () => {
      const metadata = { annotations: { "handover.dev/engine": "dolt" } };
      const web = await bench.create({ name: nextName(), kind: "Deployment", replicas: 1, metadata });

      expect(await bench.refusals(restartOperation, web)).toEqual(["target_not_annotated"]);
    });

    it("says in its status what is not ready and why, and who else changes it", async () => {
      const name = nextName();
      await budget(name, { maxUnavailable: 1 });
      const metadata = { annotations: { "argocd.argoproj.io/tracking-id": "checkout:apps/Deployment:shop/web" } };
      bench.runtime.behaviour = ({ pod }) => (pod.name.startsWith(name) ? "crashes" : "runs");
      const web = await bench.createUnready({ name, kind: "Deployment", replicas: 1, metadata });
      const told = async () => (await bench.plan(statusOperation, web)).now.join("\n");
      await expect.poll(told, { timeout: 20_000 }).toMatch(/app ends again and again, ended with 1, restarted/);

      const text = await told();

      bench.runtime.behaviour = () => "runs";
      expect(text).toContain(`Deployment shop/${name}: 0 of 1 pod is ready.`);
      expect(text).toContain("Argo CD (application checkout) writes it too");
      expect(text).toContain(`PodDisruptionBudget ${name} (maxUnavailable 1)`);
    });
  });
}
