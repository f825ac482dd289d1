import type { Clock } from "../../ports/clock.ts";
import { DoltError, type DoltSession } from "../../ports/dolt-servers.ts";
import type { FailoverDetails } from "./failover-details.ts";
import type { DoltAnswer, DoltView } from "./look.ts";

/** The variable that `DoltSession.setAckWrites` sets. Each server has its own; it is not replicated (dolt.md). */
export const ackWritesSetting = "dolt_cluster_ack_writes_timeout_secs";

/** A commit waits for the standbys for so long at most, and then succeeds all the same. The least that Dolt takes. */
const ackTimeoutSeconds = 1;
/** Long enough for what was begun before the drain to be sent: under writers a push takes 0.1–0.3 s. */
const backlogMs = 400;
const backlogDeadlineMs = 1_500;
/** A standby no further behind has no backlog, only what is just being sent. Without a drain lag is 280–1007 ms (dolt.md). */
const noBacklogLagMs = 150;
/** How long to wait for a moment in which nothing is on its way, right before the demotion. Under many writers there is none. */
const quietDeadlineMs = 150;
const lookAgainAfterMs = 20;
/** Such a moment is over in a few milliseconds. */
const lookForQuietAfterMs = 1;
const questionDeadlineMs = 1_000;

/** The detail by which a failover drains; none where commits wait already, or would wait for a standby that cannot answer. */
export function drainOf(view: DoltView, primary: DoltAnswer): Pick<FailoverDetails, "drainedFromSeconds"> {
  const areAllThere = view.nodes.every((node) => node.answer !== null);
  return areAllThere && primary.details.settings[ackWritesSetting] === "0" ? { drainedFromSeconds: 0 } : {};
}

/**
 * Makes each commit wait for the standbys, so that hardly anything is left to be sent when writes are stopped: Dolt's demotion
 * waits for it while nobody can write. Commits go on meanwhile; each takes as long as its replication. Resolves once there is
 * no backlog, or to false when there still is one after a while or the server refuses the setting. Throws DoltError when it
 * does not answer.
 */
export async function drainBacklog(session: DoltSession, clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await session.setAckWrites(ackTimeoutSeconds, { deadlineMs: questionDeadlineMs, signal });
  } catch (error) {
    if (error instanceof DoltError && error.outcome === "refused") return false;
    throw error;
  }
  await clock.sleep(backlogMs, signal);
  return await untilLag(noBacklogLagMs, session, backlogDeadlineMs, clock, signal);
}

/** Waits, for a short while only, for a moment in which every standby has all there is. Throws DoltError. */
export async function untilQuiet(session: DoltSession, clock: Clock, signal: AbortSignal): Promise<void> {
  await untilLag(0, session, quietDeadlineMs, clock, signal);
}

async function untilLag(
  boundMs: number,
  session: DoltSession,
  deadlineMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const giveUpAtMs = clock.monotonicMs() + deadlineMs;
  for (;;) {
    const lagsMs = await session.lags({ deadlineMs: questionDeadlineMs, signal });
    if (lagsMs.every((lagMs) => lagMs !== null && lagMs <= boundMs)) return true;
    if (clock.monotonicMs() >= giveUpAtMs) return false;
    await clock.sleep(boundMs === 0 ? lookForQuietAfterMs : lookAgainAfterMs, signal);
  }
}
