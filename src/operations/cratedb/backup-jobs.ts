import { z } from "zod";
import type { CronJobView, JobView } from "../../ports/crate-clusters.ts";
import type { SnapshotWork } from "../../ports/crate-servers.ts";

/** Annotation of a CronJob that is paused for an operation, and what it is given back to. */
export const pausedAnnotation = "handover.dev/paused-backup";

const recordSchema = z.object({ suspended: z.boolean() });

/** One patch, which writes both in one go: a kill between two writes can lose nothing, as there are no two. */
export interface CronJobChange {
  readonly job: CronJobView;
  readonly suspended: boolean;
  /** `pausedAnnotation` with its value; null takes it away. */
  readonly annotations: Readonly<Record<string, string | null>>;
}

/**
 * Whether a CronJob or Job makes backups of this cluster, by the labels of crate-operator.
 * @param cluster what the label `app.kubernetes.io/name` says of its StatefulSets
 */
export function isBackupOf({ labels }: Pick<CronJobView, "labels">, cluster: string): boolean {
  return labels["app.kubernetes.io/component"] === "backup" && labels["app.kubernetes.io/name"] === cluster;
}

/**
 * What has to be done so that none of them starts: all of them, not the first. One that was suspended by somebody else is
 * not touched at all, so that it stays suspended; one that is paused already keeps its record.
 */
export function pausesOf(jobs: readonly CronJobView[]): CronJobChange[] {
  return jobs
    .filter(({ suspended }) => !suspended)
    .map((job) => {
      const record = job.annotations[pausedAnnotation] ?? JSON.stringify({ suspended: false });
      return { job, suspended: true, annotations: { [pausedAnnotation]: record } };
    });
}

/** What has to be done so that each is what it was before it was paused, whoever paused it. Those without a record are not ours. */
export function givebacksOf(jobs: readonly CronJobView[]): CronJobChange[] {
  return jobs.flatMap((job) => {
    const text = job.annotations[pausedAnnotation];
    if (text === undefined) return [];
    return [{ job, suspended: suspendedBefore(text), annotations: { [pausedAnnotation]: null } }];
  });
}

/** A record that nobody can read is of a job that ran: one is written for no other. */
function suspendedBefore(text: string): boolean {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data?.suspended ?? false;
  } catch {
    return false;
  }
}

/**
 * What holds an operation up, each in words: a primary that is being copied cannot move, and a snapshot dies with its node.
 * @param jobs of this cluster's backups, whether they run or not
 */
export function runningBackups(work: readonly SnapshotWork[], jobs: readonly JobView[]): string[] {
  return [
    ...work.map(workText),
    ...jobs.filter(({ isRunning }) => isRunning).map(({ name }) => `the backup Job ${name} is running`),
  ];
}

function workText(work: SnapshotWork): string {
  switch (work.kind) {
    case "statement":
      return `${work.username} is running ${work.text}`;
    case "snapshot":
      return `the snapshot ${work.repository}.${work.name} is being made`;
    case "restore":
      return `the snapshot ${work.repository}.${work.name} is being restored`;
  }
}
