import { fail } from "../../../../src/domain/errors.ts";
import type { Plan } from "../../../../src/domain/plan.ts";
import type { OperationContext } from "../../../../src/operations/operation.ts";
import type { Scaling } from "../../../../src/ports/scaling.ts";
import type { Workloads } from "../../../../src/ports/workloads.ts";
import type { FailoverBench } from "../../dolt-failover/support/failover-bench.ts";

/** The worker has died: it does nothing more, and tells nobody. */
class Died extends Error {}

/**
 * Carries a plan out by many workers: each dies after the first step that it has carried out, and before that also after
 * each write of the scaling, whose answer it never hears. The next one goes on by what the cluster shows.
 * Returns what each of them did last.
 */
export async function carryOutByTurns(bench: FailoverBench, plan: Plan): Promise<string[]> {
  const lastDeeds: string[] = [];
  const ended = new Set<string>();
  for (let turn = 0; turn < 60; turn += 1) {
    const context = bench.context({ workloads: dyingAfterWrites(bench.workloads, ended) });
    const deed = await oneTurn(bench, plan, context, turn > 0, ended);
    if (deed === null) return lastDeeds;
    lastDeeds.push(deed);
  }
  throw new Error(`it came to no end: ${lastDeeds.join(", ")}`);
}

/** Null: it came to the end. */
async function oneTurn(
  bench: FailoverBench,
  plan: Plan,
  context: OperationContext,
  resumed: boolean,
  ended: Set<string>,
): Promise<string | null> {
  const run = bench.operation.begin(context, plan, resumed);
  try {
    for (const step of run.steps) {
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(step.deadlineMs)]);
      if (await step.isDone(signal)) continue;
      await step.act(signal);
      if (ended.has(step.id)) continue;
      ended.add(step.id);
      return step.id;
    }
    return null;
  } catch (error) {
    if (error instanceof Died) return error.message;
    throw error;
  } finally {
    await run.close();
  }
}

function dyingAfterWrites(real: Workloads, ended: Set<string>): Workloads {
  const once = async <T>(name: string, write: Promise<T>): Promise<T> => {
    const result = await write;
    if (ended.has(name)) return result;
    ended.add(name);
    throw new Died(name);
  };
  const scaling: Scaling = {
    layout: (target, signal) => real.scaling.layout(target, signal),
    configMap: (namespace, name, signal) => real.scaling.configMap(namespace, name, signal),
    podServices: (namespace, signal) => real.scaling.podServices(namespace, signal),
    missingRights: (target, configMap, signal) => real.scaling.missingRights(target, configMap, signal),
    changeConfigMap: (read, changes, signal) =>
      once(`write of ${Object.keys(changes).join()}`, real.scaling.changeConfigMap(read, changes, signal)),
    createPodService: (like, name, podName, signal) =>
      once(`creation of ${name}`, real.scaling.createPodService(like, name, podName, signal)),
    setReplicas: (target, from, to, signal) =>
      once(`scale to ${to}`, real.scaling.setReplicas(target, from, to, signal)),
  };
  return {
    scaling,
    rollouts: real.rollouts,
    targets: (signal) => real.targets(signal),
    marks: (target, signal) => real.marks(target, signal),
    look: (target, signal) => real.look(target, signal),
    labelPod: (pod, label, value, signal) => real.labelPod(pod, label, value, signal),
    evictPod: (pod, signal) => once(`eviction of ${pod.name}`, real.evictPod(pod, signal)),
    events: (object, signal) => real.events(object, signal),
    podLog: (pod, lines, signal) => real.podLog(pod, lines, signal),
    surroundings: (target, signal) => real.surroundings(target, signal),
    freezes: (namespace, signal) => real.freezes(namespace, signal),
    credentials: (view, signal) => real.credentials(view, signal),
  };
}

/** For a scaling whose API refuses this write. */
export function refusing(real: Workloads, changed: Partial<Scaling>): Workloads {
  const { scaling } = real;
  return {
    scaling: {
      layout: (target, signal) => scaling.layout(target, signal),
      configMap: (namespace, name, signal) => scaling.configMap(namespace, name, signal),
      podServices: (namespace, signal) => scaling.podServices(namespace, signal),
      missingRights: (target, configMap, signal) => scaling.missingRights(target, configMap, signal),
      changeConfigMap: (read, changes, signal) => scaling.changeConfigMap(read, changes, signal),
      createPodService: (like, name, pod, signal) => scaling.createPodService(like, name, pod, signal),
      setReplicas: (target, from, to, signal) => scaling.setReplicas(target, from, to, signal),
      ...changed,
    },
    rollouts: real.rollouts,
    targets: (signal) => real.targets(signal),
    marks: (target, signal) => real.marks(target, signal),
    look: (target, signal) => real.look(target, signal),
    labelPod: (pod, label, value, signal) => real.labelPod(pod, label, value, signal),
    evictPod: (pod, signal) => real.evictPod(pod, signal),
    events: (object, signal) => real.events(object, signal),
    podLog: (pod, lines, signal) => real.podLog(pod, lines, signal),
    surroundings: (target, signal) => real.surroundings(target, signal),
    freezes: (namespace, signal) => real.freezes(namespace, signal),
    credentials: (view, signal) => real.credentials(view, signal),
  };
}

export function refused(doing: string): never {
  throw fail("kubernetes_refused", { doing, why: "a test says no (403)" });
}
