import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { partsUnavailable } from "../parts/build.ts";
import { changesOfServer, connectDirectly, DirectWriters } from "../support/direct-writers.ts";
import { Scenario } from "../support/scenario.ts";
import { missingIds, Writers } from "../support/writers.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const unavailable = partsUnavailable();
const failovers = 10;

describe.skipIf(unavailable !== null)(`writes during failovers${unavailable ? ` (${unavailable})` : ""}`, () => {
  let cluster: RealCluster;
  let target: DoltTarget;
  let scenario: Scenario;

  beforeAll(async () => {
    cluster = await startRealCluster();
    const databases = ["app", "direct"];
    target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 3, databases });
    scenario = await Scenario.prepare(cluster, target);
    await scenario.start();
  });

  afterAll(async () => {
    await scenario?.close();
    await scenario?.disconnect();
    await cluster?.close();
  });

  it.each([
    ["that write as fast as the servers answer", 0],
    ["that rest 20 ms after each write", 20],
  ])(
    `loses none of what four writers %s had acknowledged in ${failovers} failovers; prints the longest gaps`,
    async (kind, restMs) => {
      const credentials = await scenario.credentials();
      const { kubeconfig } = cluster;
      const firstId = 1 + restMs * 10_000_000;
      const writers = await Writers.start({
        kubeconfig,
        namespace: "shop",
        database: "app",
        writers: 4,
        credentials,
        restMs,
        firstId,
      });
      const gapsMs: number[] = [];
      for (let round = 0; round < failovers; round += 1) {
        await writers.acknowledges(200);
        const [routed] = await scenario.routed();
        const to = target.pods[(target.pods.indexOf(routed ?? "") + 1) % target.pods.length];
        // A bound of its own makes each command another one: the same twice in a minute is a second press of Enter.
        const face = await scenario.ask(`failover orders --to ${to} --max-lag ${5 + restMs + round}`);
        writers.resetGap();
        await scenario.approve(face);
        await scenario.faceReads(face, /Succeeded/);
        await writers.acknowledges(20);
        gapsMs.push(Math.round(writers.longestGapMs));
      }
      const { acknowledged } = await writers.stop();

      const [primary = ""] = await scenario.routed();
      expect(await missingIds(await target.address(primary), { credentials, database: "app" }, acknowledged)).toEqual(
        [],
      );
      const sorted = gapsMs.toSorted((a, b) => a - b);
      const median = ((sorted[failovers / 2 - 1] ?? 0) + (sorted[failovers / 2] ?? 0)) / 2;
      console.log(
        `longest gap between acknowledged writes, four writers ${kind}: ${gapsMs.join(", ")} ms; median ${median} ms`,
      );
    },
  );

  it("never has two writable servers, tried on each of them all the time", async () => {
    const credentials = await scenario.credentials();
    const connect = async (pod: string) => connectDirectly(await target.address(pod), credentials, "direct");
    const [before] = await scenario.routed();
    const writers = DirectWriters.start(target.pods, connect, 1);
    let changes = 0;
    for (const to of target.pods.filter((pod) => pod !== before)) {
      const face = await scenario.ask(`failover orders --to ${to} --max-lag 60`);
      await scenario.approve(face);
      await scenario.faceReads(face, /Succeeded/);
      changes += 1;
    }
    const history = await writers.stop();

    expect(new Set(history.map((one) => one.server)).size).toBe(target.pods.length);
    expect(changesOfServer(history)).toBe(changes);
  });
});
