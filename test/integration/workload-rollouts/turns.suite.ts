import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Parameters, Plan } from "../../../src/domain/plan.ts";
import type { WorkloadKind } from "../../../src/domain/target.ts";
import { restartOperation } from "../../../src/operations/kubernetes/restart.ts";
import { scaleOperation } from "../../../src/operations/kubernetes/scale.ts";
import type { Operation } from "../../../src/operations/operation.ts";
import type { TargetReference, Workloads } from "../../../src/ports/workloads.ts";
import { overlaid } from "./support/overlaid.ts";
import { type ApiUnderTest, WorkloadBench } from "./support/workload-bench.ts";

/** The worker has died: it does nothing more, and tells nobody. */
class Died extends Error {}

type Case = readonly [WorkloadKind, string, Operation, Parameters, object];

const onDelete = { updateStrategy: { type: "OnDelete" } };
const cases: readonly Case[] = [
  ["StatefulSet", "restart", restartOperation, {}, {}],
  ["Deployment", "restart", restartOperation, {}, {}],
  ["DaemonSet", "restart", restartOperation, {}, {}],
  ["StatefulSet", "restart one by one", restartOperation, {}, onDelete],
  ["Deployment", "scale", scaleOperation, { replicas: 5 }, {}],
  ["StatefulSet", "scale", scaleOperation, { replicas: 1 }, {}],
];

export function turnsSuite(where: string, startApi: () => Promise<ApiUnderTest>): void {
  describe(`workers that die after each step and each write, on ${where}`, () => {
    let bench: WorkloadBench;
    let count = 0;

    beforeAll(async () => {
      bench = await WorkloadBench.start(startApi);
    }, 120_000);
    afterAll(() => bench?.close());

    it.each(cases)(
      "%s, %s: the next one goes on, and writes nothing twice",
      async (kind, _, operation, parameters, spec) => {
        const target = await bench.create({ name: `web-${++count}`, kind, spec });
        const before = await bench.view(target);
        const plan = await bench.plan(operation, target, parameters);

        const deeds = await carryOutByTurns(bench, operation, target, plan);

        expect(deeds.filter((deed, index) => deeds.indexOf(deed) !== index)).toEqual([]);
        const after = await bench.view(target);
        expect(after.pods.every(({ ready, terminating }) => ready && !terminating)).toBe(true);
        expect(after.pods).toHaveLength(
          typeof parameters.replicas === "number" ? parameters.replicas : before.pods.length,
        );
        if (operation === restartOperation) {
          const old = new Set(before.pods.map(({ uid }) => uid));
          expect(after.pods.filter(({ uid }) => old.has(uid))).toEqual([]);
        }
      },
      120_000,
    );
  });
}

/** Each worker dies after its first write, whose answer it never hears, or else after the first step that it has carried out. */
async function carryOutByTurns(
  bench: WorkloadBench,
  operation: Operation,
  target: TargetReference,
  plan: Plan,
): Promise<string[]> {
  const deeds: string[] = [];
  const ended = new Set<string>();
  for (let turn = 0; turn < 40; turn += 1) {
    try {
      const died = await oneTurn(bench, operation, target, plan, turn > 0, ended, deeds);
      if (!died) return deeds;
    } catch (error) {
      if (!(error instanceof Died)) throw error;
    }
  }
  throw new Error(`it came to no end: ${deeds.join(", ")}`);
}

/** False: it came to the end. */
async function oneTurn(
  bench: WorkloadBench,
  operation: Operation,
  target: TargetReference,
  plan: Plan,
  resumed: boolean,
  ended: Set<string>,
  deeds: string[],
): Promise<boolean> {
  const workloads = dyingAfterWrites(bench.workloads, deeds);
  const run = operation.begin(bench.context(target, { workloads }), plan, resumed);
  try {
    for (const step of run.steps) {
      const signal = AbortSignal.timeout(step.deadlineMs);
      if (await step.isDone(signal)) continue;
      await step.act(signal);
      if (ended.has(step.id)) continue;
      ended.add(step.id);
      return true;
    }
    return false;
  } finally {
    await run.close();
  }
}

function dyingAfterWrites(real: Workloads, deeds: string[]): Workloads {
  const once = async <T>(deed: string, writing: Promise<T>): Promise<T> => {
    await writing;
    deeds.push(deed);
    throw new Died(deed);
  };
  const rollouts = overlaid(real.rollouts, {
    setRestartedAt: (view, at, signal) => once("restartedAt", real.rollouts.setRestartedAt(view, at, signal)),
    setReplicas: (target, from, to, signal) => once("replicas", real.rollouts.setReplicas(target, from, to, signal)),
  });
  return overlaid(real, {
    rollouts,
    evictPod: (pod, signal) => once(`eviction of ${pod.uid}`, real.evictPod(pod, signal)),
  });
}
