import { afterEach, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import type { CrateTargetSpec } from "../../../sandbox/crate-target.ts";
import type { Parameters } from "../../../src/domain/plan.ts";
import { crateScaleOperation } from "../../../src/operations/cratedb/scale.ts";
import { excludeNameSetting } from "../../../src/ports/crate-settings.ts";
import { CrateBench } from "../crate-restart/support/crate-bench.ts";

const scale = crateScaleOperation;
const mib = 1024 ** 2;
const tables = [
  { name: "metrics", shards: 6, replicas: "1", shardBytes: 8 * mib },
  { name: "events", shards: 4, shardBytes: 2 * mib, days: ["1", "2"] },
];

/** Pods come and go, and a machine that does something else meanwhile. */
describe("scaling a simulated CrateDB cluster with the real adapters", { timeout: 120_000 }, () => {
  let cluster: SandboxCluster;
  let bench: CrateBench;

  async function start(spec: Partial<CrateTargetSpec> = {}): Promise<void> {
    cluster = await startSandboxCluster();
    bench = await CrateBench.start(cluster, "metrics", { groups: { hot: 4 }, tables, ...spec });
  }

  afterEach(async () => {
    await bench?.close();
    await cluster?.close();
  });

  it("moves every shard off one of four that vote, with dc_util's hooks, lets it go, and leaves nothing behind", async () => {
    await start({ dcUtil: true, pace: { bytesPerSecond: 64 * mib } });
    await bench.createBackupJob("nightly", false);
    const before = await facts();
    const plan = await bench.plan(scale, { nodes: "hot=3" });
    expect(plan.steps.map(({ title }) => title)).toEqual([
      "Pause backups, and wait until none runs",
      "Move all shards off data-hot-3",
      "Scale hot down from 4 to 3, and wait until it is gone",
      "See that every node is there and every table GREEN; give backups back",
    ]);

    const { state, outcome } = await bench.run(scale, plan);

    expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
    const after = await facts();
    expect(after.nodes).toEqual(["data-hot-0", "data-hot-1", "data-hot-2"]);
    expect({ ...after, nodes: before.nodes, arguments: before.arguments }).toEqual(before);
    expect(after.arguments.join(" ")).toContain("expected_data_nodes=3");
    expect(after.arguments.join(" ")).toContain("recover_after_data_nodes=2");
    expect(after.health).toBe("GREEN");
  });

  it("goes masters, up, down in one command", async () => {
    await start({ masters: 3, groups: { hot: 3, cold: 2 } });
    const plan = await bench.plan(scale, { nodes: "cold=3,hot=2,masters=5" });
    expect(plan.steps.map(({ id }) => id)).toEqual([
      "backups",
      "join-masters",
      "join-cold",
      "drain-hot",
      "leave-hot",
      "finish",
    ]);

    const { state, outcome } = await bench.run(scale, plan);

    expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
    expect((await facts()).nodes).toEqual([
      ...["data-cold-0", "data-cold-1", "data-cold-2", "data-hot-0", "data-hot-1"],
      ...["master-0", "master-1", "master-2", "master-3", "master-4"],
    ]);
  });

  /** crate-operator's own: test_scale_cluster, up from 1 to 2 and down from 3 to 2 data nodes without masters. */
  it.each([
    [1, 2],
    [3, 2],
  ])("crate-operator's scenario: %i to %i data nodes", async (from, to) => {
    await start({ groups: { hot: from }, tables: [{ name: "t", shards: 4 }] });
    const { state, outcome } = await bench.run(scale, await bench.plan(scale, { nodes: `hot=${to}` }));
    expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
    const { nodes, health } = await facts();
    expect({ nodes: nodes.length, health }).toEqual({ nodes: to, health: "GREEN" });
  });

  it("decommissions what it has emptied, as super user", async () => {
    await start({ login: "crate", masters: 3 });
    const plan = await bench.plan(scale, { nodes: "hot=3", decommission: true });
    const { state, outcome } = await bench.run(scale, plan);
    expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
    expect((await facts()).nodes).not.toContain("data-hot-3");
  });

  it.each<[string, Parameters, RegExp, Partial<CrateTargetSpec>]>([
    ["nothing said", {}, /^crate_scale_numbers: .*hot=4/, {}],
    ["a group that is not there", { nodes: "warm=2" }, /^crate_scale_group_unknown: .*warm.*hot=4/, {}],
    ["the number there is", { nodes: "hot=4" }, /^crate_scale_done: .*hot=4/, {}],
    ["all data nodes to zero", { nodes: "hot=0" }, /^crate_scale_suspends: /, {}],
    ["no majority", { nodes: "hot=1" }, /^crate_scale_quorum: .*4 master-eligible nodes would become 1/, {}],
    [
      "too few nodes for the copies of a table",
      { nodes: "hot=2" },
      /^crate_scale_replicas: 2 data nodes would be left.*doc\.many \(number_of_replicas 2: 3 nodes\)/,
      { masters: 3, tables: [{ name: "many", shards: 2, replicas: "2" }] },
    ],
    [
      "a disk that is too small",
      { nodes: "hot=2" },
      /^crate_scale_no_place: .*watermark.*Room: data-hot-0/,
      { masters: 3, diskBytes: 400 * mib, tables: [{ name: "big", shards: 8, replicas: "1", shardBytes: 50 * mib }] },
    ],
    [
      "a table with a filter of its own",
      { nodes: "hot=3" },
      /^crate_scale_table_filters: .*doc\.own \(exclude\.tier=cold\)/,
      { tables: [{ name: "own", shards: 8, settings: { "routing.allocation.exclude.tier": "cold" } }] },
    ],
    ["decommission without a super user", { nodes: "hot=3", decommission: true }, /^crate_scale_superuser: /, {}],
    [
      "a hook that outlasts its grace",
      { nodes: "hot=3" },
      /^crate_scale_hook: .*720 s within 30 s/,
      { dcUtil: true, gracePeriodSeconds: 30 },
    ],
  ])("refuses %s, and changes nothing", async (_what, parameters, expected, spec) => {
    await start(spec);
    const result = await bench.planned(scale, parameters);
    if (result.kind === "plan") throw new Error("it was planned");
    expect(result.problems.map(({ code, what }) => `${code}: ${what}`).join("\n")).toMatch(expected);
  });

  async function facts() {
    const { state, health, nodes } = await bench.asked();
    const { sets } = await bench.view();
    return {
      nodes,
      health: health.every((one) => one.health === "GREEN") ? "GREEN" : health.map((one) => one.health).join(),
      excluded: state.settings.all[excludeNameSetting] ?? "",
      allocation: state.settings.allocationEnable,
      stop: state.settings.gracefulStop,
      jobs: await bench.cronJobs(),
      arguments: sets.flatMap(({ startUp }) => [...(startUp.command ?? []), ...(startUp.args ?? [])]),
    };
  }
});
