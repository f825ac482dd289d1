import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import type { CrateTargetSpec } from "../../../sandbox/crate-target.ts";
import { restartOperation } from "../../../src/operations/cratedb/restart.ts";
import { resumeOperation } from "../../../src/operations/cratedb/resume.ts";
import { suspendOperation } from "../../../src/operations/cratedb/suspend.ts";
import type { Operation } from "../../../src/operations/operation.ts";
import { CrateBench } from "../crate-restart/support/crate-bench.ts";

describe("suspending and resuming simulated CrateDB nodes", () => {
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
    const tables = [{ name: "t1", shards: 4, replicas: "1", shardBytes: 1_000 }];
    const groups = { hot: 2, cold: 1 };
    bench = await CrateBench.start(cluster, `metrics${targets}`, { masters: 3, groups, tables, ...spec });
  }

  const carryOut = async (operation: Operation) => {
    const { state, outcome } = await bench.run(operation, await bench.plan(operation));
    expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
  };
  const codes = async (operation: Operation) => {
    const result = await bench.planned(operation);
    return result.kind === "refused" ? result.problems.map(({ code }) => code) : [];
  };
  const shape = async () => {
    const { sets } = await bench.view();
    return sets.map(({ name, replicas, annotations, labels }) => ({ name, replicas, annotations, labels }));
  };
  async function createDependent(name: string, replicas: number): Promise<void> {
    const labels = { app: name };
    await bench.apps.createNamespacedDeployment({
      namespace: "db",
      body: {
        metadata: { name },
        spec: {
          replicas,
          selector: { matchLabels: labels },
          // No node is like that: its pods wait, and go at once when they are to.
          template: {
            metadata: { labels },
            spec: { nodeSelector: { no: "node" }, containers: [{ name: "c", image: "i" }] },
          },
        },
      },
    });
  }
  const dependents = async () => {
    const { items } = await bench.apps.listNamespacedDeployment({ namespace: "db" });
    return items.map(({ metadata, spec }) => `${metadata?.name} ${spec?.replicas}`);
  };

  it("stops everything, masters last, and brings it back as it was, with its data, dependents and backups", async () => {
    await prepare();
    await bench.createBackupJob("nightly", false);
    await bench.createBackupJob("weekly", true);
    const { name } = bench.target;
    await createDependent(`backup-metrics-${name}`, 1);
    await createDependent(`grand-central-${name}`, 2);
    const [before, jobs, asked, deployments] = [
      await shape(),
      await bench.cronJobs(),
      await bench.asked(),
      await dependents(),
    ];

    await carryOut(suspendOperation);

    const { sets } = await bench.view();
    expect(sets.map(({ replicas, podsNow }) => [replicas, podsNow])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(await dependents()).toEqual([`backup-metrics-${name} 0`, `grand-central-${name} 0`]);
    expect(await bench.cronJobs()).toEqual([
      { name: "nightly", suspend: true, annotations: { "handover.dev/paused-backup": '{"suspended":false}' } },
      { name: "weekly", suspend: true, annotations: {} },
    ]);
    expect(await codes(suspendOperation)).toEqual(["crate_suspended"]);
    expect(await codes(restartOperation)).toEqual(["crate_suspended"]);

    await carryOut(resumeOperation);

    expect(await shape()).toEqual(before);
    expect(await bench.cronJobs()).toEqual(jobs);
    expect(await dependents()).toEqual(deployments);
    const now = await bench.asked();
    expect(now.nodes).toEqual(asked.nodes);
    expect(now.health.map(({ health }) => health)).toEqual(["GREEN"]);
    expect(await codes(resumeOperation)).toEqual(["crate_not_suspended"]);
  });

  it("does without dedicated masters, and with hooks that write settings when pods stop", async () => {
    await prepare({ masters: 0, groups: { hot: 3 }, dcUtil: true });
    await carryOut(suspendOperation);
    await carryOut(resumeOperation);
    const { state, nodes } = await bench.asked();
    expect(nodes).toHaveLength(3);
    expect(state.settings.allocationEnable).toBe("all");
  });

  it("refuses to stop a cluster that is not well", async () => {
    await prepare();
    bench.target.faults.loseShard("t1", 0);
    expect(await codes(suspendOperation)).toEqual(["crate_not_green"]);
  });
});
