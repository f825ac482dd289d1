import { describe, expect, it } from "vitest";
import { restartOperation } from "../../../../src/operations/cratedb/restart.ts";
import { allocationEnableSetting } from "../../../../src/ports/crate-settings.ts";
import { plan, planned } from "./support/play.ts";
import { CrateWorld, dcUtilHook } from "./support/world.ts";

const check = { nodeId: "n", severity: 2, description: "gateway.expected_data_nodes is wrong.", passed: false };
const codes = async (world: CrateWorld, parameters = {}) => {
  const result = await planned(world, restartOperation, parameters);
  return result.kind === "refused" ? result.problems.map(({ code }) => code) : [];
};
const setOf = (world: CrateWorld, group: string) => {
  const found = world.sets.find((set) => set.group === group);
  if (found === undefined) throw new Error(`there is no group ${group}`);
  return found;
};

describe("what forbids a restart", () => {
  it("nothing, where all is well", async () => {
    expect(await codes(new CrateWorld())).toEqual([]);
  });

  it("an allocation that somebody holds, as crate-operator does in an update of its own", async () => {
    const world = new CrateWorld();
    world.persistent.set(allocationEnableSetting, "primaries");
    expect(await codes(world)).toEqual(["crate_allocation_disabled"]);
  });

  it("a node that is missing, tables that are not GREEN, no master", async () => {
    const away = new CrateWorld();
    away.expectsHold = false;
    away.crashing.add("crate-data-hot-metrics-1");
    away.endPod("crate-data-hot-metrics-1");
    away.rest();
    away.transient.clear();
    expect(await codes(away)).toEqual(["crate_nodes_missing", "crate_not_green"]);
    for (const ordinal of [0, 1]) {
      away.crashing.add(`crate-master-metrics-${ordinal}`);
      away.endPod(`crate-master-metrics-${ordinal}`);
    }
    away.rest();
    expect(await codes(away)).toEqual(["crate_no_master"]);
  });

  it("a check of CrateDB's that fails, unless a person has acknowledged it on every node", async () => {
    const world = new CrateWorld();
    world.checks = [{ ...check, id: 1, acknowledged: false }];
    const result = await planned(world, restartOperation);
    expect(result.kind === "refused" && result.problems.map(({ code, next }) => [code, next])).toEqual([
      ["crate_checks_failed", expect.stringContaining("WHERE id IN (1)")],
    ]);
    world.checks = [{ ...check, id: 1, acknowledged: true }];
    expect(await codes(world)).toEqual([]);
    world.checks = [
      { ...check, id: 1, acknowledged: true },
      { ...check, id: 1, nodeId: "m", acknowledged: false },
    ];
    expect(await codes(world)).toEqual(["crate_checks_failed"]);
  });

  it("a preStop hook that lasts longer than the pod may take to end, of a group that restarts", async () => {
    const world = new CrateWorld();
    setOf(world, "hot").gracePeriodSeconds = 20;
    expect(await codes(world)).toEqual(["crate_scale_hook"]);
    expect(await codes(world, { only: "masters" })).toEqual([]);
    setOf(world, "hot").preStop = null;
    expect(await codes(world)).toEqual([]);
  });

  it("a controller that rolls a change out by itself, or would bring pods back as they were", async () => {
    const world = new CrateWorld();
    const hot = setOf(world, "hot");
    hot.updateRevision = "newer";
    expect(await codes(world)).toEqual([]);
    hot.rollsFromOrdinal = 0;
    expect(await codes(world)).toEqual(["crate_rollout_running"]);
    hot.rollsFromOrdinal = 3;
    expect(await codes(world)).toEqual(["crate_partition_keeps_revision"]);
    expect(await codes(world, { only: "masters" })).toEqual([]);
  });

  it("a backup that runs, where nobody wants to wait", async () => {
    const world = new CrateWorld();
    world.snapshots.push({ name: "nightly", endsAtMs: Number.POSITIVE_INFINITY });
    expect(await codes(world)).toEqual([]);
    expect(await codes(world, { backupWaitMs: 0 })).toEqual(["crate_backup_runs"]);
  });

  it("a cluster that is suspended, or halfway", async () => {
    const world = new CrateWorld();
    world.expectsHold = false;
    setOf(world, "hot").replicas = 0;
    setOf(world, "hot").annotations["handover.dev/suspended"] = '{"replicas":3,"dependents":[]}';
    world.rest();
    expect(await codes(world)).toEqual(["crate_halfway"]);
    setOf(world, "masters").replicas = 0;
    world.rest();
    expect(await codes(world)).toEqual(["crate_suspended"]);
  });

  it("a right that is missing, where this very cluster asks for it", async () => {
    const world = new CrateWorld();
    world.missingRights = ["cronjobs", "replicas", "deployments"];
    expect(await codes(world)).toEqual([]);
    world.addCronJob("weekly", true);
    expect(await codes(world)).toEqual([]);
    world.addCronJob("nightly", false);
    expect(await codes(world)).toEqual(["crate_scale_rights"]);
    const labelled = new CrateWorld();
    labelled.missingRights = ["statefulsets"];
    expect(await codes(labelled)).toEqual(["crate_scale_rights"]);
    const unhooked = new CrateWorld({ preStop: null });
    unhooked.missingRights = ["statefulsets"];
    expect(await codes(unhooked)).toEqual([]);
  });

  it("a name that there is not", async () => {
    const result = await planned(new CrateWorld(), restartOperation, { only: "cold,crate-data-hot-metrics-7" });
    expect(result.kind === "refused" && result.problems.map(({ what }) => what)).toEqual([
      "cold, crate-data-hot-metrics-7 is neither a group nor a pod of this cluster. Nothing was done.",
    ]);
  });
});

