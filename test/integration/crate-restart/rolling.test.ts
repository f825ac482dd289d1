import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import type { CrateTargetSpec } from "../../../sandbox/crate-target.ts";
import type { Plan } from "../../../src/domain/plan.ts";
import { restartOperation } from "../../../src/operations/cratedb/restart.ts";
import { restartDetailsSchema } from "../../../src/operations/cratedb/restart-details.ts";
import { interceptedWorkloads } from "../dolt-failover/support/intercepted.ts";
import { CrateBench } from "./support/crate-bench.ts";

const tables: NonNullable<CrateTargetSpec["tables"]> = [{ name: "t1", shards: 4, replicas: "1", shardBytes: 1_000 }];

describe("a rolling restart on simulated CrateDB nodes", () => {
  let cluster: SandboxCluster;
  let bench: CrateBench;
  let targets = 0;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
  });
  afterAll(async () => {
    await cluster?.close();
  });
  afterEach(async () => {
    await bench?.target.faults.heal();
    await bench?.close();
  });

  async function prepare(spec: Partial<CrateTargetSpec> = {}): Promise<void> {
    targets += 1;
    bench = await CrateBench.start(cluster, `metrics${targets}`, {
      masters: 3,
      groups: { hot: 2, cold: 1 },
      tables,
      ...spec,
    });
  }

  it("restarts each node once, masters first, and leaves everything as it was", async () => {
    await prepare({ dcUtil: true });
    await bench.createBackupJob("nightly", false);
    await bench.createBackupJob("weekly", true);
    const [uids, jobs, before] = [await bench.uids(), await bench.cronJobs(), await bench.asked()];

    const plan = await bench.plan(restartOperation);
    const { state, outcome } = await bench.run(restartOperation, plan);

    expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
    const after = await bench.uids();
    expect([...after.keys()]).toEqual([...uids.keys()]);
    for (const [pod, uid] of uids) expect(after.get(pod), pod).not.toBe(uid);
    expect(plan.steps.map(({ id }) => id.replace(`-metrics${targets}`, ""))).toEqual([
      "check",
      ...["master", "master", "master"].map(() => expect.stringMatching(/^restart-crate-master-\d$/)),
      "restart-crate-data-cold-0",
      expect.stringMatching(/^restart-crate-data-hot-\d$/),
      expect.stringMatching(/^restart-crate-data-hot-\d$/),
    ]);
    const now = await bench.asked();
    expect(now.nodes).toEqual(before.nodes);
    expect(now.health.map(({ health }) => health)).toEqual(["GREEN"]);
    expect(now.state.settings.all).toEqual(before.state.settings.all);
    expect(await bench.cronJobs()).toEqual(jobs);
    const { sets } = await bench.view();
    expect(sets.flatMap(({ labels }) => Object.keys(labels)).filter((key) => key.startsWith("dc-util"))).toEqual([]);
  });

  it("restarts a cluster without dedicated masters, one group only, and then nothing that is new enough", async () => {
    await prepare({ masters: 0, groups: { hot: 3 } });
    const startedAtMs = Date.now() + 1_000;
    await bench.until("a second has passed", async () => Date.now() >= startedAtMs);
    const plan = await bench.plan(restartOperation, { only: "hot" });
    expect((await bench.run(restartOperation, plan)).state).toBe("succeeded");

    const again = await bench.planned(restartOperation, { beforeMs: Math.floor(startedAtMs / 1_000) * 1_000 });
    expect(again.kind === "refused" && again.problems.map(({ code }) => code)).toEqual(["crate_nothing_to_restart"]);
    const outdated = await bench.planned(restartOperation, { outdated: true });
    expect(outdated.kind === "refused" && outdated.problems.map(({ code }) => code)).toEqual([
      "crate_nothing_to_restart",
    ]);
  });

  it("waits for a snapshot that SQL does not show as a statement", async () => {
    await prepare();
    const plan = await bench.plan(restartOperation, { only: `crate-data-hot-metrics${targets}-1` });
    bench.target.faults.beginSnapshot("s3", "nightly");
    const refused = await bench.planned(restartOperation, { backupWaitMs: 0 });
    expect(refused.kind === "refused" && refused.problems.map(({ code }) => code)).toEqual(["crate_backup_runs"]);
    const before = await bench.uids();
    const running = bench.run(restartOperation, plan);
    const after = await bench.uids();
    expect(after).toEqual(before);
    bench.target.faults.endSnapshots();
    expect((await running).state).toBe("succeeded");
  });

  it("stops at a node that crashes: copies are built elsewhere, and what was set is taken back", async () => {
    await prepare({ masters: 0, groups: { hot: 3 } });
    const pod = `crate-data-hot-metrics${targets}-2`;
    const plan = await bench.plan(restartOperation, { waitMs: 4_000 });
    const first = plan.steps[1]?.id.replace("restart-", "") ?? pod;
    const workloads = interceptedWorkloads(bench.context().workloads, {
      beforeEviction: ({ name }) => bench.target.faults.crashLoop(name, true),
    });
    const { state, outcome } = await bench.run(restartOperation, withoutGrace(plan), { workloads });
    expect({ state, codes: outcome.problems.map(({ code }) => code) }).toEqual({
      state: "failed",
      codes: ["crate_restart_stopped", "crate_node_not_back"],
    });
    expect(outcome.problems[0]?.what).toContain(`Restarted: ${first}.`);
    expect(outcome.problems[0]?.next).toMatch(/--before \d{4}-\d\d-\d\dT/);
    expect((await bench.asked()).state.settings.allocationEnable).toBe("all");
  });

  it("refuses while somebody else holds the allocation, or the cluster is not GREEN", async () => {
    await prepare();
    const options = { deadlineMs: 5_000, signal: AbortSignal.timeout(10_000) };
    const database = bench.context().crate.open(await bench.target.addresses(), bench.target.access);
    await database.setGlobal("persistent", { "cluster.routing.allocation.enable": "primaries" }, options);
    const held = await bench.planned(restartOperation);
    expect(held.kind === "refused" && held.problems.map(({ code }) => code)).toEqual(["crate_allocation_disabled"]);
    await database.resetGlobal(["cluster.routing.allocation.enable"], options);
    await database.close();
    bench.target.faults.loseShard("t1", 0);
    const ill = await bench.planned(restartOperation);
    expect(ill.kind === "refused" && ill.problems.map(({ code }) => code)).toContain("crate_not_green");
  });
});

/** The deadlines of a node count the time that Kubernetes gives it to end; simulated ones need none of it. */
function withoutGrace(plan: Plan): Plan {
  const details = restartDetailsSchema.parse(plan.details);
  return { ...plan, details: { ...details, pods: details.pods.map((pod) => ({ ...pod, graceSeconds: 0 })) } };
}
