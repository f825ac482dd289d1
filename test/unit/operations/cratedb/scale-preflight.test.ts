import { describe, expect, it } from "vitest";
import type { Parameters } from "../../../../src/domain/plan.ts";
import { crateScaleOperation } from "../../../../src/operations/cratedb/scale.ts";
import type { CratePrivilege } from "../../../../src/ports/crate-servers.ts";
import { allocationEnableSetting, excludeNameSetting } from "../../../../src/ports/crate-settings.ts";
import type { MemoryOptions } from "../../../support/memory-crate/model.ts";
import { MemoryCrateWorld } from "../../../support/memory-crate/world.ts";
import { dataSet, largeCluster, masterSet, names, smallCluster, spread } from "./a-cluster.ts";

const gib = 1024 ** 3;
const routing = { enable: "all" as const, totalShardsPerNode: null, require: {}, include: {}, exclude: {} };
const groups = (masters: number, hot: number, cold: number, more: object = {}) => [
  masterSet(masters, hot + cold),
  dataSet("hot", hot, hot + cold, { isMasterEligible: false, ...more }),
  dataSet("cold", cold, hot + cold, { isMasterEligible: false }),
];
const privileges = (...rows: Partial<CratePrivilege>[]): CratePrivilege[] =>
  rows.map((row) => ({ grantee: "ops", state: "GRANT", type: "AL", class: "CLUSTER", ident: null, ...row }));
const enough = privileges(
  {},
  { type: "DQL", class: "SCHEMA", ident: "sys" },
  { type: "DML", class: "TABLE", ident: "sys.node_checks" },
);
const ops = { name: "ops", superuser: false, roles: [], privileges: enough };

type Change = (world: MemoryCrateWorld) => void;

interface Case {
  readonly options?: Partial<MemoryOptions>;
  readonly parameters: Parameters;
  readonly change?: Change;
}

async function judged({ options = {}, parameters, change = () => undefined }: Case) {
  const world = new MemoryCrateWorld(largeCluster(options));
  change(world);
  const result = await world.planned(crateScaleOperation, parameters, "terminal");
  expect(world.writes).toEqual([]);
  return result;
}

async function problemsOf(one: Case): Promise<string> {
  const result = await judged(one);
  if (result.kind === "plan") throw new Error(`it was planned: ${JSON.stringify(result.draft.steps)}`);
  return result.problems.map(({ code, what, next }) => `${code}: ${what} → ${next}`).join("\n");
}

async function warningsOf(one: Case): Promise<string> {
  const result = await judged(one);
  if (result.kind === "refused")
    throw new Error(result.problems.map(({ code, what }) => `${code}: ${what}`).join("\n"));
  return result.draft.warnings.map(({ code, text }) => `${code}: ${text}`).join("\n");
}

const hook = (timeout: string) => [
  "/bin/sh",
  "-c",
  `./dc_util-linux --min-availability PRIMARIES --timeout ${timeout} || true`,
];

