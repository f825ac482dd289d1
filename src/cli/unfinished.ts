import { fail } from "../domain/errors.ts";
import type { Plan } from "../domain/plan.ts";
import type { Wish } from "../domain/request.ts";
import { shownPlan } from "../domain/transitions/reading.ts";
import type { LeaseObserver } from "../execution/lease-observer.ts";
import { type LedgerExecution, readExecution } from "../execution/ledger.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseView, TargetLeases, TargetReference } from "../ports/workloads.ts";

/** An execution that its process left in the middle. */
export interface Unfinished {
  readonly execution: LedgerExecution;
  readonly plan: Plan;
}

const lookAgainMs = 500;

/**
 * The execution that somebody left unfinished on this target, or null: the lease is free, and nothing is open.
 * A lease that somebody holds is watched until it is renewed (throws `target_locked`) or was seen unchanged for its whole
 * duration; with `onWait` null nobody waits, and it counts as locked. `onWait` is told once, with the holder and how long
 * that may take.
 */
export async function findUnfinished(
  options: {
    readonly leases: TargetLeases;
    readonly target: TargetReference;
    readonly observer: LeaseObserver;
    readonly clock: Clock;
    readonly onWait: ((holder: string, seconds: number) => void) | null;
  },
  signal: AbortSignal,
): Promise<Unfinished | null> {
  const { leases, target, observer, clock } = options;
  const first = await leases.read(target, signal);
  let seen = first;
  while (seen !== null && seen.state.holder !== null && !observer.isAbandoned(target, seen)) {
    if (options.onWait === null || seen.version !== first?.version) throw locked(target, seen);
    if (seen === first) options.onWait(seen.state.holder, seen.state.durationSeconds);
    await clock.sleep(lookAgainMs, signal);
    seen = await leases.read(target, signal);
  }
  const execution = readExecution(seen?.state.execution ?? null);
  return execution === null ? null : { execution, plan: planOf(execution, target) };
}

/** That somebody had paused it from Slack, for whoever takes it up here. */
export function pauseText({ by, atMs }: Wish): string {
  const at = new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
  return `It was paused from Slack by ${by.userId} at ${at} UTC; this lets it go on.\n`;
}

/** The plan as the cluster has it on record. Whoever may write the lease could do anything to the target anyway; a person reads the plan before it goes on. */
function planOf({ authority, id }: LedgerExecution, target: TargetReference): Plan {
  const plan = authority.kind === "break_glass" ? authority.plan : shownPlan(authority.record);
  if (plan === null) {
    const doing = `reading execution ${id} beside the lease of ${target.namespace}/${target.workload}`;
    throw fail("unexpected", { doing, why: "it holds no plan" });
  }
  return plan;
}

function locked(target: TargetReference, { state }: LeaseView) {
  return fail("target_locked", {
    target: `${target.namespace}/${target.workload}`,
    holder: state.holder ?? "nobody",
    executionId: readExecution(state.execution)?.id ?? "unknown",
  });
}
