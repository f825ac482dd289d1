import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SandboxCluster } from "../../../sandbox/cluster.ts";
import { restartOperation } from "../../../src/operations/cratedb/restart.ts";
import { resumeOperation } from "../../../src/operations/cratedb/resume.ts";
import { suspendOperation } from "../../../src/operations/cratedb/suspend.ts";
import type { Operation } from "../../../src/operations/operation.ts";
import { CrateBench } from "./support/crate-bench.ts";

type Cluster = Pick<SandboxCluster, "kubeconfig" | "createCrateTarget" | "close">;

/** Simulated CrateDB nodes in pods of any API server: restarted, suspended, resumed, and as they were. */
export function crateLifecycleSuite(name: string, start: () => Promise<Cluster>): void {
  describe(`CrateDB's nodes on ${name}`, () => {
    let cluster: Cluster;
    let bench: CrateBench;

    beforeAll(async () => {
      cluster = await start();
      const tables = [{ name: "t1", shards: 2, replicas: "1" }];
      bench = await CrateBench.start(cluster, "metrics", { masters: 3, groups: { hot: 2 }, tables, dcUtil: true });
      await bench.createBackupJob("nightly", false);
      await bench.createBackupJob("weekly", true);
    });
    afterAll(async () => {
      await bench?.close();
      await cluster?.close();
    });

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
    async function carryOut(operation: Operation): Promise<void> {
      const { state, outcome } = await bench.run(operation, await bench.plan(operation));
      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
    }

    it("are restarted one after another, and all is as it was", { timeout: 150_000 }, async () => {
      const [before, uids] = [await shape(), await bench.uids()];
      await carryOut(restartOperation);
      const after = await bench.uids();
      for (const [pod, uid] of uids) expect(after.get(pod), pod).not.toBe(uid);
      expect(await shape()).toEqual(before);
    });

    it("are suspended and resumed, and all is as it was", { timeout: 150_000 }, async () => {
      const before = await shape();
      await carryOut(suspendOperation);
      const { sets } = await bench.view();
      expect(sets.map(({ replicas, podsNow }) => [replicas, podsNow])).toEqual(sets.map(() => [0, 0]));
      await carryOut(resumeOperation);
      expect(await shape()).toEqual(before);
    });
  });
}
