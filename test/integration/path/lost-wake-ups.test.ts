import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunningProcess } from "../../../sandbox/system.ts";
import { PathBench } from "./support/path-bench.ts";
import { until } from "./support/until.ts";

let bench: PathBench;
let worker: RunningProcess;
let before: { name: string; epoch: number };

beforeAll(async () => {
  bench = await PathBench.prepare();
  const { system } = bench.scenario;
  [worker] = await Promise.all([system.startWorker(), system.startEdge()]);
});

afterAll(() => bench.close());

beforeEach(async () => {
  before = await bench.primary();
});

describe("deleting every key of BullMQ's loses no request", () => {
  it("that waits for its plan or its execution, though no worker runs just then", async () => {
    const { scenario } = bench;
    const { alice } = scenario.slack.users;
    // One that is told to end says so, and people are refused at once; one that dies is thought alive for a while.
    await worker.kill();
    const told = await bench.type(alice, bench.failover());
    const id = /request ([a-z0-9-]+)/.exec(told)?.[1] ?? "";
    expect(await bench.jobs("plan")).toEqual({ waiting: 1, active: 0 });
    expect(await bench.deleteQueues()).toBeGreaterThan(0);

    worker = await scenario.system.startWorker();
    const face = await scenario.slack.waitForMessage(
      ({ content, threadTs }) => threadTs === null && content.includes(id) && /Waiting for approval/.test(content),
      { deadlineMs: 30_000 },
    );

    await worker.stop();
    await scenario.approve(face);
    expect(await bench.jobs("execute")).toEqual({ waiting: 1, active: 0 });
    expect(await bench.deleteQueues()).toBeGreaterThan(0);

    worker = await scenario.system.startWorker();
    await scenario.faceReads(face, /Succeeded/);

    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
  });

  it("that a worker plans or admits at that moment", async () => {
    const { scenario, cluster } = bench;
    cluster.apiFaults.pause();
    const asked = bench.ask();
    await until("a worker plans", async () => (await bench.jobs("plan")).active === 1);
    expect(await bench.deleteQueues()).toBeGreaterThan(0);
    cluster.apiFaults.resume();
    const face = await asked;

    // The edge asks Slack about the approver first, then the worker does, and is held there.
    scenario.slack.fault("users.info", { kind: "delay", ms: 0 });
    const held = scenario.slack.fault("users.info", { kind: "hold" });
    await scenario.approve(face);
    await held.met;
    expect(await bench.jobs("execute")).toEqual({ waiting: 0, active: 1 });
    expect(await bench.deleteQueues()).toBeGreaterThan(0);
    expect((await bench.record(face)).state).toBe("approved");
    held.release();
    await scenario.faceReads(face, /Succeeded/);

    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
  });

  it("that a worker carries out at that moment", async () => {
    const { scenario, target } = bench;
    const face = await bench.ask();
    // The demotion waits for both standbys, and the one that is not promoted has a row to catch up with.
    const candidate = /Promote (\S+) to primary/.exec(face.content)?.[1];
    const other = target.pods.find((pod) => pod !== before.name && pod !== candidate) ?? "";
    await target.faults.slowReplication(before.name, other, 2_000);
    await bench.sql(before.name, "INSERT INTO app.t VALUES (1, 'on its way')");

    await scenario.approve(face);
    await bench.untilState(face, "running");
    expect(await bench.deleteQueues()).toBeGreaterThan(0);
    expect((await bench.record(face)).state).toBe("running");
    await scenario.faceReads(face, /Succeeded/);
    await target.faults.heal();

    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
    await scenario.ask("status orders", /Answered/);
  });
});

describe("an edge that dies between record and wake-up", () => {
  it("has lost no request: it is planned, and whoever types it again is led to it", async () => {
    const { scenario } = bench;
    const { alice } = scenario.slack.users;
    const dying = await startDyingEdge("plan");
    const command = bench.failover();

    const asked = scenario.ask(command);
    expect(await dying.ended).toBe("SIGKILL");
    const face = await asked;

    await scenario.system.startEdge();
    const told = await bench.type(alice, command);
    expect(told).toContain("already asked for");
    expect(told).toContain((await bench.record(face)).id);
    await scenario.approve(face);
    await scenario.faceReads(face, /Succeeded/);
    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
  });

  it("has lost no approval: the request is executed", async () => {
    const { scenario } = bench;
    const dying = await startDyingEdge("execute");
    const face = await bench.ask();

    await scenario.approve(face);
    expect(await dying.ended).toBe("SIGKILL");
    await scenario.faceReads(face, /Succeeded/);

    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
    await scenario.system.startEdge();
  });

  function startDyingEdge(moment: "plan" | "execute"): Promise<RunningProcess> {
    return bench.scenario.system.startEdge({ DIE_AT_WAKE: moment }, "test/integration/path/support/dying-edge.ts");
  }
});
