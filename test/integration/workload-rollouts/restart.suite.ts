import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { WorkloadKind } from "../../../src/domain/target.ts";
import { restartOperation } from "../../../src/operations/kubernetes/restart.ts";
import type { RolloutView } from "../../../src/ports/rollouts.ts";
import { type ApiUnderTest, WorkloadBench } from "./support/workload-bench.ts";

const uidsOf = ({ pods }: RolloutView) => pods.map(({ uid }) => uid).sort();
const kinds: readonly WorkloadKind[] = ["StatefulSet", "Deployment", "DaemonSet"];

export function restartSuite(where: string, startApi: () => Promise<ApiUnderTest>): void {
  describe(`restarting workloads on ${where}`, () => {
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

    it.each(kinds)("replaces every pod of a %s, and sees the new ones ready", async (kind) => {
      const target = await bench.create({ name: nextName(), kind });
      const before = await bench.view(target);
      const plan = await bench.plan(restartOperation, target);

      const { state, outcome } = await bench.run(restartOperation, target, plan);

      expect(outcome.problems).toEqual([]);
      expect(state).toBe("succeeded");
      const after = await bench.view(target);
      expect(after.pods).toHaveLength(before.pods.length);
      expect(uidsOf(after).filter((uid) => uidsOf(before).includes(uid))).toEqual([]);
      expect(after.pods.every(({ ready }) => ready)).toBe(true);
    });

    it.each(kinds)(
      "goes back by itself when the new pods of a %s crash, and says what they said",
      async (kind) => {
        const target = await bench.create({ name: nextName(), kind });
        const before = await bench.view(target);
        const plan = await bench.plan(restartOperation, target);
        // What broke is not in the template: whatever starts under it from now on crashes, until it is mended.
        const known = new Set(uidsOf(before));
        bench.runtime.behaviour = ({ pod }) => (known.has(pod.uid) ? "runs" : "crashes");

        const running = bench.run(restartOperation, target, plan);
        const { state, outcome } = await running;

        expect(state).toBe("failed");
        const [first] = outcome.problems;
        expect(outcome.problems.map(({ code }) => code)).toContain("workload_pod_failing");
        const after = await bench.view(target);
        expect(after.template).toEqual(before.template);
        if (kind === "Deployment") {
          // The pods of before never ended, so they are there again.
          expect(first?.code).toBe("workload_restart_undone");
          expect(uidsOf(after).filter((uid) => known.has(uid)).length).toBeGreaterThanOrEqual(2);
        } else {
          expect(first?.code).toBe("workload_stopped");
        }
      },
      120_000,
    );

    it("restarts one by one what nothing rolls (OnDelete), and leaves the template alone", async () => {
      const spec = { updateStrategy: { type: "OnDelete" } };
      const target = await bench.create({ name: nextName(), kind: "StatefulSet", spec });
      const before = await bench.view(target);
      const plan = await bench.plan(restartOperation, target);

      expect(plan.steps.map(({ id }) => id)).toEqual([
        "check",
        ...[2, 1, 0].map((place) => `evict-${target.workload}-${place}`),
      ]);
      const { state, outcome } = await bench.run(restartOperation, target, plan);

      expect(outcome.problems).toEqual([]);
      expect(state).toBe("succeeded");
      const after = await bench.view(target);
      expect(after.generation).toBe(before.generation);
      expect(uidsOf(after).filter((uid) => uidsOf(before).includes(uid))).toEqual([]);
    });

    it("restarts pods below a partition too, each with the version of its place", async () => {
      const spec = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } };
      const target = await bench.create({ name: nextName(), kind: "StatefulSet", spec });
      const before = await bench.view(target);
      const plan = await bench.plan(restartOperation, target);

      const { state } = await bench.run(restartOperation, target, plan);

      expect(state).toBe("succeeded");
      const after = await bench.view(target);
      expect(uidsOf(after).filter((uid) => uidsOf(before).includes(uid))).toEqual([]);
    });

    it.each(kinds)(
      "--undo goes back to the version before of a %s, out of a roll-out that is stuck",
      async (kind) => {
        const target = await bench.create({ name: nextName(), kind });
        const before = await bench.view(target);
        bench.runtime.behaviour = ({ image }) => (image.endsWith(":2") ? "hangs" : "runs");
        const template = {
          spec: {
            containers: [
              {
                name: "app",
                image: "example.test/app:2",
                command: ["app"],
                readinessProbe: { exec: { command: ["true"] }, periodSeconds: 1 },
              },
            ],
          },
        };
        await bench.patch(target, { spec: { template } });
        await expect
          .poll(async () => (await bench.view(target)).pods.some(({ ready }) => !ready), { timeout: 20_000 })
          .toBe(true);
        // A DaemonSet's one pod is of the new version already: nothing is left to roll.
        const rolling = kind === "DaemonSet" ? [] : ["workload_rolling"];
        expect(await bench.refusals(restartOperation, target)).toEqual(rolling);

        const plan = await bench.plan(restartOperation, target, { undo: true });
        expect(plan.now.join("\n")).toContain("app example.test/app:1");
        const { state, outcome } = await bench.run(restartOperation, target, plan);

        expect(outcome.problems).toEqual([]);
        expect(state).toBe("succeeded");
        const after = await bench.untilReady(target);
        expect(after.template.digest).toBe(before.template.digest);
      },
      120_000,
    );

    it("stops when somebody else changes it in the middle, and undoes nothing of theirs", async () => {
      const target = await bench.create({ name: nextName(), kind: "Deployment" });
      const plan = await bench.plan(restartOperation, target);
      bench.runtime.behaviour = () => "hangs";
      const running = bench.run(restartOperation, target, plan);
      await expect
        .poll(async () => (await bench.view(target)).template.restartedAt, { timeout: 20_000 })
        .not.toBeNull();
      await bench.patch(target, { spec: { template: { metadata: { annotations: { theirs: "1" } } } } });

      const { state, outcome } = await running;

      expect(state).toBe("failed");
      expect(outcome.problems.map(({ code }) => code)).toEqual(["workload_stopped", "workload_changed"]);
      expect((await bench.view(target)).template.restartedAt).not.toBeNull();
    });

    it("says what nothing moves for, and goes back", async () => {
      const target = await bench.create({ name: nextName(), kind: "Deployment" });
      const before = await bench.view(target);
      const plan = await bench.plan(restartOperation, target, { waitMs: 2_000 });
      const known = new Set(uidsOf(before));
      bench.runtime.behaviour = ({ pod }) => (known.has(pod.uid) ? "runs" : "hangs");

      const { state, outcome } = await bench.run(restartOperation, target, plan);

      expect(state).toBe("failed");
      expect(outcome.problems.map(({ code }) => code)).toEqual(["workload_restart_undone", "workload_not_ready"]);
      expect(outcome.problems[1]?.what).toContain("app runs and is not ready");
      expect((await bench.view(target)).template).toEqual(before.template);
    });
  });
}
