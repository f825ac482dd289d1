import { fail } from "../../domain/errors.ts";
import type { OperationContext, OperationRun } from "../operation.ts";
import { backupsNow, pauseBackups } from "./backup-jobs-pause.ts";
import { lookAtHealth, unwellIn } from "./restart-sight.ts";
import { type SuspensionDetails, setsOf, suspendSteps } from "./suspend-details.ts";
import {
  areGone,
  dependentsNow,
  insisting,
  isWhole,
  podsLeft,
  scaleDependents,
  scaleSets,
  setNamed,
  untilNothing,
} from "./suspend-pods.ts";
import { SuspensionRun, type SuspensionStep, type SuspensionWork, silenceMs } from "./suspend-step-run.ts";
import { undoSuspend } from "./suspend-undo.ts";
import { recordText, suspendedAnnotation } from "./suspension-record.ts";

/** Beyond their grace period, until the API server says that pods are gone. */
const goneMarginMs = 5 * 60_000;
/** For a backup that began in the moment before they were paused, even where none is to be waited for. */
const lastBackupMs = 5 * 60_000;

export function suspendRun(context: OperationContext, details: SuspensionDetails, resumed: boolean): OperationRun {
  const goneMs = details.graceSeconds * 1_000 + goneMarginMs;
  const steps: Record<string, SuspensionStep> = {
    check: {
      deadlineMs: details.waitMs + silenceMs,
      changesTarget: false,
      isDone: async () => resumed,
      act: check,
    },
    record: {
      deadlineMs: details.waitMs + lastBackupMs + 3 * silenceMs,
      changesTarget: true,
      // Once a set is at zero it was written down: that comes first.
      isDone: async ({ session }) => resumed && !isWhole(session.cluster, details),
      act: record,
    },
    "stop-data": {
      deadlineMs: goneMs + silenceMs,
      changesTarget: true,
      isDone: async ({ session }) => areGone(session.cluster, setsOf(details, "data")),
      act: (work) => stopSets(work, "data", goneMs),
    },
    "stop-dependents": {
      deadlineMs: goneMs + 2 * silenceMs,
      changesTarget: true,
      isDone: async (work) => (await dependentsLeft(work)).length === 0,
      act: (work) => stopDependents(work, goneMs),
    },
    "stop-masters": {
      deadlineMs: goneMs + silenceMs,
      changesTarget: true,
      isDone: async ({ session }) => areGone(session.cluster, setsOf(details, "master")),
      act: (work) => stopSets(work, "master", goneMs),
    },
  };
  const summary = "The cluster is suspended: no pod is left, its data and its size are kept.";
  return new SuspensionRun(context, details, { planned: suspendSteps(details), steps, summary, undo: undoSuspend });
}

/** A cluster of which a part is down already is never healthy: it is looked at only while all of it is there. */
async function check(work: SuspensionWork): Promise<null> {
  const { context, session, details } = work;
  await untilNothing(
    work,
    silenceMs,
    async () => (isWhole(session.cluster, details) ? unwellIn(await lookAtHealth(session, context.signal)) : []),
    (reasons) => fail("crate_suspend_held", { seconds: silenceMs / 1_000, reasons }),
  );
  await untilNoBackup(work, details.waitMs);
  return null;
}

async function record(work: SuspensionWork): Promise<string | null> {
  const { context, session, details } = work;
  await insisting(work, () => pauseBackups(context, session.cluster));
  await untilNoBackup(work, details.waitMs + lastBackupMs);
  for (const set of details.sets) {
    const text = recordText({ replicas: set.replicas, dependents: details.dependents });
    const now = setNamed(session.cluster, set);
    if (now.annotations[suspendedAnnotation] === text) continue;
    await insisting(work, () => context.crateClusters.annotate(now, { [suspendedAnnotation]: text }, context.signal));
  }
  return null;
}

/** A cluster of which a part is down cannot be asked with any certainty, and nothing of it is worth waiting for. */
async function untilNoBackup(work: SuspensionWork, waitMs: number): Promise<void> {
  const { context, session, details } = work;
  await untilNothing(
    work,
    waitMs,
    async () => (isWhole(session.cluster, details) ? await backupsNow(context, session) : []),
    (backups) => fail("crate_backup_runs", { backups, seconds: waitMs / 1_000 }),
  );
}

/** All at once: none of them has to be drained, as all of them go. */
async function stopSets(work: SuspensionWork, role: "data" | "master", waitMs: number): Promise<null> {
  const sets = setsOf(work.details, role);
  await scaleSets(work, sets, "zero");
  await untilNothing(
    work,
    waitMs,
    async () => podsLeft(work.session.cluster, sets),
    (pods) => fail("crate_pods_not_gone", { pods, seconds: waitMs / 1_000 }),
  );
  return null;
}

async function stopDependents(work: SuspensionWork, waitMs: number): Promise<null> {
  await scaleDependents(work, "zero");
  await untilNothing(
    work,
    waitMs,
    () => dependentsLeft(work),
    (pods) => fail("crate_pods_not_gone", { pods, seconds: waitMs / 1_000 }),
  );
  return null;
}

async function dependentsLeft(work: SuspensionWork): Promise<string[]> {
  const found = await dependentsNow(work);
  return found.filter(({ replicas, podsNow }) => replicas > 0 || podsNow > 0).map(({ name }) => `pods of ${name}`);
}
