import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BackupCronJob,
  type CronJobChange,
  givebacksOf,
  isBackupStatement,
  pausedAnnotation,
  pausesOf,
  runningBackups,
} from "../../../../src/operations/cratedb/backup-jobs.ts";

const cronJob = (name: string, suspended: boolean, annotation?: string): BackupCronJob => ({
  name,
  uid: `uid-${name}`,
  suspended,
  annotations: { other: "kept", ...(annotation === undefined ? {} : { [pausedAnnotation]: annotation }) },
});

function applied(jobs: readonly BackupCronJob[], changes: readonly CronJobChange[]): BackupCronJob[] {
  return jobs.map((job) => {
    const change = changes.find(({ name }) => name === job.name);
    if (change === undefined) return job;
    const { [pausedAnnotation]: _record, ...annotations } = job.annotations;
    const record = change.annotation === null ? {} : { [pausedAnnotation]: change.annotation };
    return { ...job, suspended: change.suspended, annotations: { ...annotations, ...record } };
  });
}

const jobs = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,4}$/), fc.boolean()), { selector: ([name]) => name })
  .map((rows) => rows.map(([name, suspended]) => cronJob(name, suspended)));

describe("backup CronJobs", () => {
  it("pauses all that run, not the first alone, and leaves one that is suspended as it is", () => {
    const changes = pausesOf([cronJob("a", false), cronJob("b", true), cronJob("c", false)]);
    expect(changes.map(({ name }) => name)).toEqual(["a", "c"]);
    expect(changes.every(({ annotation }) => annotation !== null)).toBe(true);
  });

  it("gives back a job whose record nobody can read, as it was paused", () => {
    expect(givebacksOf([cronJob("a", true, "{broken")])).toEqual([
      { name: "a", uid: "uid-a", suspended: false, annotation: null },
    ]);
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
  it("are told in words, each kind", () => {
    const told = runningBackups({
      snapshots: ["s3.nightly"],
      statements: ["CREATE SNAPSHOT s3.x ALL WITH (secret = 'x')", "SELECT 1"],
      restores: ["s3.old"],
      jobs: ["backup-1"],
    });
    expect(told).toEqual([
      "the snapshot s3.nightly is being made",
      "a statement is running: CREATE SNAPSHOT s3.x ALL",
      "the snapshot s3.old is being restored",
      "the backup Job backup-1 is running",
    ]);
  });

  it.each([
    ["create snapshot a.b all", true],
    ["  -- nightly\n CREATE  SNAPSHOT a.b ALL", true],
    ["/* x */ RESTORE SNAPSHOT a.b ALL", true],
    ["SELECT stmt FROM sys.jobs WHERE stmt LIKE '%CREATE SNAPSHOT%'", false],
    ["DROP SNAPSHOT a.b", false],
  ])("%j: %s", (statement, expected) => {
    expect(isBackupStatement(statement)).toBe(expected);
  });
});
