import { HandoverError, type Problem, problem } from "../../domain/errors.ts";
import { allocationEnableSetting } from "../../ports/crate-settings.ts";
import { timeText } from "../new-enough.ts";
import type { OperationContext, UndoResult } from "../operation.ts";
import { giveBackups } from "./backup-jobs-pause.ts";
import type { RestartDetails, RestartedNode } from "./restart-details.ts";
import { lookAtHealth, unwellIn, whyOf } from "./restart-sight.ts";
import { routingOwnerLabel } from "./routing-allocation.ts";
import { disownAllocation, openAllocation } from "./routing-allocation-hold.ts";
import type { CrateSession } from "./session.ts";

const tryAgainAfterMs = 1_000;

/**
 * A restarted node is nothing to undo: what was done stands, and the same command goes on from there. What was set for it is
 * taken back: allocation first, so that replicas are built elsewhere while a node stays away, then backups. Tries until the
 * time is over.
 */
export async function undoRestart(
  context: OperationContext,
  opened: () => Promise<CrateSession>,
  details: RestartDetails,
  failure: Problem,
): Promise<UndoResult> {
  const left = new Map<string, () => Promise<void>>([
    [
      `the settings ${Object.keys(details.settings).join(", ")}`,
      async () => await openAllocation(context, await opened(), details.settings),
    ],
    [`the label ${routingOwnerLabel}`, async () => await disownAllocation(context, await opened())],
    ["paused backup CronJobs", async () => await giveBackups(context, (await opened()).cluster)],
  ]);
  for (;;) {
    await attempt(context, async () => void (await (await opened()).refresh(context.signal)));
    for (const [name, putBack] of [...left]) {
      if (await attempt(context, putBack)) left.delete(name);
    }
    if (left.size === 0) return await outcome(context, await opened(), details, failure);
    if (context.signal.aborted) return notPutBack([...left.keys()], details, failure);
    await context.clock.sleep(tryAgainAfterMs, context.signal).catch(() => undefined);
  }
}

/** Whether that pod goes, or is another one by now. */
export function isReplaced({ set, name, uid }: RestartedNode, { cluster }: Pick<CrateSession, "cluster">): boolean {
  const pods = cluster.sets.find((one) => one.name === set)?.pods ?? [];
  const pod = pods.find((one) => one.name === name)?.pod ?? null;
  return pod?.uid !== uid || pod.terminating;
}

async function outcome(
  context: OperationContext,
  session: CrateSession,
  details: RestartDetails,
  failure: Problem,
): Promise<UndoResult> {
  const [done, left] = [true, false].map((wanted) =>
    details.pods.filter((pod) => isReplaced(pod, session) === wanted).map(({ name }) => name),
  );
  if (done === undefined || done.length === 0) return { kind: "nothing_changed", problem: failure };
  const state = await stateText(context, session);
  const before = timeText(details.beforeMs);
  return { kind: "stopped", problem: problem("crate_restart_stopped", { done, left: left ?? [], state, before }) };
}

async function stateText(context: OperationContext, session: CrateSession): Promise<string> {
  const kept = "Shards may be placed everywhere again, and backups are as before.";
  try {
    const reasons = unwellIn(await lookAtHealth(session, context.signal));
    return reasons.length === 0 ? `Every table is GREEN. ${kept}` : `Now: ${reasons.join("; ")}. ${kept}`;
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    return `Now: ${whyOf(error)}. ${kept}`;
  }
}

function notPutBack(left: readonly string[], { revisions }: RestartDetails, failure: Problem): UndoResult {
  const todo = [
    `RESET GLOBAL "${allocationEnableSetting}"`,
    `kubectl label statefulset ${Object.keys(revisions).join(" ")} ${routingOwnerLabel}-`,
    "then type the same command again, which gives the backups back at its end",
  ];
  return { kind: "unknown", problem: problem("crate_not_put_back", { failure: failure.what, left, todo }) };
}

/** False: nobody answers, or says no for now. */
async function attempt({ signal }: OperationContext, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof HandoverError || signal.aborted)) throw error;
    return false;
  }
}
