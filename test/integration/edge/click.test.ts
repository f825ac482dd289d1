import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approveActionId, denyActionId, withdrawActionId } from "../../../handlers/messages/buttons.ts";
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
    expect(face.buttons.map(({ text }) => text)).toEqual(["Approve", "Deny", "Withdraw", "Runbook"]);
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
    expect(redrawn.buttons.map(({ text }) => text)).toEqual(["Withdraw", "Runbook"]);
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
    const late = told.filter((text) => text.includes(record.id) && text.includes("nothing to approve"));
    expect(late).toEqual([expect.stringContaining(`approved already, by <@${bob.id}> at `)]);
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

/** Slack's modal, as a person fills it. */
const why = { "reason/text": "Wait for the backup" };

describe("Deny", () => {
  it.each(["bob", "alice"] as const)("by %s asks why, and settles the request with that reason", async (who) => {
    const { record, face } = await bench.awaiting();
    const person = bench.slack.users[who];
    expect(await bench.click(person, face.ts, denyActionId)).toBe("");
    expect(await bench.request(record.id)).toEqual(record);
    await bench.slack.submitModal(person, why);
    expect(await bench.request(record.id)).toMatchObject({
      state: "denied",
      settledBy: { userId: person.id },
      settledReason: "Wait for the backup",
    });
    const redrawn = await bench.face(record.id);
    expect(redrawn.content).toContain(`Denied by <@${person.id}>: Wait for the backup. Nothing was changed.`);
    expect(redrawn.buttons.map(({ text }) => text)).toEqual(["Runbook"]);
    const thread = await bench.slack.thread(bench.slack.channels["db-ops"], face.ts);
    expect(thread.at(-1)?.content).toContain("Wait for the backup");
    expect(await bench.lastAudit()).toMatchObject({ kind: "denied", facts: { reason: "Wait for the backup" } });
  });

  it("without a reason is refused, and says so", async () => {
    const { record, face } = await bench.awaiting();
    await bench.click(bench.slack.users.bob, face.ts, denyActionId);
    await bench.slack.submitModal(bench.slack.users.bob, { "reason/text": "   " });
    const told = (await bench.slack.ephemerals(bench.slack.users.bob)).at(-1)?.content;
    expect(told).toContain("A denial needs a reason");
    expect(await bench.request(record.id)).toEqual(record);
  });

  it("that was settled meanwhile is told who settled it and when, to the clicker alone", async () => {
    const { record, face } = await bench.awaiting();
    const { bob, carol } = bench.slack.users;
    await bench.click(carol, face.ts, denyActionId);
    const { length } = bench.slack.deliveries;
    await bench.click(bob, face.ts, denyActionId);
    await bench.slack.submitModal(bob, why);
    await bench.slack.submitModal(carol, why);
    const told = (await bench.slack.ephemerals(carol)).at(-1)?.content ?? "";
    expect(told).toContain(`Request ${record.id} is already settled: denied by <@${bob.id}> at `);
    expect(bench.slack.deliveries.slice(length).every(({ status }) => status === 200)).toBe(true);
    expect(await bench.request(record.id)).toMatchObject({ settledBy: { userId: bob.id } });
  });

  it("by anybody else is refused", async () => {
    const { record, face } = await bench.awaiting();
    const told = await bench.click(bench.slack.users.dave, face.ts, denyActionId);
    expect(told).toContain("does not name you as an approver");
    expect(await bench.request(record.id)).toEqual(record);
  });
});

describe("Withdraw", () => {
  it("by who asked takes the request back", async () => {
    const { record, face } = await bench.awaiting();
    const { alice } = bench.slack.users;
    expect(await bench.click(alice, face.ts, withdrawActionId)).toBe("");
    expect(await bench.request(record.id)).toMatchObject({ state: "withdrawn", settledBy: { userId: alice.id } });
    const redrawn = await bench.face(record.id);
    expect(redrawn.content).toContain(`Withdrawn: <@${alice.id}> took it back. Nothing was changed.`);
    expect(redrawn.buttons.map(({ text }) => text)).toEqual(["Runbook"]);
  });

  it("by who asked takes it back also when it is approved and has not begun", async () => {
    const { record, face } = await bench.awaiting();
    await bench.click(bench.slack.users.bob, face.ts, approveActionId);
    expect(await bench.click(bench.slack.users.alice, face.ts, withdrawActionId)).toBe("");
    expect(await bench.request(record.id)).toMatchObject({ state: "withdrawn" });
  });

  it.each(["bob", "dave"] as const)("by %s is refused while it waits for approval", async (who) => {
    const { record, face } = await bench.awaiting();
    const told = await bench.click(bench.slack.users[who], face.ts, withdrawActionId);
    expect(told).toContain(`Only <@${bench.slack.users.alice.id}>, who asked for this`);
    expect(await bench.request(record.id)).toEqual(record);
  });

  it("and Approve at one moment: one of them counts, and the other is told", async () => {
    const { record, face } = await bench.awaiting();
    const { alice, bob } = bench.slack.users;
    await Promise.all([
      bench.slack.click(alice, bench.slack.channels["db-ops"], face.ts, withdrawActionId),
      bench.slack.click(bob, bench.slack.channels["db-ops"], face.ts, approveActionId),
    ]);
    const { state, approvals } = await bench.request(record.id);
    // Taken back after it was approved, it is withdrawn all the same: nothing had begun.
    expect(state).toBe("withdrawn");
    const told = (await bench.slack.ephemerals(bob)).map(({ content }) => content);
    expect(told.some((text) => text.includes(record.id))).toBe(approvals.length === 0);
  });
});
