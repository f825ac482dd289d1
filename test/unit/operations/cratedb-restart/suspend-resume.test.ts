import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resumeOperation } from "../../../../src/operations/cratedb/resume.ts";
import { suspendOperation } from "../../../../src/operations/cratedb/suspend.ts";
import { plan, planned, play } from "./support/play.ts";
import { CrateWorld, type WriteFault } from "./support/world.ts";

function world(
  shape: ConstructorParameters<typeof CrateWorld>[0] = { groups: { cold: 2, empty: 0, hot: 3 } },
): CrateWorld {
  const made = new CrateWorld(shape);
  made.expectsHold = false;
  made.addCronJob("create-snapshot-metrics", false);
  made.addCronJob("weekly", true);
  made.addDeployment("backup-metrics-metrics", 1);
  made.addDeployment("grand-central-metrics", 2);
  made.addDeployment("ingest", 4, { "handover.dev/stops-with": "metrics" });
  made.addDeployment("someone-else", 5);
  return made;
}

async function suspended(one: CrateWorld): Promise<CrateWorld> {
  await play(one, suspendOperation, await plan(one, suspendOperation));
  one.rest();
  return one;
}

const codes = async (one: CrateWorld, operation: typeof suspendOperation, parameters = {}) => {
  const result = await planned(one, operation, parameters);
  return result.kind === "refused" ? result.problems.map(({ code }) => code) : [];
};

describe("suspending CrateDB", () => {
  it("pauses backups, writes down what there is, stops data, dependents, and masters last", async () => {
    const one = world();
    const { result } = await play(one, suspendOperation, await plan(one, suspendOperation));
    expect(result.outcome.problems).toEqual([]);
    expect(result.state).toBe("succeeded");
    const dependents =
      '[{\\"name\\":\\"backup-metrics-metrics\\",\\"replicas\\":1},{\\"name\\":\\"grand-central-metrics\\",\\"replicas\\":2},{\\"name\\":\\"ingest\\",\\"replicas\\":4}]';
    const record = (set: string, replicas: number) =>
      `annotations ${set} {"handover.dev/suspended":"{\\"replicas\\":${replicas},\\"dependents\\":${dependents}}"}`;
    expect(one.written).toEqual([
      "commit",
      "cronjob create-snapshot-metrics true",
      record("crate-master-metrics", 3),
      record("crate-data-cold-metrics", 2),
      record("crate-data-empty-metrics", 0),
      record("crate-data-hot-metrics", 3),
      "replicas crate-data-cold-metrics 0",
      "replicas crate-data-hot-metrics 0",
      "deployment backup-metrics-metrics 0",
      "deployment grand-central-metrics 0",
      "deployment ingest 0",
      "replicas crate-master-metrics 0",
    ]);
    expect(one.violations).toEqual([]);
    expect(one.state().sets.map(({ pods }) => pods)).toEqual([0, 0, 0, 0]);
  });

  it("works without dedicated masters", async () => {
    const one = world({ masters: 0, groups: { hot: 3 } });
    const { result } = await play(one, suspendOperation, await plan(one, suspendOperation));
    expect(result.steps.map(({ id }) => id)).toEqual(["check", "record", "stop-data", "stop-dependents"]);
    expect(result.state).toBe("succeeded");
  });

  it("waits for a snapshot before the first pod goes", async () => {
    const one = world();
    one.snapshots.push({ name: "nightly", endsAtMs: one.now() + 120_000 });
    const { result } = await play(one, suspendOperation, await plan(one, suspendOperation));
    expect(result.state).toBe("succeeded");
    expect(one.violations).toEqual([]);
  });

  it("changes nothing when a backup does not end", async () => {
    const one = world();
    const before = one.state();
    one.snapshots.push({ name: "endless", endsAtMs: Number.POSITIVE_INFINITY });
    const { result } = await play(one, suspendOperation, await plan(one, suspendOperation, { backupWaitMs: 30_000 }));
    expect(result.state).toBe("failed");
    expect(one.state()).toEqual(before);
    expect(await codes(one, suspendOperation, { backupWaitMs: 0 })).toEqual(["crate_backup_runs"]);
  });

  it("refuses what would lose data, what others would write back, and what is not well", async () => {
    const deleting = world();
    for (const set of deleting.sets) set.deletesVolumes = true;
    expect(await codes(deleting, suspendOperation)).toEqual(["crate_volumes_would_go"]);

    const owned = world();
    for (const set of owned.sets) set.owner = "CrateDB metrics of cloud.crate.io";
    expect(await codes(owned, suspendOperation)).toEqual(["crate_scale_not_ours"]);
    expect(await codes(await suspendedBy(owned), resumeOperation)).toContain("crate_scale_not_ours");

    const waiting = world();
    for (const set of waiting.sets) set.command = ["crate", "-Cgateway.recover_after_data_nodes=9"];
    expect(await codes(waiting, suspendOperation)).toEqual(["crate_would_not_recover"]);

    const ill = world();
    ill.endPod("crate-data-hot-metrics-1");
    expect(await codes(ill, suspendOperation)).toContain("crate_not_green");
  });

  it("refuses a cluster that is suspended, with the line that brings it back", async () => {
    const one = await suspended(world());
    expect(await codes(one, suspendOperation)).toEqual(["crate_suspended"]);
  });

  it("stops with everything written down when somebody else starts it at the same time; both ways out work", async () => {
    const halfway = async () => {
      const one = world();
      const given = await plan(one, suspendOperation);
      const group = one.sets.find(({ group: name }) => name === "hot");
      if (group !== undefined) group.replicas = 4;
      const { result } = await play(one, suspendOperation, given);
      expect(result.outcome.problems.map(({ code }) => code)).toContain("crate_suspend_stopped");
      return one;
    };
    const on = await halfway();
    expect((await play(on, suspendOperation, await plan(on, suspendOperation))).result.state).toBe("succeeded");
    const back = await halfway();
    expect((await play(back, resumeOperation, await plan(back, resumeOperation))).result.state).toBe("succeeded");
    back.rest();
    expect(back.state().sets.map(({ replicas }) => replicas)).toEqual([3, 2, 0, 4]);
    expect(back.state().cronJobs).toEqual(world().state().cronJobs);
  });
});

