import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { crateStatusOperation } from "../../../src/operations/cratedb/status.ts";
import { excludeNameSetting } from "../../../src/ports/crate-settings.ts";
import { CrateBench } from "../crate-restart/support/crate-bench.ts";

const status = crateStatusOperation;

describe("the status of a simulated CrateDB cluster", { timeout: 60_000 }, () => {
  let cluster: SandboxCluster;
  let bench: CrateBench;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    const tables = [{ name: "t1", shards: 4, replicas: "1", shardBytes: 200_000 }];
    const pace = { bytesPerSecond: 100_000 };
    bench = await CrateBench.start(cluster, "metrics", { groups: { hot: 3 }, tables, pace, masters: 3 });
  });

  afterAll(async () => {
    await bench?.close();
    await cluster?.close();
  });

  it("says in its first line how many nodes there are, who is master, and that nothing is wrong", async () => {
    await bench.until("its copies are made", async () => (await asked())[0]?.startsWith("GREEN") === true);
    const lines = await asked();
    expect(lines[0]).toMatch(/^GREEN · 6 of 6 nodes · master master-\d · 8 shards · nothing is wrong$/);
    expect(lines.join("\n")).toMatch(/masters: 3 pods, 3 ready \(StatefulSet crate-master-metrics\)/);
    expect(lines.join("\n")).toMatch(/data-hot-0: \d shards, disk \d+ % of 100 GB, 6\.4\.1/);
  });

  it("shows what moves where, and what is excluded", async () => {
    const database = bench.context().crate.open(await bench.target.addresses(), bench.target.access);
    const options = { deadlineMs: 5_000, signal: bench.context().signal };
    try {
      await database.setGlobal("transient", { [excludeNameSetting]: "data-hot-2" }, options);
      await bench.until("a shard moves", async () => (await asked()).some((line) => line.startsWith("→ doc.t1 shard")));
      const text = (await asked()).join("\n");
      expect(text).toContain("⚠️ Excluded by name, so that they hold no shards: data-hot-2.");
      expect(text).toMatch(/→ doc\.t1 shard \d, 195 KB: data-hot-2 to data-hot-\d/);
    } finally {
      await database.resetGlobal([excludeNameSetting], options);
      await database.close();
    }
  });

  async function asked(): Promise<readonly string[]> {
    const result = await bench.planned(status);
    if (result.kind === "refused") throw new Error(result.problems.map(({ what }) => what).join(" "));
    return result.draft.now;
  }
});
