import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CronJobChange,
  givebacksOf,
  isBackupOf,
  pausedAnnotation,
  pausesOf,
  runningBackups,
} from "../../../../src/operations/cratedb/backup-jobs.ts";
import type { CronJobView, JobView } from "../../../../src/ports/crate-clusters.ts";

const cronJob = (name: string, suspended: boolean, annotation?: string): CronJobView => ({
  namespace: "db",
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  suspended,
  schedule: "0 3 * * *",
  labels: {},
  active: [],
  annotations: { other: "kept", ...(annotation === undefined ? {} : { [pausedAnnotation]: annotation }) },
});

function applied(jobs: readonly CronJobView[], changes: readonly CronJobChange[]): CronJobView[] {
  return jobs.map((job) => {
    const change = changes.find((one) => one.job.name === job.name);
    if (change === undefined) return job;
    const { [pausedAnnotation]: _record, ...annotations } = job.annotations;
    const record = change.annotations[pausedAnnotation] ?? null;
    const left = record === null ? annotations : { ...annotations, [pausedAnnotation]: record };
    return { ...job, suspended: change.suspended, annotations: left };
  });
}

const jobs = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,4}$/), fc.boolean()), { selector: ([name]) => name })
  .map((rows) => rows.map(([name, suspended]) => cronJob(name, suspended)));

describe("backup CronJobs", () => {
  it("pauses all that run, not the first alone, and leaves one that is suspended as it is", () => {
    const changes = pausesOf([cronJob("a", false), cronJob("b", true), cronJob("c", false)]);
    expect(changes.map(({ job }) => job.name)).toEqual(["a", "c"]);
    expect(changes.map(({ annotations }) => annotations[pausedAnnotation])).not.toContain(null);
  });

  it("gives back a job whose record nobody can read, as it was paused", () => {
    const job = cronJob("a", true, "{broken");
    expect(givebacksOf([job])).toEqual([{ job, suspended: false, annotations: { [pausedAnnotation]: null } }]);
  });

  it("gives all back exactly as they were, however often and wherever it is killed between two patches", () => {
    fc.assert(
      fc.property(jobs, fc.array(fc.nat(5), { maxLength: 6 }), (before, kills) => {
        let now = before;
        for (const after of kills) now = applied(now, pausesOf(now).slice(0, after));
        now = applied(now, pausesOf(now));
        expect(now.every(({ suspended }) => suspended)).toBe(true);
        expect(pausesOf(now)).toEqual([]);
        for (const after of kills) now = applied(now, givebacksOf(now).slice(0, after));
        now = applied(now, givebacksOf(now));
        expect(now).toEqual(before);
        expect(givebacksOf(now)).toEqual([]);
      }),
    );
  });
});

describe("backups that are running", () => {
  const job = (name: string, isRunning: boolean): JobView => ({
    namespace: "db",
    name,
    uid: name,
    cronJobUid: null,
    labels: {},
    isRunning,
    startedAtMs: null,
  });

  it("are told in words, each kind", () => {
    const told = runningBackups(
      [
        { kind: "snapshot", repository: "s3", name: "nightly", startedAtMs: null },
        { kind: "statement", text: "CREATE SNAPSHOT s3.x", username: "backup", startedAtMs: 0 },
        { kind: "restore", repository: "s3", name: "old" },
      ],
      [job("backup-1", true), job("backup-0", false)],
    );
    expect(told).toEqual([
      "the snapshot s3.nightly is being made",
      "backup is running CREATE SNAPSHOT s3.x",
      "the snapshot s3.old is being restored",
      "the backup Job backup-1 is running",
    ]);
  });

  it("belong to a cluster by both labels", () => {
    const labels = { "app.kubernetes.io/component": "backup", "app.kubernetes.io/name": "metrics" };
    expect(isBackupOf({ labels }, "metrics")).toBe(true);
    expect(isBackupOf({ labels }, "other")).toBe(false);
    expect(isBackupOf({ labels: { "app.kubernetes.io/name": "metrics" } }, "metrics")).toBe(false);
  });
});
