import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wentStale } from "../../../src/domain/transitions/ending-early.ts";
import { refused } from "../../../src/domain/transitions/planning.ts";
import { ended, started } from "../../../src/domain/transitions/running.ts";
import { EdgeBench } from "./support/edge-bench.ts";

let bench: EdgeBench;

beforeAll(async () => {
  bench = await EdgeBench.start();
});

afterAll(async () => {
  await bench.close();
});

/** A request that was approved, and its message. */
async function approved() {
  const { record, face } = await bench.awaiting();
  await bench.click(bench.slack.users.bob, face.ts, "handover_approve");
  return { record, face };
}

describe("Re-plan", () => {
  it("of a stale request plans it anew, in a message of its own; the two name each other", async () => {
    const { record, face } = await approved();
    await bench.change(record.id, (found, nowMs) => wentStale(found, ["primary: orders-0 → orders-1"], nowMs));
    const stale = await bench.face(record.id);
    expect(stale.buttons.map(({ text }) => text)).toEqual(["Re-plan", "Runbook"]);
    const told = await bench.click(bench.slack.users.alice, face.ts, "handover_replan");
    const next = await bench.openRequest(record.target.name);
    expect(told).toContain(next.id);
    expect(next).toMatchObject({ follows: { requestId: record.id, kind: "replan" }, reason: "disk is full" });
    expect(next.approvals).toEqual([]);
    expect((await bench.face(next.id)).content).toContain(`Plans request ${record.id} anew`);
    const before = await bench.face(record.id);
    expect(before.content).toContain(`Request ${next.id} took its place`);
    expect(before.buttons.map(({ text }) => text)).toEqual(["Runbook"]);
    const thread = await bench.slack.thread(bench.slack.channels["db-ops"], face.ts);
    expect(thread.at(-1)?.content).toContain(`Planned anew as request ${next.id}.`);
  });

  it("clicked by two people at once is one request", async () => {
    const { record, face } = await approved();
    await bench.change(record.id, (found, nowMs) => refused(found, [], nowMs));
    const { alice, bob } = bench.slack.users;
    const channel = bench.slack.channels["db-ops"];
    await Promise.all([
      bench.slack.click(alice, channel, face.ts, "handover_replan"),
      bench.slack.click(bob, channel, face.ts, "handover_replan"),
    ]);
    const next = await bench.openRequest(record.target.name);
    expect((await bench.request(record.id)).followedBy).toBe(next.id);
  });

  it("by somebody whom the policy does not let ask is refused, to them alone", async () => {
    const { record, face } = await approved();
    await bench.change(record.id, (found, nowMs) => refused(found, [], nowMs));
    const told = await bench.click(bench.slack.users.dave, face.ts, "handover_replan");
    expect(told).toContain("does not let you ask");
    expect(await bench.openRequests(record.target.name)).toEqual([]);
  });
});

describe("Retry", () => {
  it.each(["failed", "cancelled"] as const)("of a request that %s asks for it again", async (state) => {
    const { record, face } = await approved();
    await bench.change(record.id, (found, nowMs) => started(found, { id: "x-1", worker: "w-1", steps: [] }, nowMs));
    const outcome = { atMs: 1, summary: "Nothing was changed.", writesStoppedMs: null, problems: [] };
    await bench.change(record.id, (found, nowMs) => ended(found, state, outcome, [], nowMs));
    expect((await bench.face(record.id)).buttons.map(({ text }) => text)).toEqual(["Retry", "Runbook"]);
    await bench.click(bench.slack.users.alice, face.ts, "handover_retry");
    const next = await bench.openRequest(record.target.name);
    expect(next).toMatchObject({ state: "planning", follows: { requestId: record.id, kind: "retry" } });
  });
});