describe("a scaling that is refused at once, with the numbers", () => {
  it.each<[string, Case, RegExp]>([
    ["nothing said", { parameters: {} }, /^crate_scale_numbers: .*masters=3, hot=4, cold=2/],
    [
      "a group added",
      { parameters: { nodes: "warm=2" } },
      /^crate_scale_group_unknown: .*no group warm; it has masters=3, hot=4, cold=2/,
    ],
    ["nothing to do", { parameters: { nodes: "hot=4" } }, /^crate_scale_done: .*hot=4/],
    [
      "even masters",
      { parameters: { nodes: "masters=4" } },
      /^crate_scale_masters: 4 dedicated masters are an even number.*Now there are 3/,
    ],
    [
      "fewer than three masters",
      { parameters: { nodes: "masters=1" } },
      /^crate_scale_masters: 1 dedicated master cannot lose one/,
    ],
    [
      "masters to zero",
      { parameters: { nodes: "masters=0" } },
      /^crate_scale_suspends: .*npx handover crate suspend db\/metrics/,
    ],
    [
      "masters from zero",
      { options: { sets: groups(0, 4, 2) }, parameters: { nodes: "masters=3" } },
      /^crate_scale_suspends: .*resume/,
    ],
    [
      "all data groups to zero",
      { parameters: { nodes: "hot=0,cold=0" } },
      /^crate_scale_suspends: No data node would be left/,
    ],
    [
      "all data groups from zero",
      { options: { sets: groups(3, 0, 0), shards: [] }, parameters: { nodes: "hot=3" } },
      /^crate_scale_suspends: All data nodes are stopped/,
    ],
    [
      "a suspended cluster",
      { options: { sets: groups(0, 0, 0), shards: [] }, parameters: { nodes: "hot=3" } },
      /^crate_scale_suspends: The cluster is suspended/,
    ],
    [
      "3 to 1 masters: no majority",
      { parameters: { nodes: "masters=1" } },
      /crate_scale_quorum: .*3 master-eligible nodes would become 1/,
    ],
    [
      "no master",
      { parameters: { nodes: "hot=3" }, change: stop("master-0", "master-1", "master-2") },
      /^crate_no_master: .*data-hot-0/,
    ],
    [
      "a node that is missing",
      { parameters: { nodes: "cold=3" }, change: stop("data-cold-1") },
      /^crate_nodes_missing: 8 nodes of 9 .*data-cold-1/,
    ],
    [
      "not GREEN",
      { parameters: { nodes: "hot=3" }, change: stop("data-hot-0") },
      /crate_not_green: The cluster is RED, not GREEN: doc\.metrics is RED/,
    ],
    [
      "allocation not all",
      { options: { settings: { [allocationEnableSetting]: "primaries" } }, parameters: { nodes: "hot=3" } },
      /^crate_allocation_disabled: .*“primaries”/,
    ],
    [
      "too few nodes for the lower end of a table's copies",
      {
        options: { tables: [{ table: "metrics", replicas: { text: "3-4", min: 3, max: 4 } }] },
        parameters: { nodes: "hot=1" },
      },
      /^crate_scale_replicas: 3 data nodes would be left.*doc\.metrics \(number_of_replicas 3-4: 4 nodes\)/,
    ],
    [
      "a partition of its own bounds",
      {
        options: {
          tables: [
            { table: "metrics" },
            {
              table: "metrics",
              partition: "04",
              partitionValues: { day: "1" },
              replicas: { text: "3", min: 3, max: 3 },
            },
          ],
        },
        parameters: { nodes: "hot=1" },
      },
      /^crate_scale_replicas: .*doc\.metrics partition day=1 \(number_of_replicas 3: 4 nodes\)/,
    ],
    [
      "disks that are too small, by node, with the watermarks",
      { options: { diskBytes: gib }, parameters: { nodes: "cold=0,hot=1" } },
      /crate_scale_no_place: .*copies \(\d.*GB\).*data-hot-0: (above the low watermark \(85%\)|would pass the high watermark \(90%\)).*Room: data-hot-0 \d+ MB/,
    ],
    [
      "shards a node",
      {
        options: { settings: { "cluster.routing.allocation.total_shards_per_node": 7 } },
        parameters: { nodes: "hot=2" },
      },
      /crate_scale_no_place: .*no more than 7 may be on a node \(cluster\.routing\.allocation\.total_shards_per_node\)/,
    ],
    [
      "a table's shards a node",
      {
        options: {
          tables: [{ table: "metrics", routing: { ...routing, totalShardsPerNode: 2 } }],
          shards: spread("metrics", names("hot", 4), 4, 2),
        },
        parameters: { nodes: "cold=0,hot=2" },
      },
      /crate_scale_no_place: .*has 2 shards of the table, and no more than 2 may be on a node/,
    ],
    [
      "max_shards_per_node times the nodes that stay",
      { options: { settings: { "cluster.max_shards_per_node": 10 } }, parameters: { nodes: "hot=1" } },
      /crate_scale_too_many_shards: 32 shards on 3 nodes would be more than cluster\.max_shards_per_node allows \(10 each, 30 together\)/,
    ],
    [
      "tables with a filter of their own",
      {
        options: { tables: [{ table: "metrics", routing: { ...routing, exclude: { tier: "cold" } } }] },
        parameters: { nodes: "hot=3" },
      },
      /crate_scale_table_filters: .*shards on data-hot-3: doc\.metrics \(exclude\.tier=cold\)/,
    ],
    [
      "a table's own routing.allocation.enable",
      {
        options: { tables: [{ table: "metrics", routing: { ...routing, enable: "primaries" } }] },
        parameters: { nodes: "hot=3" },
      },
      /crate_scale_table_filters: .*doc\.metrics \(enable=primaries\)/,
    ],
    [
      "a zone that awareness forces",
      {
        options: {
          zoneOf: (node) => (node.startsWith("data-cold") ? "b" : "a"),
          settings: {
            "cluster.routing.allocation.awareness.attributes": "zone",
            "cluster.routing.allocation.awareness.force.zone.values": "a,b",
          },
          shards: [],
        },
        parameters: { nodes: "cold=0" },
      },
      /crate_scale_awareness: No data node would be left with zone=b/,
    ],
    [
      "a user without AL",
      { options: { user: { ...ops, privileges: enough.slice(1) } }, parameters: { nodes: "hot=3" } },
      /^crate_privileges: .*lacks: AL\..*GRANT AL TO "ops"/,
    ],
    [
      "a DENY, of a role too",
      {
        options: {
          user: {
            ...ops,
            roles: ["auditors"],
            privileges: [
              ...enough,
              ...privileges({ grantee: "auditors", state: "DENY", type: "DQL", class: "SCHEMA", ident: "doc" }),
            ],
          },
        },
        parameters: { nodes: "hot=3" },
      },
      /^crate_privileges: .*denied: DQL ON SCHEMA doc FROM "auditors".*REVOKE DQL ON SCHEMA doc FROM "auditors"/,
    ],
    [
      "decommission by an ordinary user",
      { options: { user: ops }, parameters: { nodes: "hot=3", decommission: true } },
      /^crate_scale_superuser: .*ops is none/,
    ],
    [
      "a preStop hook that outlasts the grace period",
      {
        options: { sets: groups(3, 4, 2, { preStop: hook("720s"), gracePeriodSeconds: 30 }) },
        parameters: { nodes: "hot=3" },
      },
      /^crate_scale_hook: .*crate-data-hot-metrics: up to 720 s within 30 s/,
    ],
    [
      "an operator that owns it",
      {
        options: { sets: groups(3, 4, 2, { owner: "CrateDB metrics owns it (ownerReferences)" }) },
        parameters: { nodes: "hot=3" },
      },
      /^crate_scale_not_ours: .*CrateDB metrics owns it.*replicas of crate-data-hot-metrics from 4 to 3/,
    ],
    [
      "an autoscaler on it",
      {
        parameters: { nodes: "hot=3" },
        change: (world) => {
          world.autoscaled = [{ set: "hot" }];
        },
      },
      /^crate_scale_autoscaled: .*HorizontalPodAutoscaler scale-hot on crate-data-hot-metrics \(2 to 9\)/,
    ],
    [
      "a snapshot that runs, when it is not waited for",
      {
        parameters: { nodes: "hot=3", backupWaitMs: 0 },
        change: (world) => {
          world.model.work = [{ kind: "snapshot", repository: "backups", name: "nightly", startedAtMs: null }];
        },
      },
      /^crate_backup_runs: .*the snapshot backups\.nightly is being made/,
    ],
    [
      "arguments that cannot be rewritten and would keep it from starting",
      { options: { sets: groups(3, 4, 2, { rollsFromOrdinal: 0 }) }, parameters: { nodes: "hot=1" } },
      /crate_scale_arguments: 3 data nodes would be left.*wait for 4.*crate-data-hot-metrics/,
    ],
    [
      "rights that are missing",
      {
        parameters: { nodes: "hot=3" },
        change: (world) => {
          world.lacking = ["replicas"];
        },
      },
      /^crate_scale_rights: .*patch statefulsets\/scale/,
    ],
    [
      "a roll-out that is under way",
      {
        options: { sets: groups(3, 4, 2, { rollsFromOrdinal: 0, updateRevision: "2" }) },
        parameters: { nodes: "hot=3" },
      },
      /^crate_rollout_running: .*crate-data-hot-metrics/,
    ],
  ])("%s", async (_name, one, expected) => {
    expect(await problemsOf(one)).toMatch(expected);
  });

  it.each<[string, number, string, RegExp]>([
    ["3 to 1", 3, "hot=1", /^crate_scale_quorum: .*3 master-eligible nodes would become 1/],
    [
      "2 to 1 when the master leaves",
      2,
      "hot=1",
      /^crate_scale_quorum: .*2 master-eligible nodes would become 1, and data-hot-1 may hold the only vote/,
    ],
  ])("a first data group that votes: %s", async (_name, nodes, wanted, expected) => {
    const world = new MemoryCrateWorld(smallCluster(nodes));
    // The elected one is the first that is seen.
    world.model.nodes.reverse();
    const result = await world.planned(crateScaleOperation, { nodes: wanted });
    expect(result.kind === "refused" && result.problems.map(({ code, what }) => `${code}: ${what}`).join()).toMatch(
      expected,
    );
  });
});

