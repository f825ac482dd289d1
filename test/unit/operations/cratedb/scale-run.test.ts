import { describe, expect, it } from "vitest";
import { crateScaleOperation } from "../../../../src/operations/cratedb/scale.ts";
import { excludeNameSetting } from "../../../../src/ports/crate-settings.ts";
import { MemoryCrateWorld } from "../../../support/memory-crate/world.ts";
import { dataSet, largeCluster, masterSet, names, smallCluster, spread, startUp } from "./a-cluster.ts";

const scale = crateScaleOperation;

describe("scaling a CrateDB cluster", () => {
  it("empties the nodes that leave, lets them go within 2 s of the last shard, and takes only its own names out", async () => {
    const world = new MemoryCrateWorld(largeCluster());
    world.model.transient.set(excludeNameSetting, "somebody-*");
    const plan = await world.plan(scale, { nodes: "hot=2" });
    expect(plan.steps.map(({ id }) => id)).toEqual(["backups", "drain-hot", "leave-hot", "finish"]);

    const result = await world.run(scale, plan);

    expect(result).toMatchObject({ state: "succeeded", outcome: { summary: "Scaled hot from 4 to 2.", problems: [] } });
    expect(world.model.violations).toEqual([]);
    expect(
      world.model
        .present()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["master-0", "master-1", "master-2", "data-hot-0", "data-hot-1", "data-cold-0", "data-cold-1"].sort());
    const [patchedAtMs = 0] = world.model.patchedAtMs;
    expect(patchedAtMs - world.model.lastMoveAtMs).toBeLessThan(2_000);
    expect(world.model.transient.get(excludeNameSetting)).toBe("somebody-*");
    expect(world.model.persistent.get(excludeNameSetting)).toBe("somebody-*");
    expect(world.model.sets.map((set) => set.startUp)).toEqual([
      startUp(4, "master", true),
      startUp(4, "data-hot", false),
      startUp(4, "data-cold", false),
    ]);
    expect([...world.model.acknowledged]).toEqual(["1"]);
  });

  it("writes TRANSIENT first when it excludes, and takes both away with a RESET when nobody else excludes anything", async () => {
    const world = new MemoryCrateWorld(smallCluster());
    await world.run(scale, await world.plan(scale, { nodes: "hot=2" }));

    expect(world.writes.filter((name) => name.includes(excludeNameSetting))).toEqual([
      `set transient ${excludeNameSetting}`,
      `set persistent ${excludeNameSetting}`,
      `reset ${excludeNameSetting}`,
    ]);
    expect(world.model.violations).toEqual([]);
  });

  it("goes masters, scale-ups, scale-downs, and lets those that may vote leave one at a time", async () => {
    const world = new MemoryCrateWorld(
      largeCluster({
        sets: [
          masterSet(5, 6),
          dataSet("hot", 4, 6, { isMasterEligible: false }),
          dataSet("cold", 2, 6, { isMasterEligible: false }),
        ],
      }),
    );
    const plan = await world.plan(scale, { nodes: "cold=4,hot=3,masters=3" });
    expect(plan.steps.map(({ id }) => id)).toEqual([
      "backups",
      "leave-masters",
      "join-cold",
      "drain-hot",
      "leave-hot",
      "finish",
    ]);

    expect(await world.run(scale, plan)).toMatchObject({ state: "succeeded" });

    expect(world.model.violations).toEqual([]);
    expect(world.writes.filter((name) => name.startsWith("replicas"))).toEqual([
      "replicas of crate-master-metrics to 4",
      "replicas of crate-master-metrics to 3",
      "replicas of crate-data-cold-metrics to 4",
      "replicas of crate-data-hot-metrics to 3",
    ]);
  });

  it("puts back what preStop hooks leave behind", async () => {
    const hook = ["/bin/sh", "-c", "./dc_util --min-availability PRIMARIES --timeout 720s || true"];
    const world = new MemoryCrateWorld(smallCluster(4, { sets: [dataSet("hot", 4, 4, { preStop: hook })] }));
    const before = world.model.settingsNow();

    expect(await world.run(scale, await world.plan(scale, { nodes: "hot=3" }))).toMatchObject({ state: "succeeded" });

    expect(world.model.settingsNow()).toEqual(before);
  });

  it("decommissions only what our own drain has emptied", async () => {
    const world = new MemoryCrateWorld(largeCluster());
    const plan = await world.plan(scale, { nodes: "hot=2", decommission: true });
    expect(await world.run(scale, plan)).toMatchObject({ state: "succeeded" });
    expect(world.model.violations).toEqual([]);
    expect(world.writes.filter((name) => /^(decommission|replicas)/.test(name))).toEqual([
      "decommission data-hot-3",
      "replicas of crate-data-hot-metrics to 3",
      "decommission data-hot-2",
      "replicas of crate-data-hot-metrics to 2",
    ]);
  });

  it("pauses backups before anything else, and gives them back as they were", async () => {
    const labels = { "app.kubernetes.io/component": "backup", "app.kubernetes.io/name": "metrics" };
    const job = { namespace: "db", uid: "1", resourceVersion: "1", schedule: "0 1 * * *", labels, active: [] };
    const cronJobs = [
      { ...job, name: "nightly", suspended: false, annotations: { kept: "yes" } },
      { ...job, name: "weekly", suspended: true, annotations: {} },
    ];
    const world = new MemoryCrateWorld(largeCluster({ cronJobs }));
    await world.run(scale, await world.plan(scale, { nodes: "hot=2" }));

    expect(world.writes[0]).toBe("cron job nightly paused");
    expect(world.writes.at(-1)).toBe("cron job nightly given back");
    expect(world.model.cronJobs.map(({ suspended, annotations }) => ({ suspended, annotations }))).toEqual([
      { suspended: false, annotations: { kept: "yes" } },
      { suspended: true, annotations: {} },
    ]);
  });

  it("says how far it is, and within 10 s why a shard does not move and what to do", async () => {
    const world = new MemoryCrateWorld(largeCluster());
    world.model.isStuck = ({ table, id }) => table === "events" && id === 2;
    const plan = await world.plan(scale, { nodes: "hot=2", drainMs: 60_000 });

    const result = await world.run(scale, plan);

    const texts = world.notes.map(({ text }) => text);
    expect(texts.find((text) => text.includes("/s, about"))).toMatch(
      /^\d+ of \d+ shards moved, .* of .* left, \d+ moving now, .*\/s, about \d+ s left$/,
    );
    const explained = world.notes.find(({ text }) => text.includes("cannot move"));
    expect(explained?.text).toMatch(/events shard 2 .* cannot move: .*it is being copied by a snapshot/);
    expect(explained?.text).toContain("It moves when the snapshot is done.");
    const explainedAtMs = explained?.atMs ?? Number.POSITIVE_INFINITY;
    const movedAtMs = world.model.movesAtMs.findLast((atMs) => atMs < explainedAtMs) ?? 0;
    expect(explainedAtMs - movedAtMs).toBeLessThan(10_000);
    expect(result).toMatchObject({ state: "failed" });
    expect(result?.outcome.problems.map(({ code }) => code)).toEqual(["crate_scale_undone", "crate_scale_not_drained"]);
    expect(world.model.settingsNow()[excludeNameSetting]).toBeUndefined();
    expect(world.model.sets.map(({ replicas }) => replicas)).toEqual([3, 4, 2]);
  });

  it("stops in the middle of a drain when somebody wishes, and watches the shards return", async () => {
    const world = new MemoryCrateWorld(largeCluster());
    const plan = await world.plan(scale, { nodes: "hot=2" });
    world.stopBy = () => (world.notes.some(({ text }) => text.includes("shards moved")) ? "Kim" : null);

    const result = await world.run(scale, plan);

    expect(result).toMatchObject({ state: "cancelled" });
    expect(result?.outcome.summary).toMatch(/^Stopped by Kim during “Move all shards off data-hot-2, data-hot-3”/);
    expect(result?.outcome.summary).toMatch(/hot has 4 nodes, and none of them is excluded\. \d+ shards on data-hot-2/);
    expect(world.model.settingsNow()[excludeNameSetting]).toBeUndefined();
    expect(world.model.shards.filter(({ node }) => node === "data-hot-3").length).toBeGreaterThan(0);
  });

  it("brings the pods back when they do not leave", async () => {
    const world = new MemoryCrateWorld(largeCluster());
    world.model.undying.add("data-hot-3");
    const result = await world.run(scale, await world.plan(scale, { nodes: "hot=2", joinMs: 20_000 }));
    expect(result?.outcome.problems.map(({ code }) => code)).toEqual(["crate_scale_undone", "crate_scale_not_gone"]);
    world.model.undying.clear();
    world.model.pass(30_000);
    expect(world.model.sets.map(({ replicas }) => replicas)).toEqual([3, 4, 2]);
    expect(world.model.settingsNow()[excludeNameSetting]).toBeUndefined();
  });

  it("takes new pods away again when none of them joins, and their arguments with them", async () => {
    const world = new MemoryCrateWorld(largeCluster());
    world.model.stillborn.add("data-hot-4");
    const before = world.model.sets.map((set) => set.startUp);
    const result = await world.run(scale, await world.plan(scale, { nodes: "hot=5", joinMs: 20_000 }));
    expect(result?.outcome.problems.map(({ code }) => code)).toEqual(["crate_scale_undone", "crate_scale_not_joined"]);
    expect(world.model.sets.map(({ replicas }) => replicas)).toEqual([3, 4, 2]);
    expect(world.model.sets.map((set) => set.startUp)).toEqual(before);
  });

  it("keeps what was done before, and says how it goes on", async () => {
    const world = new MemoryCrateWorld(largeCluster());
    world.model.isStuck = ({ table, node }) => table === "events" && node.startsWith("data-hot");
    const plan = await world.plan(scale, { nodes: "cold=3,hot=2", drainMs: 30_000 });
    const result = await world.run(scale, plan);
    const [problem] = result?.outcome.problems ?? [];
    expect(problem?.code).toBe("crate_scale_stopped");
    expect(problem?.what).toContain("cold has its 3 nodes; hot:");
    expect(problem?.next).toContain("crate scale metrics cold=3 hot=2");
    expect(world.model.sets.map(({ replicas }) => replicas)).toEqual([3, 4, 3]);
  });

  it("does not let a node go that crashed with the only copy of a shard, which no shard is listed on then", async () => {
    const world = new MemoryCrateWorld(largeCluster({ shards: spread("metrics", names("hot", 4), 8, 1) }));
    const plan = await world.plan(scale, { nodes: "hot=3", drainMs: 30_000 });
    world.fateOf = (name) => {
      const node = world.model.nodes.find((one) => one.name === "data-hot-3");
      if (name === `set persistent ${excludeNameSetting}` && node !== undefined) {
        node.joinsAtMs = Number.POSITIVE_INFINITY;
        world.model.isStuck = (shard) => shard.node === "data-hot-3";
      }
      return "well";
    };
    const result = await world.run(scale, plan);
    expect(result).toMatchObject({ state: "failed" });
    expect(world.model.violations).toEqual([]);
    expect(world.model.patchedAtMs).toEqual([]);
  });

  it("does not believe a cluster that looks empty because a privilege was taken away", async () => {
    const world = new MemoryCrateWorld(largeCluster());
    const plan = await world.plan(scale, { nodes: "hot=2" });
    const seen = { name: "ops", superuser: false, roles: [], privileges: [] };
    world.fateOf = (name) => {
      if (name === `set persistent ${excludeNameSetting}`) world.model.user = seen;
      return "well";
    };
    const result = await world.run(scale, plan);
    expect(result?.outcome.problems.map(({ code }) => code)).toContain("crate_privileges");
    expect(world.model.violations).toEqual([]);
    expect(world.model.sets.map(({ replicas }) => replicas)).toEqual([3, 4, 2]);
  });
});
