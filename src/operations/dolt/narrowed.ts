import type { Workloads, WorkloadView } from "../../ports/workloads.ts";
import type { DoltView } from "./look.ts";

/**
 * A target without some of its pods: those that are new hold nothing yet, and those that leave are about to fall behind, so
 * neither can stand in for another, and neither may be taken for a loss.
 */
export function narrowedView(view: DoltView, hidden: ReadonlySet<string>): DoltView {
  return {
    ...view,
    workload: narrowedWorkload(view.workload, hidden),
    nodes: view.nodes.filter(({ name }) => !hidden.has(name)),
  };
}

/** The same for whatever looks again by itself. Everything but the look is passed on. */
export function narrowedWorkloads(real: Workloads, hidden: ReadonlySet<string>): Workloads {
  return {
    scaling: real.scaling,
    rollouts: real.rollouts,
    targets: (signal) => real.targets(signal),
    marks: (target, signal) => real.marks(target, signal),
    async look(target, signal) {
      const workload = await real.look(target, signal);
      return workload === null ? null : narrowedWorkload(workload, hidden);
    },
    labelPod: (pod, label, value, signal) => real.labelPod(pod, label, value, signal),
    evictPod: (pod, signal) => real.evictPod(pod, signal),
    events: (object, signal) => real.events(object, signal),
    podLog: (pod, lines, signal) => real.podLog(pod, lines, signal),
    surroundings: (target, signal) => real.surroundings(target, signal),
    freezes: (namespace, signal) => real.freezes(namespace, signal),
    credentials: (view, signal) => real.credentials(view, signal),
  };
}

function narrowedWorkload(workload: WorkloadView, hidden: ReadonlySet<string>): WorkloadView {
  const pods = workload.pods.filter(({ name }) => !hidden.has(name));
  return { ...workload, replicas: pods.length, pods };
}
