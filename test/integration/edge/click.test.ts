import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approveActionId, denyActionId } from "../../../handlers/messages/buttons.ts";
import { faceMessage } from "../../../handlers/messages/face.ts";
import { SlackChat } from "../../../src/adapters/slack/chat.ts";
import { createSlackCall } from "../../../src/adapters/slack/web-api.ts";
import { approvalSchema } from "../../../src/domain/approval.ts";
import { openSigned, readPublicKeys } from "../../../src/domain/signing.ts";
import { shownPlan } from "../../../src/domain/transitions/reading.ts";
import { EdgeBench } from "./support/edge-bench.ts";

let bench: EdgeBench;

beforeAll(async () => {
  bench = await EdgeBench.start();
});

afterAll(async () => {
  await bench.close();
});

describe("Approve", () => {
  it("by a second person signs an approval of that very plan, and takes the buttons away", async () => {
    const { record, face } = await bench.awaiting();
    expect(face.buttons.map(({ text }) => text)).toEqual(["Approve", "Deny", "Runbook"]);
    expect(face.content).toContain("0 of 1 approvals");
    const { bob } = bench.slack.users;
    expect(await bench.click(bob, face.ts, approveActionId)).toBe("");
    const approved = await bench.request(record.id);
    expect(approved.state).toBe("approved");
    const [signed] = approved.approvals;
    if (signed === undefined) throw new Error("the approval is missing");
    const keys = readPublicKeys(bench.settings.configuration.edge.publicKeys);
    expect(openSigned(signed, keys, approvalSchema)).toMatchObject({
      requestId: record.id,
      fingerprint: shownPlan(record)?.fingerprint,
      approver: { teamId: bench.slack.teamId, userId: bob.id },
      message: { channelId: face.channel, ts: face.ts },
    });
    const redrawn = await bench.face(record.id);
    expect(redrawn.ts).toBe(face.ts);
    expect(redrawn.buttons.map(({ text }) => text)).toEqual(["Runbook"]);
    const thread = await bench.slack.thread(bench.slack.channels["db-ops"], face.ts);
    expect(thread.map(({ content }) => content).join("\n")).toContain("(1 of 1)");
    expect(bench.slack.warnings).toEqual([]);
  });

  it("by the requester is refused", async () => {
    const { record, face } = await bench.awaiting();
    expect(await bench.click(bench.slack.users.alice, face.ts, approveActionId)).toContain("You asked for this");
    expect(await bench.request(record.id)).toEqual(record);
  });

  it("by somebody the policy does not name is refused, with those it names", async () => {
    const { record, face } = await bench.awaiting();
    const told = await bench.click(bench.slack.users.dave, face.ts, approveActionId);
    expect(told).toContain("does not name you as an approver");
    expect(told).toContain(`<@${bench.slack.users.bob.id}>`);
    expect(await bench.request(record.id)).toEqual(record);
  });

  it("by a guest is refused, whatever the policy says", async () => {
    const { record, face } = await bench.awaiting();
    expect(await bench.click(bench.slack.users.gina, face.ts, approveActionId)).toContain("it is a guest");
    expect(await bench.request(record.id)).toEqual(record);
  });

  it("is refused while Slack does not say who that is", async () => {
    const { record, face } = await bench.awaiting();
    bench.slack.fault("users.info", { kind: "error", error: "internal_error" });
    expect(await bench.click(bench.slack.users.bob, face.ts, approveActionId)).toContain("no answer is no");
    expect(await bench.request(record.id)).toEqual(record);
  });

  it("a second time is answered with what became of the request", async () => {
    const { record, face } = await bench.awaiting();
    const { bob } = bench.slack.users;
    // Both clicks are under way before the first has taken the buttons away.
    const [first, second] = await Promise.all([
      bench.slack.click(bob, bench.slack.channels["db-ops"], face.ts, approveActionId),
      bench.slack.click(bob, bench.slack.channels["db-ops"], face.ts, approveActionId),
    ]);
    expect([first, second]).toEqual([undefined, undefined]);
    expect((await bench.request(record.id)).approvals).toHaveLength(1);
    const told = (await bench.slack.ephemerals(bob)).map(({ content }) => content);
    expect(told.filter((text) => text.includes(record.id) && text.includes("nothing to approve"))).toHaveLength(1);
  });

  it("on another message than the request's own changes nothing and redraws that one as replaced", async () => {
    const { record } = await bench.awaiting();
    const chat = new SlackChat(createSlackCall(bench.settings.slack));
    const stray = await chat.post(record.channelId, faceMessage(record), null, AbortSignal.timeout(5_000));
    expect(await bench.click(bench.slack.users.bob, stray.ts, approveActionId)).toContain("newer message");
    expect(await bench.request(record.id)).toEqual(record);
    const messages = await bench.slack.messages(bench.slack.channels["db-ops"]);
    const redrawn = messages.find(({ ts }) => ts === stray.ts);
    expect(redrawn?.buttons).toEqual([]);
    expect(redrawn?.content).toContain("replaced");
  });
});

describe("Deny", () => {
  it.each(["bob", "alice"] as const)("by %s settles the request", async (who) => {
    const { record, face } = await bench.awaiting();
    expect(await bench.click(bench.slack.users[who], face.ts, denyActionId)).toBe("");
    expect(await bench.request(record.id)).toMatchObject({
      state: "denied",
      settledBy: { userId: bench.slack.users[who].id },
    });
    expect((await bench.face(record.id)).buttons.map(({ text }) => text)).toEqual(["Runbook"]);
  });

  it("by anybody else is refused", async () => {
    const { record, face } = await bench.awaiting();
    const told = await bench.click(bench.slack.users.dave, face.ts, denyActionId);
    expect(told).toContain("does not name you as an approver");
    expect(await bench.request(record.id)).toEqual(record);
  });
});
