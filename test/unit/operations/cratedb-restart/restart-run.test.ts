import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { restartOperation } from "../../../../src/operations/cratedb/restart.ts";
import { plan, play } from "./support/play.ts";
import { CrateWorld, type WriteFault } from "./support/world.ts";

function world(): CrateWorld {
  const made = new CrateWorld();
  made.addCronJob("create-snapshot-metrics", false);
  made.addCronJob("weekly", true);
  return made;
}

const everyPod = [0, 1, 2].flatMap((ordinal) => [
  `crate-master-metrics-${ordinal}`,
  `crate-data-hot-metrics-${ordinal}`,
]);

async function undisturbed(): Promise<{ state: ReturnType<CrateWorld["state"]>; writes: number }> {
  const one = world();
  await play(one, restartOperation, await plan(one, restartOperation));
  const { writes } = one;
  one.rest();
  return { state: one.state(), writes };
}

describe("a rolling restart of CrateDB", () => {
  it("restarts every node once, masters first, the elected one last of them, and leaves nothing behind", async () => {
    const one = world();
    const before = one.state();

    const { result, notes } = await play(one, restartOperation, await plan(one, restartOperation));

    expect(result.outcome.problems).toEqual([]);
    expect(result.state).toBe("succeeded");
    expect(one.written.filter((what) => what.startsWith("evict"))).toEqual([
      "evict crate-master-metrics-2",
      "evict crate-master-metrics-1",
      "evict crate-master-metrics-0",
      "evict crate-data-hot-metrics-2",
      "evict crate-data-hot-metrics-1",
      "evict crate-data-hot-metrics-0",
    ]);
    expect(one.state()).toEqual(before);
    expect(notes.some((note) => note.startsWith("waiting: "))).toBe(true);
    expect(result.outcome.summary).toMatch(/^Restarted 6 of 6: .*GREEN\.$/);
  });

  it("claims the allocation, holds it TRANSIENT and then PERSISTENT, and only then ends the pod; gives it back before the label", async () => {
    const one = world();
    await play(one, restartOperation, await plan(one, restartOperation, { only: "crate-data-hot-metrics-1" }));

    const owner = one.written.find((what) => what.startsWith("labels")) ?? "";
    expect(owner).toMatch(/"dc-util-routing-owner":"operator-\d+"/);
    expect(one.written).toEqual([
      "commit",
      "cronjob create-snapshot-metrics true",
      owner,
      owner.replace("crate-master-metrics", "crate-data-hot-metrics"),
      'transient {"cluster.routing.allocation.enable":"primaries"}',
      'persistent {"cluster.routing.allocation.enable":"primaries"}',
      "evict crate-data-hot-metrics-1",
      "reset cluster.routing.allocation.enable",
      "reset cluster.graceful_stop.force",
      'labels crate-master-metrics {"dc-util-routing-owner":null}',
      'labels crate-data-hot-metrics {"dc-util-routing-owner":null}',
      "cronjob create-snapshot-metrics false",
    ]);
  });

  it("leaves labels alone where no hook reads them", async () => {
    const one = new CrateWorld({ preStop: null });
    await play(one, restartOperation, await plan(one, restartOperation));
    expect(one.written.filter((what) => what.startsWith("labels"))).toEqual([]);
  });

  it("puts back what a person had set, where a hook has written over it", async () => {
    const one = world();
    one.transient.set("cluster.graceful_stop.timeout", "30m");
    one.persistent.set("cluster.graceful_stop.force", false);
    await play(one, restartOperation, await plan(one, restartOperation, { only: "hot" }));
    expect(one.effective("cluster.graceful_stop.timeout")).toBe("30m");
    expect(one.effective("cluster.graceful_stop.force")).toBe(false);
  });

  it("waits for a snapshot before each node, and lets a backup run between two", async () => {
    const one = world();
    one.backupEveryMs = 30_000;
    const { result } = await play(one, restartOperation, await plan(one, restartOperation));
    expect(result.state).toBe("succeeded");
    expect(one.violations).toEqual([]);
  });

  it("gives up on a backup that does not end: nothing was changed, and its CronJob runs on", async () => {
    const one = world();
    one.snapshots.push({ name: "endless", endsAtMs: Number.POSITIVE_INFINITY });
    const before = one.state();
    const given = await plan(one, restartOperation, { backupWaitMs: 60_000 });
    const { result } = await play(one, restartOperation, given);
    expect(result.state).toBe("failed");
    expect(result.outcome.problems.map(({ code }) => code)).toEqual(["crate_backup_runs"]);
    expect(one.state()).toEqual(before);
    expect(one.ended.size).toBe(0);
  });

  it("waits for a PodDisruptionBudget, and tells how often it refused", async () => {
    const one = world();
    one.refusals = 3;
    const { result, notes } = await play(one, restartOperation, await plan(one, restartOperation, { only: "hot" }));
    expect(result.state).toBe("succeeded");
    expect(notes).toContain("evicted after 3 refusals; every table is GREEN");
  });

  it("stops at a node that does not come back: replicas are let back, backups too, and the same command goes on", async () => {
    const one = world();
    one.crashing.add("crate-data-hot-metrics-1");
    const given = await plan(one, restartOperation, { only: "hot", waitMs: 20 * 60_000 });
    const { result } = await play(one, restartOperation, given);

    expect(result.state).toBe("failed");
    expect(result.outcome.problems.map(({ code }) => code)).toEqual(["crate_restart_stopped", "crate_node_not_back"]);
    const [stopped, failure] = result.outcome.problems;
    expect(stopped?.what).toContain(
      "Restarted: crate-data-hot-metrics-2, crate-data-hot-metrics-1. Not restarted: crate-data-hot-metrics-0.",
    );
    expect(failure?.next).toContain("bootstrap checks failed");
    expect(one.effective("cluster.routing.allocation.enable")).toBe("all");
    expect(one.cronJobs.map(({ suspended }) => suspended)).toEqual([false, true]);

    one.crashing.clear();
    one.expectsHold = false;
    one.endPod("crate-data-hot-metrics-1");
    one.rest();
    one.expectsHold = true;
    one.violations.length = 0;
    const [, time = ""] = /--before (\S+):/.exec(stopped?.next ?? "") ?? [];
    const again = await plan(one, restartOperation, { only: "hot", beforeMs: Date.parse(time) });
    expect(again.steps.map(({ id }) => id)).toEqual(["check", "restart-crate-data-hot-metrics-0"]);
    expect((await play(one, restartOperation, again)).result.state).toBe("succeeded");
    expect(one.violations).toEqual([]);
  });

  it("lets replicas be built elsewhere while a node stays away for long", async () => {
    const one = world();
    one.crashing.add("crate-data-hot-metrics-2");
    const given = await plan(one, restartOperation, { only: "hot", waitMs: 20 * 60_000 });
    await play(one, restartOperation, given);
    expect(one.written.filter((what) => what === "reset cluster.routing.allocation.enable")).toHaveLength(1);
  });

  it("stops where a person says so, with everything as it always is, and says how far it came", async () => {
    const one = world();
    const given = await plan(one, restartOperation);
    const { result } = await play(one, restartOperation, given, { stopBefore: 4 });
    expect(result.state).toBe("cancelled");
    expect(result.outcome.summary).toContain("Restarted 4 of 6");
    expect(result.outcome.summary).toMatch(/Left: crate-data-hot-metrics-1, crate-data-hot-metrics-0; .*--before/);
    expect(one.state()).toEqual(world().state());
  });

  it("acknowledges at the end what a person had acknowledged before", async () => {
    const one = world();
    const check = { nodeId: "n", severity: 2, description: "gateway", passed: false };
    one.checks = [{ ...check, id: 1, acknowledged: true }];
    const given = await plan(one, restartOperation, { only: "crate-data-hot-metrics-0" });
    one.checks = [{ ...check, id: 1, acknowledged: false }];
    await play(one, restartOperation, given);
    expect(one.written).toContain("acknowledge 1");
  });
});

