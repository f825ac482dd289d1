import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { partsUnavailable } from "../parts/build.ts";
import { Scenario } from "../support/scenario.ts";
import { missingIds, Writers } from "../support/writers.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();

describe.skipIf(unavailable !== null)(`a crash-looping standby${unavailable ? ` (${unavailable})` : ""}`, () => {
  let cluster: RealCluster;
  let target: DoltTarget;
  let scenario: Scenario;

  beforeAll(async () => {
    cluster = await startRealCluster();
    target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 3, databases: ["app"] });
    scenario = await Scenario.prepare(cluster, target);
    await scenario.start();
    await target.faults.crashLoop("orders-2", true);
  });

  afterAll(async () => {
    await scenario?.close();
    await scenario?.disconnect();
    await cluster?.close();
  });

  it("is refused without a lower bound, with the command that would be accepted", async () => {
    const face = await scenario.ask("failover orders", /Refused/);

    expect(face.content).toMatch(/All 2 standbys must be caught up, and only 1 can be. orders-2: does not answer/);
    expect(face.content).toContain("--min-caught-up 1");
  });

  it("is said beforehand to stop writes for 10 s, and the primary's label is somewhere at every moment", async () => {
    const face = await scenario.ask("failover orders --min-caught-up 1");
    expect(face.content).toMatch(/Writes stop for about 10 s.*orders-2/);

    // Dolt waits for a standby only where something is pending for it.
    const { kubeconfig } = cluster;
    const credentials = await scenario.credentials();
    // Writers that rest: beside a server that starts again and again, saturated ones let the lag grow beyond what is allowed.
    const load = { kubeconfig, namespace: "shop", database: "app", writers: 2, restMs: 20, credentials };
    const writers = await Writers.start(load);
    const watched = watchLabels(scenario);
    const settled = await scenario
      .approve(face)
      .then(() => scenario.faceReads(face, /Succeeded/))
      .finally(() => watched.stop());
    const { acknowledged } = await writers.stop();
    const held = { credentials, database: "app" };
    expect(await missingIds(await target.address("orders-1"), held, acknowledged)).toEqual([]);

    expect(settled.content).toMatch(/orders-1 is primary, orders-0 is standby/);
    expect(settled.content).toMatch(/Writes stopped for 10\.\d s/);
    expect(watched.fewest()).toBeGreaterThanOrEqual(1);
    expect(await scenario.routed()).toEqual(["orders-1"]);
  });
});

/** Looks all the time how many pods carry the primary's label, until it is stopped: the fewest that were seen. */
function watchLabels(scenario: Scenario): { readonly stop: () => Promise<void>; readonly fewest: () => number } {
  let watching = true;
  let seen = Number.POSITIVE_INFINITY;
  const looking = (async () => {
    while (watching) seen = Math.min(seen, (await scenario.routed()).length);
  })();
  return {
    stop: async () => {
      watching = false;
      await looking;
    },
    fewest: () => seen,
  };
}