describe("resuming CrateDB", () => {
  it("starts masters, data, dependents as they were, gives the backups back, and forgets the suspension last", async () => {
    const one = await suspended(world());
    one.written.length = 0;
    const { result } = await play(one, resumeOperation, await plan(one, resumeOperation));
    expect(result.outcome.problems).toEqual([]);
    const forget = (set: string) => `annotations ${set} {"handover.dev/suspended":null}`;
    expect(one.written).toEqual([
      "commit",
      "replicas crate-master-metrics 3",
      "replicas crate-data-cold-metrics 2",
      "replicas crate-data-hot-metrics 3",
      "deployment backup-metrics-metrics 1",
      "deployment grand-central-metrics 2",
      "deployment ingest 4",
      "cronjob create-snapshot-metrics false",
      forget("crate-master-metrics"),
      forget("crate-data-cold-metrics"),
      forget("crate-data-empty-metrics"),
      forget("crate-data-hot-metrics"),
    ]);
    one.rest();
    expect(one.state()).toEqual(world().state());
  });

  it("refuses a cluster that runs, and one that nobody wrote down", async () => {
    expect(await codes(world(), resumeOperation)).toEqual(["crate_not_suspended"]);
    expect(await codes(await suspendedBy(world()), resumeOperation)).toEqual(["crate_counts_unknown"]);
  });

  it("gives backups back to a cluster that was started by hand", async () => {
    const one = await suspended(world());
    for (const set of one.sets)
      set.replicas = set.group === "masters" || set.group === "hot" ? 3 : set.group === "cold" ? 2 : 0;
    one.rest();
    expect((await play(one, resumeOperation, await plan(one, resumeOperation))).result.state).toBe("succeeded");
    expect(one.state()).toEqual(world().state());
  });

  it("stops at a node that does not start, with what runs running, and goes on when it is typed again", async () => {
    const one = await suspended(world());
    one.crashing.add("crate-data-hot-metrics-0");
    one.crashing.add("crate-data-hot-metrics-1");
    const { result } = await play(one, resumeOperation, await plan(one, resumeOperation, { waitMs: 120_000 }));
    expect(result.outcome.problems.map(({ code }) => code)).toEqual(["crate_resume_stopped", "crate_not_up"]);
    expect(one.cronJobs.map(({ suspended: isSuspended }) => isSuspended)).toEqual([true, true]);
    one.crashing.clear();
    one.endPod("crate-data-hot-metrics-0");
    one.endPod("crate-data-hot-metrics-1");
    expect((await play(one, resumeOperation, await plan(one, resumeOperation))).result.state).toBe("succeeded");
    one.rest();
    expect(one.state().sets).toEqual(world().state().sets);
    expect(one.state().cronJobs).toEqual(world().state().cronJobs);
  });
});