describe("a restart whose worker dies", () => {
  const faults: readonly WriteFault[] = ["die-before", "die-after", "lose-answer"];

  it("at any write, before it, after it, or with its answer lost, ends as if nothing had happened", {
    timeout: 60_000,
  }, async () => {
    const { state, writes } = await undisturbed();
    expect(writes).toBeGreaterThan(50);
    for (let at = 1; at <= writes; at += 1) {
      for (const fault of faults) {
        const one = world();
        const given = await plan(one, restartOperation);
        const { result } = await play(one, restartOperation, given, { lives: [new Map([[at, fault]])] });
        // The answer to the commitment is lost: it stops, as nothing is known to be on record.
        if (fault === "lose-answer" && at === 1) continue;
        one.rest();
        const told = `${fault} at write ${at}`;
        expect(result.outcome.problems, told).toEqual([]);
        expect(result.state, told).toBe("succeeded");
        expect(one.state(), told).toEqual(state);
        expect([...one.ended.keys()].toSorted(), told).toEqual(everyPod.toSorted());
        expect([...one.ended.values()], told).toEqual(everyPod.map(() => 1));
      }
    }
  });

  it("again and again, anywhere, ends as if nothing had happened", { timeout: 60_000 }, async () => {
    const { state } = await undisturbed();
    const life = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 2, max: 30 }), fc.constantFrom(...faults)), {
        selector: ([at]) => at,
        maxLength: 4,
      })
      .map((rows) => new Map<number, WriteFault>(rows));
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), async (lives) => {
        const one = world();
        const { result } = await play(one, restartOperation, await plan(one, restartOperation), { lives });
        one.rest();
        expect(result.state).toBe("succeeded");
        expect(one.state()).toEqual(state);
        expect([...one.ended.values()]).toEqual(everyPod.map(() => 1));
      }),
      { numRuns: 150 },
    );
  });
});
