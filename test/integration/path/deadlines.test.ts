import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approveActionId } from "../../../handlers/messages/buttons.ts";
import type { RunningProcess } from "../../../sandbox/system.ts";
import { scheduleText } from "../../../src/domain/schedule.ts";
import { minutesPass } from "../../support/minutes-pass.ts";
import { PathBench } from "./support/path-bench.ts";
import { until } from "./support/until.ts";

/** A time to begin is a whole minute, so one can be nearly that long away. */
const nextMinuteMs = 100_000;

let bench: PathBench;
let worker: RunningProcess;
let edge: RunningProcess;

beforeAll(async () => {
  bench = await PathBench.prepare();
  await startAll();
});

afterAll(() => bench.close());

async function startAll(): Promise<void> {
  const { system } = bench.scenario;
  [worker, edge] = await Promise.all([system.startWorker(), system.startEdge()]);
}

/** Every process dies, and what woke the workers is gone with them. */
async function restartAll(): Promise<void> {
  await Promise.all([worker.kill(), edge.kill()]);
  await bench.deleteQueues();
  await startAll();
}

/** To whom Slack was asked to write directly, in order. */
function directly(): string[] {
  const sent = bench.scenario.slack.calls("chat.postMessage").map(({ args }) => String(args.channel));
  return sent.filter((channel) => channel.startsWith("U"));
}

describe("a reminder", () => {
  it("comes in the thread and directly, once, though every process was restarted before and after", async () => {
    const { scenario } = bench;
    const { bob, carol, alice } = scenario.slack.users;
    const face = await bench.ask();
    await worker.kill();
    await minutesPass(bench.requests, (await bench.record(face)).id, 5);
    await restartAll();
    await until("Bob and Carol were told", async () => directly().length === 2);
    expect(directly().sort()).toEqual([bob.id, carol.id].sort());
    await bench.story(face, /Reminder: this still needs/);

    await restartAll();
    await scenario.slack.click(alice, scenario.channel, face.ts, "handover_withdraw");
    const story = await bench.story(face, /took it back/);
    expect(story.filter((line) => line.startsWith("Reminder:"))).toHaveLength(1);
    expect(directly()).toHaveLength(2);
  });
});

describe("a request for a later time", { timeout: 180_000 }, () => {
  it("begins at its time, though every process was restarted after it was approved", async () => {
    const { scenario } = bench;
    const before = await bench.primary();
    const face = await scenario.ask(`${bench.failover()} in 1s`);
    const { schedule } = await bench.record(face);
    if (schedule === undefined) throw new Error("it has no time");
    expect(face.content).toContain(scheduleText(schedule));
    await scenario.slack.click(scenario.slack.users.bob, scenario.channel, face.ts, approveActionId);
    await restartAll();

    const settled = await scenario.faceReads(face, /Succeeded/, nextMinuteMs);

    const record = await bench.record(face);
    expect(record.execution?.startedAtMs).toBeGreaterThanOrEqual(schedule.startAtMs);
    expect(record.execution?.startedAtMs).toBeLessThan(schedule.endsAtMs);
    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
    expect(settled.buttons.map(({ actionId }) => actionId)).toEqual(["handover_runbook"]);
  });
});
