import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { restartOperation } from "../../../src/operations/dolt/restart.ts";
import { Writers } from "../../support/writers.ts";
import { FailoverBench } from "../dolt-failover/support/failover-bench.ts";

/** What holds of a rolling restart on simulated servers as on real ones. */
export function rollingSuite(name: string, start: () => Promise<ClusterHandle>): void {
  describe(`a rolling restart on ${name}`, () => {
    let cluster: ClusterHandle;
    let bench: FailoverBench;
    const uids = async () => (await bench.workload()).pods.map(({ pod }) => pod?.uid);
    const labels = async () => (await bench.workload()).pods.map(({ pod }) => pod?.labels["dolthub.com/cluster_role"]);

    beforeAll(async () => {
      cluster = await start();
      bench = await FailoverBench.start(cluster, "orders", { operation: restartOperation });
    });

    afterAll(async () => {
      await bench?.close();
      await cluster?.close();
    });

    it("restarts every pod of a target that nobody writes to, the primary last, and labels each", async () => {
      await bench.write(bench.pod(0), 1);
      const before = await uids();
      const plan = await bench.plan();

      const { state, outcome, steps } = await bench.run(plan);

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      expect(steps.map(({ id }) => id)).toEqual([
        "check",
        "restart-orders-2",
        "restart-orders-1",
        ...["check", "prepare", "demote", "promote", "route", "verify"].map((id) => `failover-${id}`),
        "restart-orders-0",
      ]);
      const after = await uids();
      expect(after.filter((uid) => before.includes(uid))).toEqual([]);
      expect(await bench.routed()).toEqual(["orders-1"]);
      expect(await labels()).toEqual(["standby", "primary", "standby"]);
      for (const pod of bench.target.pods) expect(await bench.ids(pod)).toEqual([1]);
    });

    it("goes on where it was stopped: pods that are new enough are left alone", async () => {
      const first = await bench.plan();
      const [primary = ""] = await bench.routed();
      const [newest = ""] = bench.target.pods.filter((pod) => pod !== primary);
      await bench.run(await bench.plan({ only: newest }));
      const { createdAtMs = 0 } = (await bench.workload()).pods.find((pod) => pod.name === newest)?.pod ?? {};
      const before = await uids();

      const plan = await bench.plan({ beforeMs: createdAtMs });

      expect(first.steps.map(({ id }) => id)).toContain(`restart-${newest}`);
      expect(plan.now.join("\n")).toContain(`Not restarted: ${newest}: new enough: created`);
      const { state } = await bench.run(plan);
      expect(state).toBe("succeeded");
      const after = await uids();
      expect(after.filter((uid) => before.includes(uid))).toHaveLength(1);
      const result = await bench.planned({ beforeMs: createdAtMs });
      expect(result.kind === "refused" && result.problems.map(({ code }) => code)).toEqual(["dolt_nothing_to_restart"]);
    });

    it("loses nothing while others write", async () => {
      const { username: user, password } = await bench.credentials();
      const writers = await Writers.start({
        kubeconfig: cluster.kubeconfig,
        namespace: bench.target.namespace,
        database: "app",
        writers: 2,
        credentials: { user, password },
        restMs: 20,
        firstId: 1_000,
      });
      const { state, outcome } = await bench.run(await bench.plan()).finally(() => writers.stop());
      const { acknowledged } = await writers.stop();

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      const [primary = ""] = await bench.routed();
      const held = new Set(await bench.ids(primary));
      expect(acknowledged.filter((id) => !held.has(id))).toEqual([]);
    });
  });
}
