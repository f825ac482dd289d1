import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import type { DoltTarget } from "../../../sandbox/handle.ts";
import { Scenario } from "../../support/scenario.ts";
import { untilWithin } from "../../support/until.ts";

const until = untilWithin(60_000);

describe("a rolling restart from Slack", () => {
  let cluster: SandboxCluster;
  let target: DoltTarget;
  let scenario: Scenario;
  const uids = async () => (await scenario.workload()).pods.map(({ pod }) => pod?.uid ?? "missing");

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 3, databases: ["app"] });
    scenario = await Scenario.prepare(cluster, target, { leaseSeconds: 5 });
    await scenario.start();
  });

  afterAll(async () => {
    await scenario?.close();
    await scenario?.disconnect();
    await cluster?.close();
  });

  it("is planned, approved, carried out and told", async () => {
    const before = await uids();

    const face = await scenario.ask("restart orders");
    expect(face.content).toMatch(/Restart orders-2, and see it replicate again/);
    expect(face.content).toMatch(/Writes stop once, for well under a second, when orders-1 takes over/);
    await scenario.approve(face);
    await scenario.faceReads(face, /Succeeded/);

    expect((await uids()).filter((uid) => before.includes(uid))).toEqual([]);
    expect(await scenario.routed()).toEqual(["orders-1"]);
    expect(await scenario.thread(face)).toMatch(/Restarted, and replicating again: orders-2, orders-1, orders-0/);
  });

  it("is refused in words where nothing is left to do", async () => {
    const face = await scenario.ask("restart orders --outdated", /Refused/);
    expect(face.content).toMatch(/No pod is left to restart: orders-0: new enough/);
  });

  it("is finished by another worker when its own dies in the middle", async () => {
    const before = await uids();
    const face = await scenario.ask("restart orders --max-lag 3");
    await scenario.approve(face);
    await until("the first pod is replaced", async () => (await uids()).some((uid) => !before.includes(uid)));
    await scenario.worker?.kill();

    await scenario.system.startWorker();

    await scenario.faceReads(face, /Succeeded/, 120_000);
    expect((await uids()).filter((uid) => before.includes(uid))).toEqual([]);
    expect(await scenario.routed()).toHaveLength(1);
  });
});
