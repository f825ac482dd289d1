import { HandoverError } from "../../domain/errors.ts";
import type { WorkloadView } from "../../ports/workloads.ts";
import type { OperationContext } from "../operation.ts";
import { setAside } from "./role-labels.ts";

/**
 * kube-proxy leaves at least so long between two changes that it applies (`minSyncPeriod`, 1 s by default). Taking the
 * candidate out of the read-only Service is one; were it done together with routing writes to it, that could wait as long.
 */
const betweenRoutingChangesMs = 1_200;

/** What makes the gap short in which nobody can write: done before it, while writes go on. */
export async function prepareSwitch(
  context: OperationContext,
  candidate: string,
  workload: WorkloadView,
): Promise<string> {
  try {
    if (!(await setAside(candidate, context, workload))) return "it stays, as no other standby is left for them";
  } catch (error) {
    // Without it the switch is slower at most, so it is no reason to stop.
    if (context.signal.aborted || !(error instanceof HandoverError)) throw error;
    return `not done: ${error.problem.what}`;
  }
  await context.clock.sleep(betweenRoutingChangesMs, context.signal);
  return "other standbys take them";
}