describe("a scaling that is planned, and what is worth knowing", () => {
  it.each<[string, Case, RegExp]>([
    ["one group to zero while another stays is an ordinary drain", { parameters: { nodes: "cold=0" } }, /^$/],
    [
      "a table that has fewer copies than it may have",
      {
        options: { tables: [{ table: "metrics", replicas: { text: "0-4", min: 0, max: 4 } }] },
        parameters: { nodes: "hot=1" },
      },
      /fewer_copies: With 3 data nodes .*doc\.metrics \(number_of_replicas 0-4: 5 nodes\)/,
    ],
    [
      "volumes that go with their pods",
      { options: { sets: groups(3, 4, 2, { deletesVolumes: true }) }, parameters: { nodes: "hot=3" } },
      /volumes_deleted: .*crate-data-hot-metrics/,
    ],
    [
      "arguments that stay, and which pods would roll",
      { options: { sets: groups(3, 4, 2, { rollsFromOrdinal: 2 }) }, parameters: { nodes: "hot=3" } },
      /arguments_kept: .*crate-data-hot-metrics \(crate-data-hot-metrics-2, crate-data-hot-metrics-3\)/,
    ],
    [
      "a filter of a table that has nothing there now",
      {
        options: { tables: [{ table: "metrics" }, { table: "own", routing: { ...routing, include: { tier: "a" } } }] },
        parameters: { nodes: "hot=3" },
      },
      /table_filters: .*doc\.own \(include\.tier=a\)/,
    ],
    [
      "a zone that is lost and not forced",
      {
        options: {
          zoneOf: (node) => (node.startsWith("data-cold") ? "b" : "a"),
          settings: { "cluster.routing.allocation.awareness.attributes": "zone" },
          shards: [],
        },
        parameters: { nodes: "cold=0" },
      },
      /zone_lost: .*zone=b/,
    ],
    [
      "names that somebody else excludes already",
      { options: { settings: { [excludeNameSetting]: "data-hot-3" } }, parameters: { nodes: "hot=3" } },
      /excluded_before: Somebody else excludes data-hot-3/,
    ],
    [
      "a snapshot that is waited for",
      {
        parameters: { nodes: "hot=3" },
        change: (world) => {
          world.model.work = [{ kind: "restore", repository: "backups", name: "n" }];
        },
      },
      /backup_runs: .*backups\.n is being restored/,
    ],
  ])("%s", async (_name, one, expected) => {
    expect(await warningsOf(one)).toMatch(expected);
  });

  it("asks for the right to hold backups back only where there are some", async () => {
    const labels = { "app.kubernetes.io/component": "backup", "app.kubernetes.io/name": "metrics" };
    const job = { namespace: "db", name: "nightly", uid: "1", resourceVersion: "1", schedule: "0 1 * * *", labels };
    const cronJobs = [{ ...job, suspended: false, annotations: {}, active: [] }];
    const lack: Change = (world) => {
      world.lacking = ["cronjobs"];
    };
    const parameters = { nodes: "hot=3" };
    expect(await warningsOf({ parameters, change: lack })).toBe("");
    expect(await problemsOf({ options: { cronJobs }, parameters, change: lack })).toMatch(
      /^crate_scale_rights: .*patch cronjobs/,
    );
  });

  it("warns of two voters, of which none may fail", async () => {
    const world = new MemoryCrateWorld(smallCluster(3));
    const plan = await world.plan(crateScaleOperation, { nodes: "hot=2" });
    expect(plan.warnings.map(({ code }) => code)).toEqual(
      ["few_voters", "fewer_copies"].slice(0, plan.warnings.length),
    );
    expect(plan.warnings[0]?.text).toContain("3 master-eligible nodes would become 2: both are needed");
  });

  it("says what is, what moves where, and what it costs; and approves no sizes, lags or times", async () => {
    const world = new MemoryCrateWorld(largeCluster());
    const plan = await world.plan(crateScaleOperation, { nodes: "hot=3" });
    expect(plan.now[0]).toBe("9 nodes (masters 3, hot 4, cold 2), master master-0, GREEN, 32 shards");
    expect(plan.now[1]).toMatch(/^On data-hot-3: 6 shards, 614 MB$/);
    expect(plan.now.some((line) => /^data-\S+ takes about \d+ MB and has room for \d+ GB$/.test(line))).toBe(true);
    expect(plan.cost).toMatch(/^Writes and reads go on while 6 shard copies \(614 MB\) move\.$/);
    const facts = JSON.stringify(plan.facts);
    world.model.pass(10_000);
    for (const shard of world.model.shards.slice(0, 3)) Object.assign(shard, { sizeBytes: shard.sizeBytes * 2 });
    expect(JSON.stringify((await world.plan(crateScaleOperation, { nodes: "hot=3" })).facts)).toBe(facts);
  });

  it("rewrites the arguments of CrateDB before 4.7, which count masters too", async () => {
    const startUp = {
      command: null,
      args: ["-Cgateway.expected_nodes=9", "-Cgateway.recover_after_nodes=5", "-Cnode.name=data-hot-$(hostname)"],
    };
    const world = new MemoryCrateWorld(largeCluster({ sets: groups(3, 4, 2, { startUp }), version: "4.6.3" }));
    const plan = await world.plan(crateScaleOperation, { nodes: "hot=5" });
    expect(await world.run(crateScaleOperation, plan)).toMatchObject({ state: "succeeded" });
    expect(world.model.sets[1]?.startUp.args?.slice(0, 2)).toEqual([
      "-Cgateway.expected_nodes=10",
      "-Cgateway.recover_after_nodes=6",
    ]);
  });
});

/** These nodes are gone, and their pods with them. */
function stop(...gone: readonly string[]): Change {
  return ({ model }) => {
    model.nodes = model.nodes.filter(({ name }) => !gone.includes(name));
  };
}
