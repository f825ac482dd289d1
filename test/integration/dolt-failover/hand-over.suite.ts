import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { FailoverBench } from "./support/failover-bench.ts";

/** What holds of a failover on simulated servers as on real ones. */
export function handOverSuite(name: string, start: () => Promise<ClusterHandle>): void {
  describe(`a failover on ${name}`, () => {
    let cluster: ClusterHandle;
    let bench: FailoverBench;

    beforeAll(async () => {
      cluster = await start();
      bench = await FailoverBench.start(cluster, "orders");
    });

    afterAll(async () => {
      await bench?.close();
      await cluster?.close();
    });

    afterEach(async () => {
      await bench.target.faults.heal();
    });

    it("goes to and fro on a target that nobody writes to", async () => {
      for (const to of [1, 0, 2, 0]) {
        const plan = await bench.plan({ to: bench.pod(to) });
        const { state, outcome } = await bench.run(plan);

        expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
        expect(await bench.routed()).toEqual([bench.pod(to)]);
        expect(await bench.identity(bench.pod(to))).toMatchObject({ role: "primary", readOnly: false });
      }
    });

    it("goes back right after it on a target whose servers were all restarted", async () => {
      for (const ordinal of [0, 1, 2]) await bench.target.faults.kill(bench.pod(ordinal));
      for (const ordinal of [0, 1, 2]) {
        await bench.untilIs(bench.pod(ordinal), { role: ordinal === 0 ? "primary" : "standby" });
      }

      const plan = await bench.plan({ to: bench.pod(1) });
      const { state } = await bench.run(plan);

      expect(plan.now.join("\n")).toMatch(/Candidate orders-1: lag (unknown, states equal|0 ms)/);
      expect(state).toBe("succeeded");
    });
  });
}
