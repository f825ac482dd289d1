import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { restartOperation } from "../../../src/operations/cratedb/restart.ts";
import { resumeOperation } from "../../../src/operations/cratedb/resume.ts";
import { suspendOperation } from "../../../src/operations/cratedb/suspend.ts";
import type { Operation } from "../../../src/operations/operation.ts";
import { CrateBench } from "./support/crate-bench.ts";
import { type Death, DyingPorts } from "./support/dying-ports.ts";

/** By this many writes a restart of one node, or a suspend or a resume, is over. */
const deaths: readonly (readonly [number, Death])[] = [
  [1, "after"],
  [2, "before"],
  [3, "lost"],
  [4, "after"],
  [5, "before"],
  [5, "after"],
  [6, "after"],
  [7, "lost"],
  [8, "before"],
];

describe("a process that dies at a write to simulated CrateDB nodes", () => {
  let cluster: SandboxCluster;
  let bench: CrateBench;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    const tables = [{ name: "t1", shards: 2, replicas: "1" }];
    bench = await CrateBench.start(cluster, "metrics", { groups: { hot: 3 }, tables, dcUtil: true });
    await bench.createBackupJob("nightly", false);
  });
  afterAll(async () => {
    await bench?.close();
    await cluster?.close();
  });

  /** Carries it out by a process that dies there, and by one that takes it up. */
  async function dieAndResume(
    operation: Operation,
    [at, how]: readonly [number, Death],
    parameters = {},
  ): Promise<void> {
    const plan = await bench.plan(operation, parameters);
    const ports = new DyingPorts(at, how);
    const first = bench.run(operation, plan, ports.of(bench.context()));
    first.catch(() => undefined);
    const ended = await Promise.race([first, ports.died]);
    const { state, outcome } = ended === "dead" ? await bench.run(operation, plan, { resumed: true }) : ended;
    expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
  }

  const shape = async () => {
    const { sets } = await bench.view();
    const { state, health, nodes } = await bench.asked();
    return {
      sets: sets.map(({ replicas, annotations, labels }) => ({ replicas, annotations, labels })),
      settings: state.settings.all,
      health: health.map((one) => one.health),
      nodes,
      cronJobs: await bench.cronJobs(),
    };
  };

  it.each(deaths)(
    "at write %i (%s) of a restart: the node is restarted once, and all is as before",
    { timeout: 60_000 },
    async (...death) => {
      const [before, uids] = [await shape(), await bench.uids()];
      await dieAndResume(restartOperation, death, { only: "crate-data-hot-metrics-1" });
      const after = await bench.uids();
      expect([...uids].filter(([pod, uid]) => after.get(pod) !== uid).map(([pod]) => pod)).toEqual([
        "crate-data-hot-metrics-1",
      ]);
      expect(await shape()).toEqual(before);
    },
  );

  it.each([
    [1, "after"],
    [2, "lost"],
    [3, "after"],
  ] satisfies [number, Death][])(
    "at write %i (%s) of a suspend and of its resume: all is as before",
    { timeout: 60_000 },
    async (...death) => {
      const before = await shape();
      await dieAndResume(suspendOperation, death);
      await dieAndResume(resumeOperation, death);
      expect(await shape()).toEqual(before);
    },
  );
});
