import { fail } from "../../domain/errors.ts";
import type { CrateClusterView, CronJobView } from "../../ports/crate-clusters.ts";
import type { Seen } from "../../ports/surroundings.ts";
import type { OperationContext } from "../operation.ts";
import { type CronJobChange, givebacksOf, isBackupOf, pausesOf, runningBackups } from "./backup-jobs.ts";
import { asked, isSilence } from "./crate-calls.ts";
import type { CrateSession } from "./session.ts";
import { clusterLabel } from "./suspension-record.ts";

/** How often a CronJob is read again because somebody else wrote it between reading and writing. */
const attempts = 10;
/** Every repository is read for it. */
const snapshotsWithinMs = 60_000;
const snapshotsForPlanMs = 15_000;

/** The CronJobs that make backups of this cluster, as far as this process may see them. */
export async function backupCronJobs(
  context: OperationContext,
  cluster: CrateClusterView,
): Promise<Seen<readonly CronJobView[]>> {
  const found = await context.crateClusters.cronJobs(cluster.namespace, context.signal);
  const label = clusterLabel(cluster);
  return found.seen ? { seen: true, value: found.value.filter((job) => isBackupOf(job, label)) } : found;
}

/** Sees to it that no backup starts from now on; safe to do twice. Where CronJobs may not be seen, nothing is done: the plan says so. */
export function pauseBackups(context: OperationContext, cluster: CrateClusterView): Promise<void> {
  return changeAll(context, cluster, pausesOf);
}

/** Gives every CronJob back as it was before somebody paused it; safe to do twice. */
export function giveBackups(context: OperationContext, cluster: CrateClusterView): Promise<void> {
  return changeAll(context, cluster, givebacksOf);
}

/** What a plan says of backups: that nobody could tell in time is said like one that runs. A plan has half a minute in all. */
export async function backupsForPlan(context: OperationContext, session: CrateSession): Promise<string[]> {
  try {
    return await backupsNow(context, session, snapshotsForPlanMs);
  } catch (error) {
    if (!isSilence(error) || context.signal.aborted) throw error;
    return ["whether a snapshot runs could not be told in time"];
  }
}

/** Snapshots, restores and backup Jobs that run now, each in words. Throws as both sides do. */
export async function backupsNow(
  context: OperationContext,
  session: CrateSession,
  withinMs = snapshotsWithinMs,
): Promise<string[]> {
  const { cluster, database } = session;
  const options = session.options(context.signal, withinMs);
  const [work, jobs] = await Promise.all([
    asked("asking for snapshots that run", database.snapshotWork(options)),
    context.crateClusters.jobs(cluster.namespace, context.signal),
  ]);
  const label = clusterLabel(cluster);
  return runningBackups(work, jobs.seen ? jobs.value.filter((job) => isBackupOf(job, label)) : []);
}

async function changeAll(
  context: OperationContext,
  cluster: CrateClusterView,
  changesOf: (jobs: readonly CronJobView[]) => CronJobChange[],
): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const found = await backupCronJobs(context, cluster);
    const changes = found.seen ? changesOf(found.value) : [];
    const written = await Promise.all(
      changes.map(({ job, suspended, annotations }) =>
        context.crateClusters.changeCronJob(job, { suspended, annotations }, context.signal),
      ),
    );
    if (!written.includes(null)) return;
  }
  throw fail("crate_changed_meanwhile", {
    what: `a CronJob of its backups was written ${attempts} times between reading and writing`,
  });
}
