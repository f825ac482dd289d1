import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { restartOperation } from "../../src/operations/dolt/restart.ts";
import { FailoverBench } from "../integration/dolt-failover/support/failover-bench.ts";
import { resumeSuite } from "../integration/dolt-restart/resume.suite.ts";
import { rollingSuite } from "../integration/dolt-restart/rolling.suite.ts";
import { partsUnavailable } from "../parts/build.ts";
import { missingIds, Writers } from "../support/writers.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();
const ROLLS = 3;

if (unavailable === null) {
  rollingSuite("real servers", startRealCluster);
  resumeSuite("real servers", startRealCluster);
}

describe.skipIf(unavailable !== null)(`rolling restarts under load${unavailable ? ` (${unavailable})` : ""}`, () => {
  let cluster: RealCluster;
  let bench: FailoverBench;

  beforeAll(async () => {
    cluster = await startRealCluster();
    bench = await FailoverBench.start(cluster, "orders", { operation: restartOperation });
  });

  afterAll(async () => {
    await bench?.close();
    await cluster?.close();
  });

  it("succeed one after another with four writers, and no acknowledged write is lost", async () => {
    const { username: user, password } = await bench.credentials();
    const options = { database: "app", credentials: { user, password } };
    const { kubeconfig } = cluster;
    const writers = await Writers.start({ ...options, kubeconfig, namespace: "shop", writers: 4, restMs: 5 });
    const told: string[] = [];
    try {
      for (let roll = 1; roll <= ROLLS; roll += 1) {
        const plan = await bench.plan();
        writers.resetGap();
        const startMs = performance.now();
        const { state, outcome, steps } = await bench.run(plan);
        const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
        expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
        told.push(`${seconds} s with a longest gap of ${writers.longestGapMs.toFixed(0)} ms`);
        console.log(steps.map(({ id, note }) => `${id}: ${note ?? ""}`).join("\n"));
      }
    } finally {
      await writers.stop();
    }
    const { acknowledged } = await writers.stop();
    console.log(`${acknowledged.length} writes acknowledged; ${ROLLS} rolling restarts: ${told.join("; ")}`);
    const [primary = ""] = await bench.routed();
    expect(await missingIds(await bench.target.address(primary), options, acknowledged)).toEqual([]);
  });
});
