import { z } from "zod";

/** Annotation of a CronJob that is paused for an operation, and what it is given back to. */
export const pausedAnnotation = "handover.dev/paused-backup";

const recordSchema = z.object({ suspended: z.boolean() });

/** A CronJob that makes backups of this cluster, by the labels of crate-operator. */
export interface BackupCronJob {
  readonly name: string;
  readonly uid: string;
  readonly suspended: boolean;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One patch, which writes both in one go: a kill between two writes can lose nothing, as there are no two. */
export interface CronJobChange {
  readonly name: string;
  readonly uid: string;
  readonly suspended: boolean;
  /** Of `pausedAnnotation`; null takes it away. */
  readonly annotation: string | null;
}

/** Labels by which crate-operator marks CronJobs and Jobs of a cluster's backups. */
export function backupLabels(cluster: string): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/component": "backup", "app.kubernetes.io/name": cluster };
}

/**
 * What has to be done so that none of them starts: all of them, not the first. One that was suspended by somebody else is
 * not touched at all, so that it stays suspended; one that is paused already keeps its record.
 */
export function pausesOf(jobs: readonly BackupCronJob[]): CronJobChange[] {
  return jobs
    .filter(({ suspended }) => !suspended)
    .map(({ name, uid, annotations }) => {
      const annotation = annotations[pausedAnnotation] ?? JSON.stringify({ suspended: false });
      return { name, uid, suspended: true, annotation };
    });
}

/** What has to be done so that each is what it was before it was paused, whoever paused it. Those without a record are not ours. */
export function givebacksOf(jobs: readonly BackupCronJob[]): CronJobChange[] {
  return jobs.flatMap(({ name, uid, annotations }) => {
    const text = annotations[pausedAnnotation];
    return text === undefined ? [] : [{ name, uid, suspended: suspendedBefore(text), annotation: null }];
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

/** What is read of backups that may be running. */
export interface BackupActivity {
  /** Of `sys.snapshots` with state IN_PROGRESS: `repository.name`. CREATE SNAPSHOT returns before it is done. */
  readonly snapshots: readonly string[];
  /** Statements of `sys.jobs` that are running. */
  readonly statements: readonly string[];
  /** Of `sys.snapshot_restore`, those that are not done. */
  readonly restores: readonly string[];
  /** Names of Kubernetes Jobs of backups with active pods. */
  readonly jobs: readonly string[];
}

/** What holds an operation up, each in words: a primary that is being snapshotted cannot move, and a snapshot dies with its node. */
export function runningBackups({ snapshots, statements, restores, jobs }: BackupActivity): string[] {
  return [
    ...snapshots.map((name) => `the snapshot ${name} is being made`),
    ...statements.filter(isBackupStatement).map((statement) => `a statement is running: ${shortened(statement)}`),
    ...restores.map((name) => `the snapshot ${name} is being restored`),
    ...jobs.map((name) => `the backup Job ${name} is running`),
  ];
}

/** A statement that makes or restores a snapshot, and not one that only asks for them. */
export function isBackupStatement(statement: string): boolean {
  return /^\s*(?:(?:--[^\n]*\n|\/\*[\s\S]*?\*\/)\s*)*(create|restore)\s+snapshot\b/i.test(statement);
}

const shownCharacters = 80;

/** Values in `WITH (…)` may be secrets; the statement's beginning is enough to know it by. */
function shortened(statement: string): string {
  const [head = ""] = statement
    .trim()
    .replaceAll(/\s+/g, " ")
    .split(/\bwith\s*\(/i);
  return head.length > shownCharacters ? `${head.slice(0, shownCharacters)}…` : head.trim();
}
