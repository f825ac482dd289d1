import { HandoverError } from "../../domain/errors.ts";
import { DoltError, type DoltSession } from "../../ports/dolt-servers.ts";
import type { OperationContext } from "../operation.ts";
import { ackWritesSetting, drainBacklog } from "./drain.ts";
import type { FailoverDetails } from "./failover-details.ts";
import type { DoltView } from "./look.ts";
import { setAside } from "./role-labels.ts";
import { connectTo, questionDeadlineMs } from "./server-calls.ts";

/**
 * kube-proxy leaves at least so long between two changes that it applies (`minSyncPeriod`, 1 s by default). Taking the
 * candidate out of the read-only Service is one; were it done together with routing writes to it, that would wait as long.
 */
const betweenRoutingChangesMs = 1_200;

/** What makes the gap short in which nobody can write: done before it, while writes go on. */
export async function prepareSwitch(
  context: OperationContext,
  details: FailoverDetails,
  view: DoltView,
  primary: DoltSession,
): Promise<string> {
  const { clock, signal } = context;
  const { candidate, drainedFromSeconds } = details;
  const startedAtMs = clock.monotonicMs();
  const isSetAside = await trySetAside(context, candidate.name, view);
  const isDrained = drainedFromSeconds === undefined ? null : await drainBacklog(primary, clock, signal);
  const leftMs = startedAtMs + betweenRoutingChangesMs - clock.monotonicMs();
  if (isSetAside && leftMs > 0) await clock.sleep(leftMs, signal);
  if (isDrained === null) return "commits are not made to wait";
  return isDrained ? "the standbys have caught up" : "the standbys are still behind";
}

/** Commits on the old primary wait as little as before. Resolves to what is left to do by hand, or to null. */
export async function endDrain(
  context: OperationContext,
  details: FailoverDetails,
  view: DoltView,
): Promise<string | null> {
  const { primary, drainedFromSeconds } = details;
  if (drainedFromSeconds === undefined) return null;
  const options = { deadlineMs: questionDeadlineMs, signal: context.signal };
  try {
    const session = await connectTo(context, view, primary.name);
    try {
      await session.setAckWrites(drainedFromSeconds, options);
    } finally {
      session.close();
    }
    return null;
  } catch (error) {
    if (!(error instanceof DoltError)) throw error;
    return `Unless ${primary.name} has been restarted by then, run on it: SET GLOBAL ${ackWritesSetting} = ${drainedFromSeconds}.`;
  }
}

/** Without it the switch is only slower, so a refusal of the Kubernetes API is no reason to stop. */
async function trySetAside(context: OperationContext, candidate: string, view: DoltView): Promise<boolean> {
  try {
    return await setAside(candidate, context, view.workload);
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    return false;
  }
}
