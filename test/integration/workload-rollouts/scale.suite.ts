import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { scaleOperation } from "../../../src/operations/kubernetes/scale.ts";
import { type ApiUnderTest, namespace, WorkloadBench } from "./support/workload-bench.ts";

const scalable = ["StatefulSet", "Deployment"] as const;

export function scaleSuite(where: string, startApi: () => Promise<ApiUnderTest>): void {
  describe(`scaling workloads on ${where}`, () => {
    let bench: WorkloadBench;
    let count = 0;
    const nextName = () => `web-${++count}`;

    beforeAll(async () => {
      bench = await WorkloadBench.start(startApi);
    }, 120_000);
    afterAll(() => bench?.close());
    afterEach(() => {
      bench.runtime.behaviour = () => "runs";
    });

    it.each(scalable)("adds pods to a %s, and takes them away again", async (kind) => {
      const target = await bench.create({ name: nextName(), kind, replicas: 2 });

      const up = await bench.run(scaleOperation, target, await bench.plan(scaleOperation, target, { replicas: 4 }));
      expect(up.outcome).toMatchObject({ problems: [], summary: expect.stringContaining("has 4 pods; it had 2") });
      expect((await bench.view(target)).pods.filter(({ ready }) => ready)).toHaveLength(4);

      const plan = await bench.plan(scaleOperation, target, { replicas: 1 });
      if (kind === "StatefulSet") {
        const going = [1, 2, 3].map((place) => `${target.workload}-${place}`).join(", ");
        expect(plan.now).toContain(`These pods go: ${going}`);
      }
      const down = await bench.run(scaleOperation, target, plan);
      expect(down.state).toBe("succeeded");
      expect((await bench.view(target)).pods).toHaveLength(1);
    });

    it.each(scalable)("takes new pods of a %s back that crash", async (kind) => {
      const target = await bench.create({ name: nextName(), kind, replicas: 2 });
      const plan = await bench.plan(scaleOperation, target, { replicas: 3 });
      const known = new Set((await bench.view(target)).pods.map(({ uid }) => uid));
      bench.runtime.behaviour = ({ pod }) => (known.has(pod.uid) ? "runs" : "crashes");

      const { state, outcome } = await bench.run(scaleOperation, target, plan);

      expect(state).toBe("failed");
      expect(outcome.problems.map(({ code }) => code)).toEqual(["workload_scale_undone", "workload_pod_failing"]);
      expect((await bench.view(target)).wanted).toBe(2);
    });

    it("writes nothing when somebody else has changed the number", async () => {
      const target = await bench.create({ name: nextName(), kind: "Deployment", replicas: 1 });
      const plan = await bench.plan(scaleOperation, target, { replicas: 2 });
      await bench.patch(target, { spec: { replicas: 3 } });

      const { state, outcome } = await bench.run(scaleOperation, target, plan);

      expect(state).toBe("failed");
      expect(outcome.problems.map(({ code }) => code)).toEqual(["workload_changed"]);
      expect((await bench.view(target)).wanted).toBe(3);
      expect(await bench.workloads.rollouts.setReplicas(target, 1, 2, AbortSignal.timeout(5_000))).toBe(false);
      expect(await bench.workloads.rollouts.setReplicas(target, 1, 3, AbortSignal.timeout(5_000))).toBe(true);
    });

    it("stops only with its name accepted: nothing runs any more, and volumes go", async () => {
      const claim = (name: string) => ({
        metadata: { name },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      });
      const web = await bench.create({ name: nextName(), kind: "Deployment", replicas: 1 });
      const zero = await bench.plan(scaleOperation, web, { replicas: 0 });
      expect(zero.acceptance).toMatchObject({ flag: "accept-zero", given: false });
      const accepted = await bench.plan(scaleOperation, web, { replicas: 0, acceptZero: true });
      expect(accepted.acceptance).toMatchObject({ given: true });
      expect((await bench.run(scaleOperation, web, accepted)).state).toBe("succeeded");
      expect((await bench.view(web)).pods).toEqual([]);

      const store = await bench.createUnready({
        name: nextName(),
        kind: "StatefulSet",
        replicas: 3,
        spec: {
          volumeClaimTemplates: [claim("data"), claim("wal")],
          persistentVolumeClaimRetentionPolicy: { whenScaled: "Delete", whenDeleted: "Retain" },
          podManagementPolicy: "Parallel",
          updateStrategy: { type: "OnDelete" },
        },
      });
      await expect.poll(async () => (await bench.view(store)).pods.length, { timeout: 20_000 }).toBe(3);
      const plan = await bench.plan(scaleOperation, store, { replicas: 1 });
      expect(plan.acceptance).toMatchObject({ flag: "accept-volume-deletion", given: false });
      expect(plan.acceptance?.figures).toEqual(
        [1, 2].flatMap((place) =>
          ["data", "wal"].map((volume) => `PersistentVolumeClaim ${volume}-${store.workload}-${place}`),
        ),
      );
    });

    it("has nothing to say to a DaemonSet, to the number there is, or to none", async () => {
      const daemon = await bench.create({ name: nextName(), kind: "DaemonSet" });
      const web = await bench.create({ name: nextName(), kind: "Deployment", replicas: 1 });

      expect(await bench.refusals(scaleOperation, daemon, { replicas: 2 })).toEqual(["workload_not_scalable"]);
      expect(await bench.refusals(scaleOperation, web, { replicas: 1 })).toEqual(["workload_scaled"]);
      expect(await bench.refusals(scaleOperation, web)).toEqual(["workload_number"]);
    });

    it("refuses where something else sets the number", async () => {
      const name = nextName();
      const web = await bench.create({ name, kind: "Deployment", replicas: 2 });
      await bench.autoscaling.createNamespacedHorizontalPodAutoscaler({
        namespace,
        body: {
          metadata: { name: "web-by-load" },
          spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name }, minReplicas: 2, maxReplicas: 9 },
        },
      });

      const result = await bench.planned(scaleOperation, web, { replicas: 3 });

      expect(result).toMatchObject({ kind: "refused", problems: [{ code: "workload_autoscaled" }] });
      expect(JSON.stringify(result)).toContain("HorizontalPodAutoscaler web-by-load (2 to 9)");
    });

    it("refuses more pods than a quota has room for, with the numbers", async () => {
      const name = nextName();
      const web = await bench.create({
        name,
        kind: "Deployment",
        replicas: 1,
        requests: { cpu: "500m", memory: "1Gi" },
      });
      const spec = { hard: { "requests.cpu": "2", memory: "8Gi" } };
      await bench.core.createNamespacedResourceQuota({ namespace, body: { metadata: { name }, spec } });
      const status = { hard: spec.hard, used: { "requests.cpu": "500m", memory: "1Gi" } };
      await bench.core.replaceNamespacedResourceQuotaStatus({
        namespace,
        name,
        body: { metadata: { name }, spec, status },
      });

      const result = await bench.planned(scaleOperation, web, { replicas: 5 });
      expect(result).toMatchObject({ kind: "refused", problems: [{ code: "workload_quota" }] });
      expect(JSON.stringify(result)).toContain(`ResourceQuota ${name}: requests.cpu 2 wanted, 1.5 left`);
      expect(await bench.refusals(scaleOperation, web, { replicas: 4 })).toEqual([]);
      await bench.core.deleteNamespacedResourceQuota({ namespace, name });
    });

    it("warns of a budget that the fewer pods could never keep", async () => {
      const name = nextName();
      const web = await bench.create({ name, kind: "Deployment", replicas: 3 });
      const selector = { matchLabels: { app: name } };
      await bench.policy.createNamespacedPodDisruptionBudget({
        namespace,
        body: { metadata: { name }, spec: { selector, minAvailable: 2 } },
      });

      const { warnings } = await bench.plan(scaleOperation, web, { replicas: 2 });

      expect(warnings.map(({ code }) => code)).toEqual(["budget_stuck"]);
      expect(warnings[0]?.text).toContain(`PodDisruptionBudget ${name} (minAvailable 2)`);
    });
  });
}
