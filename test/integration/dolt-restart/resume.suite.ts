import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { restartOperation } from "../../../src/operations/dolt/restart.ts";
import type { OperationContext } from "../../../src/operations/operation.ts";
import { FailoverBench } from "../dolt-failover/support/failover-bench.ts";
import { InterceptedServers, interceptedWorkloads } from "../dolt-failover/support/intercepted.ts";

/** Where the process that restarts dies: right after that call was carried out, and before anybody heard of it. */
const moments = [
  "the eviction of the first standby",
  "the label of the first standby",
  "the eviction of the second standby",
  "the demotion",
  "the promotion",
  "the label of the new primary",
  "the eviction of the old primary",
] as const;
type Moment = (typeof moments)[number];

class ProcessDied extends Error {}

/** A restart that another process left at every point is finished, and no pod is restarted twice. */
export function resumeSuite(name: string, start: () => Promise<ClusterHandle>): void {
  describe(`a rolling restart that was left in the middle, on ${name}`, () => {
    let cluster: ClusterHandle;
    let bench: FailoverBench;
    let targets = 0;

    beforeAll(async () => {
      cluster = await start();
    });

    afterAll(async () => {
      await cluster?.close();
    });

    afterEach(async () => {
      await bench?.close();
    });

    it.each(moments)("after %s", async (moment) => {
      targets += 1;
      bench = await FailoverBench.start(cluster, `left${targets}`, { operation: restartOperation });
      await bench.write(bench.pod(0), 1);
      const before = (await bench.workload()).pods.map(({ pod }) => pod?.uid ?? "");
      const plan = await bench.plan();
      const evicted: string[] = [];
      await expect(carryOutUntil(moment, plan, evicted)).rejects.toThrow(ProcessDied);

      const workloads = interceptedWorkloads(bench.workloads, { afterEviction: noting(evicted) });
      const { state, outcome } = await bench.run(plan, { workloads }, true);

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      expect(outcome.summary).toMatch(/^Restarted, and replicating again: left\d+-2, left\d+-1, left\d+-0\./);
      expect(evicted).toEqual([bench.pod(2), bench.pod(1), bench.pod(0)]);
      const { pods } = await bench.workload();
      expect(pods.filter(({ pod }) => before.includes(pod?.uid ?? ""))).toEqual([]);
      expect(pods.map(({ pod }) => pod?.labels["dolthub.com/cluster_role"])).toEqual(["standby", "primary", "standby"]);
      for (const { name: pod } of pods) expect(await bench.ids(pod)).toEqual([1]);
      await bench.write(bench.pod(1), 2);
    });

    async function carryOutUntil(moment: Moment, plan: Awaited<ReturnType<FailoverBench["plan"]>>, evicted: string[]) {
      const run = bench.begin(plan, dyingAt(moment, evicted));
      try {
        for (const step of run.steps) {
          const signal = AbortSignal.timeout(60_000);
          if (!(await step.isDone(signal))) await step.act(signal);
        }
      } finally {
        await run.close();
      }
    }

    function dyingAt(moment: Moment, evicted: string[]): Partial<OperationContext> {
      const [second, first] = [bench.pod(1), bench.pod(2)];
      const die = (reached: Moment) => {
        if (reached === moment) throw new ProcessDied();
      };
      return {
        workloads: interceptedWorkloads(bench.workloads, {
          async afterEviction(pod, eviction) {
            await noting(evicted)(pod, eviction);
            if (pod.name === first) die("the eviction of the first standby");
            else die(pod.name === second ? "the eviction of the second standby" : "the eviction of the old primary");
          },
          async afterLabel(pod, value) {
            if (pod.name === first && value === "standby") die("the label of the first standby");
            if (value === "primary") die("the label of the new primary");
          },
        }),
        dolt: new InterceptedServers(bench.dolt, {
          afterDemotion: async () => die("the demotion"),
          afterRole: async (_, role) => {
            if (role === "primary") die("the promotion");
          },
        }),
      };
    }
  });
}

function noting(evicted: string[]) {
  return async (pod: { readonly name: string }, eviction: { readonly kind: string }) => {
    if (eviction.kind === "accepted") evicted.push(pod.name);
  };
}
