import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { closeQueue, openQueue } from "../../../queue/producer.ts";
import type { Message } from "../../../sandbox/slack/messages.ts";
import type { RunningProcess } from "../../../sandbox/system.ts";
import { PathBench, runbook } from "./support/path-bench.ts";
import { until } from "./support/until.ts";

let bench: PathBench;
let before: { name: string; epoch: number };
const alive: RunningProcess[] = [];

beforeAll(async () => {
  bench = await PathBench.prepare();
  await bench.scenario.system.startEdge();
});

afterAll(() => bench.close());

beforeEach(async () => {
  before = await bench.primary();
});

/** Each test begins without a worker, and with people as they were. */
afterEach(async () => {
  bench.scenario.slack.heal();
  bench.scenario.slack.changePerson(bench.scenario.slack.users.bob, { deleted: false });
  await Promise.all(alive.splice(0).map((worker) => worker.kill()));
});

async function startWorker(environment: Record<string, string> = {}, main?: string): Promise<RunningProcess> {
  const worker = await bench.scenario.system.startWorker(environment, main);
  alive.push(worker);
  return worker;
}

/** A request whose execution has taken the lease and hangs in its first step, which only looks. */
async function stuckInFirstStep(): Promise<[Message, RunningProcess]> {
  const planner = await startWorker();
  const face = await bench.ask();
  await planner.stop();
  // Three connections are its look at admission; the fourth is the look of its first step, under the lease.
  const worker = await startWorker({ STUCK_FROM: "4" }, "test/integration/path/support/stuck-worker.ts");
  await bench.scenario.approve(face);
  await until("it is stuck in its first step", async () => worker.printed.includes("stuck"));
  await bench.untilState(face, "running");
  return [face, worker];
}

async function expectHandedOver(face: Message): Promise<void> {
  const settled = await bench.scenario.faceReads(face, /Succeeded/);
  const now = await bench.primary();
  expect(settled.content).toContain(`${now.name} is primary`);
  expect(now.name).not.toBe(before.name);
  const told = await bench.story(face, /is primary, /);
  expect(told.filter((line) => /is primary, /.test(line))).toHaveLength(1);
  await bench.untilLeaseIsFree();
}

describe("with no worker alive", () => {
  it("the person hears so at once, with the line for the terminal and the runbook; nothing waits", async () => {
    const { slack } = bench.scenario;
    await (await startWorker()).stop();
    await bench.forgetHeartbeats();

    const told = await bench.type(slack.users.alice, 'failover orders --reason "it is full"');

    expect(told).toMatch(/No worker of cluster main is alive \(last seen: \d+ s ago\)/);
    expect(told).toContain("npx handover dolt failover shop/orders --reason 'it is full'");
    expect(told).toContain(runbook);
    expect((await bench.requests.unsettled()).ids).toEqual([]);
    expect(await slack.messages(bench.scenario.channel)).toEqual([]);
  });
});

describe("a worker that is killed in the middle", () => {
  async function dieAt(moment: string): Promise<Message> {
    const worker = await startWorker({ DIE_AT: moment }, "test/support/dying-worker.ts");
    const face = await bench.ask();
    await bench.scenario.approve(face);
    expect(await worker.ended).toBe("SIGKILL");
    expect((await bench.scenario.lease())?.execution).not.toBeNull();
    return face;
  }

  it("before the demotion: the next worker does it", async () => {
    const face = await dieAt("before-demotion");
    expect(await bench.primary()).toEqual(before);

    await startWorker();

    await expectHandedOver(face);
  });

  it("between demotion and promotion: the next worker finishes it, though the grant has expired, the approver has left, Redis was emptied and Slack is away", async () => {
    const { slack } = bench.scenario;
    const face = await dieAt("after-demotion");
    await bench.redis.run((client) => client.flushall());
    slack.changePerson(slack.users.bob, { deleted: true });
    slack.fault("*", { kind: "status", status: 503 }, Number.POSITIVE_INFINITY);

    await startWorker({}, "test/integration/path/support/late-worker.ts");
    await bench.untilLeaseIsFree();
    expect((await bench.primary()).name).not.toBe(before.name);
    slack.heal();

    await expectHandedOver(face);
  });
});

describe("an approval that was used", () => {
  it("is refused when it is put back into an emptied Redis, though the cluster is still as it was planned for", async () => {
    const { scenario, cluster } = bench;
    // It ends before it changes anything, because Kubernetes refuses to answer it any more.
    const [face, worker] = await stuckInFirstStep();
    cluster.apiFaults.failNext({ method: "GET", path: /\/statefulsets\/orders$/ }, 403);
    const failed = await scenario.faceReads(face, /Failed/);
    expect(failed.content).toContain("Nothing was changed.");
    await bench.untilLeaseIsFree();
    await worker.kill();
    const { execution } = await bench.record(face);

    const replayed = await scenario.replayApproval(face);
    await startWorker();

    await until("the replayed request is settled", async () => (await scenario.stateOf(replayed)) === "refused");
    expect((await bench.record(face)).outcome?.problems).toMatchObject([{ code: "grant_used" }]);
    expect((await bench.record(face)).outcome?.problems[0]?.what).toContain(execution?.id);
    expect(await bench.primary()).toEqual(before);
  });
});

describe("two workers", () => {
  it("that both have the same approval in hand carry it out once", async () => {
    const { scenario, redis } = bench;
    const workers = await Promise.all([startWorker(), startWorker()]);
    const face = await bench.ask();
    // The edge asks Slack about the approver first; then each worker does, and about whoever asked, and is held there until both have come.
    scenario.slack.fault("users.info", { kind: "delay", ms: 0 });
    const held = scenario.slack.fault("users.info", { kind: "hold" }, Number.POSITIVE_INFINITY);
    await scenario.approve(face);
    await held.met;
    const { id, revision } = await bench.record(face);
    const queue = openQueue(redis, "main", "execute");
    try {
      await until("both workers have it in hand", async () => {
        await queue.add("execute", { requestId: id, revision });
        return held.hits === 4;
      });
    } finally {
      await closeQueue(queue);
    }

    held.release();

    await expectHandedOver(face);
    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
    const told = await bench.story(face, /is primary, /);
    expect(told.filter((line) => line.startsWith("Started by worker "))).toHaveLength(1);
    expect((await bench.record(face)).state).toBe("succeeded");
    await until("the other worker has let it be", async () => {
      return workers.filter((worker) => worker.printed.includes("execution did not begin")).length === 1;
    });
  });

  it("share one target: what a worker leaves at SIGTERM before the point of no return, another takes up", async () => {
    const { scenario } = bench;
    const [face, worker] = await stuckInFirstStep();

    expect(await worker.stop()).toBe(0);
    expect((await scenario.lease())?.holder).toBeNull();
    expect((await scenario.lease())?.execution).not.toBeNull();
    expect(await bench.primary()).toEqual(before);
    await startWorker();

    await expectHandedOver(face);
    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
  });
});