/** crate-operator 2.63.0, tests/test_operations.py: TestSuspendResume, TestScaleBackupMetrics. */
describe("crate-operator's scenarios of suspending and resuming, as facts in and facts out", () => {
  it("is healthy before the first group goes, and is not asked again once one is down", async () => {
    const one = world({ masters: 3, groups: { cold: 1, hot: 3 } });
    const cold = one.sets.find(({ group }) => group === "cold");
    if (cold === undefined) throw new Error("there is no such group");
    cold.annotations["handover.dev/suspended"] = '{"replicas":1,"dependents":[]}';
    cold.replicas = 0;
    one.rest();
    one.silent = true;
    const { result } = await play(one, suspendOperation, await plan(one, suspendOperation));
    expect(result.outcome.problems).toEqual([]);
    expect(one.state().sets.map(({ pods }) => pods)).toEqual([0, 0, 0]);
  });

  it("every data group is at zero before anything is waited for, and masters go after all of them", async () => {
    const one = world();
    await play(one, suspendOperation, await plan(one, suspendOperation));
    const scaled = one.written.filter((what) => what.startsWith("replicas"));
    expect(scaled.map((what) => what.split(" ")[1])).toEqual([
      "crate-data-cold-metrics",
      "crate-data-hot-metrics",
      "crate-master-metrics",
    ]);
    expect(one.violations).toEqual([]);
  });

  it("data nodes wait for every master to be Ready", async () => {
    const one = await suspended(world());
    one.crashing.add("crate-master-metrics-2");
    const { result } = await play(one, resumeOperation, await plan(one, resumeOperation, { waitMs: 60_000 }));
    expect(result.outcome.problems.map(({ code }) => code)).toEqual(["crate_resume_stopped", "crate_not_up"]);
    expect(one.state().sets.map(({ replicas }) => replicas)).toEqual([3, 0, 0, 0]);
  });

  it("neither backup metrics nor Grand Central has to be there", async () => {
    const one = world();
    one.deployments = [];
    await suspended(one);
    const back = await play(one, resumeOperation, await plan(one, resumeOperation));
    expect(back.result.state).toBe("succeeded");
    expect(one.written.filter((what) => what.startsWith("deployment"))).toEqual([]);
  });

  it("again and again it comes back the same", async () => {
    const one = world();
    for (let round = 0; round < 3; round += 1) {
      await suspended(one);
      await play(one, resumeOperation, await plan(one, resumeOperation));
      one.rest();
      expect(one.state()).toEqual(world().state());
    }
  });
});

/** As somebody else would: without a word about what there was. */
async function suspendedBy(one: CrateWorld): Promise<CrateWorld> {
  for (const set of one.sets) set.replicas = 0;
  one.rest();
  return one;
}

describe("a worker that dies while a cluster is suspended and resumed", () => {
  const faults: readonly WriteFault[] = ["die-before", "die-after", "lose-answer"];

  it("at any write of either, ends as if nothing had happened", { timeout: 60_000 }, async () => {
    const down = (await suspended(world())).state();
    const writes = { suspend: 12, resume: 12 };
    for (const fault of faults) {
      for (let at = 1; at <= writes.suspend; at += 1) {
        if (fault === "lose-answer" && at === 1) continue;
        const one = world();
        const { result } = await play(one, suspendOperation, await plan(one, suspendOperation), {
          lives: [new Map([[at, fault]])],
        });
        one.rest();
        expect(result.state, `suspend, ${fault} at ${at}`).toBe("succeeded");
        expect(one.state(), `suspend, ${fault} at ${at}`).toEqual(down);
      }
      for (let at = 1; at <= writes.resume; at += 1) {
        if (fault === "lose-answer" && at === 1) continue;
        const one = await suspended(world());
        const { result } = await play(one, resumeOperation, await plan(one, resumeOperation), {
          lives: [new Map([[at, fault]])],
        });
        one.rest();
        expect(result.state, `resume, ${fault} at ${at}`).toBe("succeeded");
        expect(one.state(), `resume, ${fault} at ${at}`).toEqual(world().state());
      }
    }
  });

  it("again and again, anywhere, ends as if nothing had happened", { timeout: 60_000 }, async () => {
    const life = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 2, max: 12 }), fc.constantFrom(...faults)), {
        selector: ([at]) => at,
        maxLength: 3,
      })
      .map((rows) => new Map<number, WriteFault>(rows));
    const lives = fc.array(life, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(lives, lives, async (downward, upward) => {
        const one = world();
        const down = await play(one, suspendOperation, await plan(one, suspendOperation), { lives: downward });
        expect(down.result.state).toBe("succeeded");
        one.rest();
        await one.revive();
        const up = await play(one, resumeOperation, await plan(one, resumeOperation), { lives: upward });
        expect(up.result.state).toBe("succeeded");
        one.rest();
        expect(one.state()).toEqual(world().state());
      }),
      { numRuns: 150 },
    );
  });
});
