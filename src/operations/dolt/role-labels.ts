import { HandoverError } from "../../domain/errors.ts";
import type { WorkloadView } from "../../ports/workloads.ts";
import type { OperationContext } from "../operation.ts";
import { lookAtWorkload } from "./look.ts";

/** The label that Services route by; the convention of doltclusterctl. */
export const roleLabel = "dolthub.com/cluster_role";

/** Pods that carry the primary's label now. */
export function routedPods(workload: WorkloadView): string[] {
  return workload.pods.filter(({ pod }) => pod?.labels[roleLabel] === "primary").map(({ name }) => name);
}

/**
 * Routes writes to one pod: its label first, every other pod's after it, so that the cluster is never without a routed
 * primary. Tried again until the signal ends it: half a routing is no state to leave. `onRouted` is called as soon as the
 * new one has it.
 */
export async function routeTo(
  primary: string,
  context: OperationContext,
  known: WorkloadView,
  onRouted: () => void = () => undefined,
): Promise<void> {
  let workload = known;
  for (;;) {
    try {
      await label(primary, "primary", workload, context);
      onRouted();
      for (const name of routedPods(workload)) {
        if (name !== primary) await label(name, "standby", workload, context);
      }
      return;
    } catch (error) {
      if (context.signal.aborted || !(error instanceof HandoverError)) throw error;
      await context.clock.sleep(200, context.signal);
      workload = await lookAtWorkload(context).catch(() => workload);
    }
  }
}

async function label(name: string, role: "primary" | "standby", workload: WorkloadView, context: OperationContext) {
  const pod = workload.pods.find((candidate) => candidate.name === name)?.pod;
  if (pod === null || pod === undefined || pod.labels[roleLabel] === role) return;
  const reference = { namespace: workload.namespace, name, uid: pod.uid };
  await context.workloads.labelPod(reference, roleLabel, role, context.signal);
}
