import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { crateScaleOperation } from "../../../src/operations/cratedb/scale.ts";
import { allocationEnableSetting, excludeNameSetting } from "../../../src/ports/crate-settings.ts";
import { CrateBench } from "../crate-restart/support/crate-bench.ts";

const mib = 1024 ** 2;

/** In the words of CrateDB's own deciders, as the simulator says them. */
describe("a drain of a simulated CrateDB cluster that cannot go on", { timeout: 90_000 }, () => {
  let cluster: SandboxCluster;
  let bench: CrateBench;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    const tables = [{ name: "t1", shards: 8, replicas: "1", shardBytes: 4 * mib }];
    bench = await CrateBench.start(cluster, "metrics", {
      groups: { hot: 4 },
      tables,
      pace: { bytesPerSecond: 4 * mib },
    });
    await bench.until("its copies are made", async () => {
      return (await bench.asked()).health.every(({ health }) => health === "GREEN");
    });
  });

  afterAll(async () => {
    await bench?.close();
    await cluster?.close();
  });

  it("says why and what to do, and goes on by itself once that is done", async () => {
    const plan = await bench.plan(crateScaleOperation, { nodes: "hot=3" });
    const run = crateScaleOperation.begin(bench.context(), plan, false);
    const database = bench.context().crate.open(await bench.target.addresses(), bench.target.access);
    const { signal } = bench.context();
    const options = { deadlineMs: 5_000, signal };
    const explained: string[] = [];
    const tell = (text: string) => {
      if (!text.includes("cannot move")) return;
      explained.push(text);
      database.resetGlobal([allocationEnableSetting], options).catch(() => undefined);
    };
    try {
      await database.setGlobal("transient", { [allocationEnableSetting]: "none" }, options);
      for (const step of run.steps) if (!(await step.isDone(signal))) await step.act(signal, tell);

      expect(explained[0]).toMatch(
        /t1 shard \d .*cannot move: .*cluster\.routing\.allocation\.enable forbids it .*Let shards move: RESET GLOBAL "cluster\.routing\.allocation\.enable"/,
      );
      const { nodes, state } = await bench.asked();
      expect(nodes).toEqual(["data-hot-0", "data-hot-1", "data-hot-2"]);
      expect(state.settings.all[excludeNameSetting] ?? "").toBe("");
    } finally {
      await database.close();
      await run.close();
    }
  });
});
