import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Message } from "../../../sandbox/slack/messages.ts";
import { PathBench } from "./support/path-bench.ts";

let bench: PathBench;
let before: { name: string; epoch: number };

beforeAll(async () => {
  bench = await PathBench.prepare();
  await bench.scenario.start();
});

afterAll(() => bench.close());

beforeEach(async () => {
  before = await bench.primary();
});

afterEach(() => bench.scenario.slack.heal());

/** Each of the five steps, told by the thread exactly once and in order. */
async function expectToldOnce(face: Message): Promise<void> {
  const told = await bench.story(face, /is primary, /);
  const steps = told.filter((line) => line.startsWith("✓"));
  expect(steps.map((line) => line.split(" ")[1])).toEqual(["Look", "Send", "Demote", "Promote", "Route", "See"]);
}

/** Lets the edge ask Slack about the approver, and the worker about approver and requester, before the faults that are ordered next. */
function letAdmissionPass(): void {
  bench.scenario.slack.fault("users.info", { kind: "delay", ms: 0 }, 3);
}

describe("an operation while Slack is in trouble", () => {
  it("does not wait for a Slack that is away; the message catches up when it is back", async () => {
    const { scenario } = bench;
    const { slack } = scenario;
    const face = await bench.ask();
    letAdmissionPass();
    slack.fault("*", { kind: "status", status: 503 }, Number.POSITIVE_INFINITY);

    await scenario.approve(face);
    await bench.untilState(face, "succeeded");

    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
    await bench.untilLeaseIsFree();
    const shown = (await slack.messages(scenario.channel)).find(({ ts }) => ts === face.ts);
    expect(shown?.content).toContain("Waiting for approval");
    slack.heal();
    await scenario.faceReads(face, /Succeeded/);
    await expectToldOnce(face);
  });

  it("obeys a Slack that asks for a pause, and is not held up by it", async () => {
    const { scenario } = bench;
    const { slack } = scenario;
    const face = await bench.ask();
    const retryAfterSeconds = 3;
    const slowDown = slack.fault("chat.update", { kind: "ratelimited", retryAfterSeconds }, 2);

    await scenario.approve(face);
    await bench.untilState(face, "succeeded");
    await scenario.faceReads(face, /Succeeded/);

    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
    expect(slowDown.hits).toBe(2);
    await expectToldOnce(face);
    // Edge and worker are two clients, and each was asked once.
    const [, asked] = slack.calls("chat.update").filter(({ fault }) => fault === "ratelimited");
    const next = slack.calls("chat.update").find(({ atMs }) => asked !== undefined && atMs > asked.atMs);
    expect((next?.atMs ?? 0) - (asked?.atMs ?? 0)).toBeGreaterThanOrEqual(retryAfterSeconds * 1_000);
  });

  it("is not begun when Slack does not say whether the approver still stands", async () => {
    const { scenario } = bench;
    const face = await bench.ask();
    scenario.slack.fault("users.info", { kind: "delay", ms: 0 });
    scenario.slack.fault("users.info", { kind: "error", error: "internal_error" }, Number.POSITIVE_INFINITY);

    await scenario.approve(face);
    const settled = await scenario.faceReads(face, /Refused/);

    expect(settled.content).toContain("no answer is no");
    expect(await bench.primary()).toEqual(before);
  });
});
