import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { scaleOperation } from "../../../src/operations/dolt/scale.ts";
import { readServerConfiguration } from "../../../src/operations/dolt/server-configuration.ts";
import { type WriteHistory, Writers } from "../../support/writers.ts";
import { FailoverBench } from "../dolt-failover/support/failover-bench.ts";
import { handOver } from "./support/hand-over.ts";
import { carryOutByTurns } from "./support/turns.ts";

/** What holds of scaling on simulated servers as on real ones. */
export function scaleSuite(name: string, start: () => Promise<ClusterHandle>): void {
  // Rolling restarts on a machine that does something else meanwhile.
  describe(`scaling on ${name}`, { timeout: 240_000 }, () => {
    let cluster: ClusterHandle;
    let bench: FailoverBench;
    let writers: Writers | null = null;

    beforeAll(async () => {
      cluster = await start();
      bench = await FailoverBench.start(cluster, "orders", { operation: scaleOperation });
    });

    afterEach(async () => {
      await writers?.stop();
      writers = null;
    });

    afterAll(async () => {
      await bench?.close();
      await cluster?.close();
    });

    it("adds two standbys under writers: configured, restarted, caught up, labelled", async () => {
      await write(1_000);
      const plan = await bench.plan({ replicas: 5 });

      const { state, outcome } = await bench.run(plan);

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      await expectHealthy(5, await stopWriting());
      const files = await configuration();
      for (const pod of ["orders-3", "orders-4"]) {
        expect(readServerConfiguration(files[`${pod}.yaml`] ?? "")).toMatchObject({ bootstrapRole: "standby" });
      }
      const again = await bench.planned({ replicas: 5 });
      expect(again.kind === "refused" && again.problems.map(({ code }) => code)).toEqual(["dolt_scale_done"]);
    });

    it("removes two under writers, the primary among them: hands over first, and keeps what stays", async () => {
      await handOver(bench, "orders-4");
      await write(2_000_000);
      const plan = await bench.plan({ replicas: 3 });
      expect(plan.steps.map(({ id }) => id)).not.toContain("restart-orders-4");

      const { state, outcome } = await bench.run(plan);

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      await expectHealthy(3, await stopWriting());
      expect(Object.keys(await configuration()).sort()).toEqual(["orders-0.yaml", "orders-1.yaml", "orders-2.yaml"]);
    });

    it("adds one again on the volume it had before, and removes it while it is a standby", async () => {
      await bench.run(await bench.plan({ replicas: 4 }));
      await expectHealthy(4);

      const { state, outcome } = await bench.run(await bench.plan({ replicas: 3 }));

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      await expectHealthy(3);
    });

    it("goes on from wherever a worker dies: after each step, and after each write whose answer it never hears", async () => {
      await write(3_000_000);
      const up = await carryOutByTurns(bench, await bench.plan({ replicas: 4 }));
      // What a step is found to have done already is no deed of the next worker.
      expect(up).toEqual(expect.arrayContaining(["scale to 4", "failover-demote", "verify"]));
      await expectHealthy(4);

      await handOver(bench, "orders-3");
      const down = await carryOutByTurns(bench, await bench.plan({ replicas: 3 }));
      expect(down).toEqual(expect.arrayContaining(["handover-demote", "failover-promote", "scale to 3", "verify"]));
      await expectHealthy(3, await stopWriting());
    });

    async function write(firstId: number): Promise<void> {
      const { username: user, password } = await bench.credentials();
      writers = await Writers.start({
        kubeconfig: cluster.kubeconfig,
        namespace: bench.target.namespace,
        database: "app",
        writers: 2,
        credentials: { user, password },
        restMs: 20,
        firstId,
      });
    }

    async function stopWriting(): Promise<WriteHistory> {
      const history = await writers?.stop();
      writers = null;
      if (history === undefined) throw new Error("nobody wrote");
      return history;
    }

    async function configuration(): Promise<Readonly<Record<string, string>>> {
      const { namespace, name: target } = bench.target;
      const found = await bench.core.readNamespacedConfigMap({ namespace, name: `${target}-config` });
      return found.data ?? {};
    }

    /** One routed primary, every other one labelled a standby of it, each replicating to each, and nothing lost anywhere. */
    async function expectHealthy(replicas: number, history?: WriteHistory): Promise<void> {
      const { pods } = await bench.workload();
      expect(pods).toHaveLength(replicas);
      const labels = pods.map(({ pod }) => pod?.labels["dolthub.com/cluster_role"]).sort();
      expect(labels).toEqual(["primary", ...Array.from({ length: replicas - 1 }, () => "standby")]);
      const [primary = ""] = await bench.routed();
      expect((await bench.identity(primary)).role).toBe("primary");
      const acknowledged = history?.acknowledged ?? [];
      for (const { name: pod } of pods) {
        await bench.until(`${pod} holds what was acknowledged`, async () => {
          const held = new Set(await bench.ids(pod));
          return acknowledged.every((id) => held.has(id));
        });
      }
    }
  });
}
