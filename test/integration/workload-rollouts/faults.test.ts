import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fail } from "../../../src/domain/errors.ts";
import { restartOperation } from "../../../src/operations/kubernetes/restart.ts";
import { scaleOperation } from "../../../src/operations/kubernetes/scale.ts";
import type { Workloads } from "../../../src/ports/workloads.ts";
import { Random } from "../../chaos/random.ts";
import { overlaid } from "./support/overlaid.ts";
import { startSandboxApi } from "./support/sandbox-api.ts";
import { WorkloadBench } from "./support/workload-bench.ts";

/** How many calls of three are not answered, done or not. */
const lostOfThree = 1;

describe("workloads while the API server answers only sometimes", () => {
  let bench: WorkloadBench;

  beforeAll(async () => {
    bench = await WorkloadBench.start(startSandboxApi);
  }, 120_000);
  afterAll(() => bench?.close());

  const cases = [1, 2, 3].flatMap((seed) =>
    (["StatefulSet", "Deployment"] as const).map((kind) => [kind, seed] as const),
  );

  it.each(cases)(
    "%s, seed %i: a restart and a scaling reach their end, each write once",
    async (kind, seed) => {
      const target = await bench.create({ name: `web-${kind.toLowerCase()}-${seed}`, kind, replicas: 2 });
      const before = await bench.view(target);
      const { workloads, writes } = unreliable(bench.workloads, seed);

      const restarted = await bench.run(restartOperation, target, await bench.plan(restartOperation, target), {
        workloads,
      });
      expect(restarted.outcome.problems).toEqual([]);
      const after = await bench.view(target);
      expect(after.pods.filter(({ uid }) => before.pods.some((pod) => pod.uid === uid))).toEqual([]);
      expect(after.generation).toBe(before.generation + 1);

      const plan = await bench.plan(scaleOperation, target, { replicas: 3 });
      const scaled = await bench.run(scaleOperation, target, plan, { workloads });
      expect(scaled.outcome.problems).toEqual([]);
      expect((await bench.view(target)).pods).toHaveLength(3);
      expect(writes()).toBeGreaterThanOrEqual(2);
    },
    60_000,
  );
});

/** Calls that are lost on the way there, or on the way back, as the seed says. */
function unreliable(real: Workloads, seed: number): { workloads: Workloads; writes: () => number } {
  const random = new Random(seed);
  let count = 0;
  async function maybe<T>(call: () => Promise<T>, isWrite = false): Promise<T> {
    if (isWrite) count += 1;
    const isLost = random.int(1, 3) <= lostOfThree;
    const isDone = random.int(1, 2) === 1;
    if (isLost && !isDone) throw fail("kubernetes_away", { doing: "a test", why: "it never arrived" });
    const answer = await call();
    if (isLost) throw fail("kubernetes_away", { doing: "a test", why: "the answer was lost" });
    return answer;
  }
  const rollouts = overlaid(real.rollouts, {
    look: (target, signal) => maybe(() => real.rollouts.look(target, signal)),
    setRestartedAt: (view, at, signal) => maybe(() => real.rollouts.setRestartedAt(view, at, signal), true),
    setReplicas: (target, from, to, signal) => maybe(() => real.rollouts.setReplicas(target, from, to, signal), true),
  });
  return { workloads: overlaid(real, { rollouts }), writes: () => count };
}