describe("the plan of a restart", () => {
  it("warns of few voters and of backups that are waited for", async () => {
    const world = new CrateWorld({ masters: 0, groups: { hot: 2 }, preStop: dcUtilHook });
    world.snapshots.push({ name: "nightly", endsAtMs: Number.POSITIVE_INFINITY });
    const { warnings } = await plan(world, restartOperation);
    expect(warnings.map(({ code }) => code)).toEqual(["master_meanwhile", "backup_running"]);
  });

  it("holds no fact that changes by itself: asked again it is the same, and in the same order with another master", async () => {
    const world = new CrateWorld();
    const first = await plan(world, restartOperation);
    world.snapshots.push({ name: "nightly", endsAtMs: world.now() + 1 });
    world.rest();
    const second = await restartOperation.plan(world.context(), {}, first);
    expect(second.kind === "plan" && second.draft.facts).toEqual(first.facts);
  });
});

/** crate-operator 2.63.0, tests/test_restart_cluster.py: which groups restart, in which order, and how the progress counts. */
describe("crate-operator's scenarios of a restart, as facts in and facts out", () => {
  const restarted = async (shape: ConstructorParameters<typeof CrateWorld>[0], parameters = {}) => {
    const { steps } = await plan(new CrateWorld(shape), restartOperation, parameters);
    return steps
      .slice(1)
      .map(({ title }) => title.replace(/^Restart crate-(\S+)-metrics-(\d) \((\d of \d)\).*/, "$1 $2 $3"));
  };

  it("an upgrade restarts every group, masters first, and counts over all of them", async () => {
    expect(await restarted({ masters: 3, groups: { hot: 3 } })).toEqual([
      "master 2 1 of 6",
      "master 1 2 of 6",
      "master 0 3 of 6",
      "data-hot 2 4 of 6",
      "data-hot 1 5 of 6",
      "data-hot 0 6 of 6",
    ]);
  });

  it("a change of the masters alone restarts the masters alone, and of one data group that group", async () => {
    const shape = { masters: 3, groups: { hot: 1, cold: 1 } };
    expect(await restarted(shape, { only: "masters" })).toHaveLength(3);
    expect(await restarted(shape, { only: "hot" })).toEqual(["data-hot 0 1 of 1"]);
    expect(await restarted(shape, { only: "hot,cold,masters" })).toHaveLength(5);
  });

  it("by revision: what a changed template makes outdated, and nothing where nothing was changed", async () => {
    const world = new CrateWorld();
    expect(await codes(world, { outdated: true })).toEqual(["crate_nothing_to_restart"]);
    setOf(world, "hot").updateRevision = "newer";
    const { steps } = await plan(world, restartOperation, { outdated: true });
    expect(steps.map(({ id }) => id)).toEqual([
      "check",
      ...[2, 1, 0].map((n) => `restart-crate-data-hot-metrics-${n}`),
    ]);
  });
});
