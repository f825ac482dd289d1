import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import type { Plan } from "../../../src/domain/plan.ts";
import { restartOperation } from "../../../src/operations/dolt/restart.ts";
import { restartDetailsSchema } from "../../../src/operations/dolt/restart-details.ts";
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
    let lastId = 0;

    beforeAll(async () => {
      cluster = await start();
      bench = await FailoverBench.start(cluster, "orders", { operation: restartOperation });
    });

    afterAll(async () => {
      await bench?.close();
      await cluster?.close();
    });

    it.each(moments)("after %s", async (moment) => {
      lastId += 1;
      const [old = ""] = await bench.routed();
      await bench.write(old, lastId);
      const before = (await bench.workload()).pods.map(({ pod }) => pod?.uid ?? "");
      const plan = await bench.plan();
      const { candidate, order } = partsOf(plan);
      const evicted: string[] = [];
      await expect(carryOutUntil(moment, plan, evicted)).rejects.toThrow(ProcessDied);

      const workloads = interceptedWorkloads(bench.workloads, { afterEviction: noting(evicted) });
      const { state, outcome } = await bench.run(plan, { workloads }, true);

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      expect(outcome.summary).toContain(`Restarted, and replicating again: ${order.join(", ")}.`);
      // Of an eviction whose answer was lost on a busy machine nothing is noted; twice would be the fault.
      expect(evicted).toEqual(order.filter((pod) => evicted.includes(pod)));
      const { pods } = await bench.workload();
      expect(pods.filter(({ pod }) => before.includes(pod?.uid ?? ""))).toEqual([]);
      const label = (role: string) => pods.filter(({ pod }) => pod?.labels["dolthub.com/cluster_role"] === role);
      expect(label("primary").map((pod) => pod.name)).toEqual([candidate]);
      expect(label("standby")).toHaveLength(2);
      for (const pod of pods) expect(await bench.ids(pod.name)).toHaveLength(lastId);
    });

    async function carryOutUntil(moment: Moment, plan: Plan, evicted: string[]): Promise<void> {
      const run = bench.begin(plan, dyingAt(moment, plan, evicted));
      try {
        for (const step of run.steps) {
          const signal = AbortSignal.timeout(60_000);
          if (!(await step.isDone(signal))) await step.act(signal);
        }
      } finally {
        await run.close();
      }
    }

    function dyingAt(moment: Moment, plan: Plan, evicted: string[]): Partial<OperationContext> {
      const [first, second] = partsOf(plan).order;
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

/** Who takes over, and every pod in the order in which it restarts. */
function partsOf(plan: Plan): { candidate: string | null; order: string[] } {
  const { batches, primary, candidate } = restartDetailsSchema.parse(plan.details);
  return { candidate, order: [...batches.flat(), primary].map(({ name }) => name) };
}

function noting(evicted: string[]) {
  return async (pod: { readonly name: string }, eviction: { readonly kind: string }) => {
    if (eviction.kind === "accepted") evicted.push(pod.name);
  };
}
