import { beforeEach, describe, expect, it } from "vitest";
import { answerClick } from "../../../handlers/actions/answer-click.ts";
import { answerEngineCommand } from "../../../handlers/commands/engine-command.ts";
import type { RequestRecord, StepProgress, WishKind } from "../../../src/domain/request.ts";
import type { Transition } from "../../../src/domain/transitions/change.ts";
import { shownPlan } from "../../../src/domain/transitions/reading.ts";
import { committed, ended, progressed, started } from "../../../src/domain/transitions/running.ts";
import { anEvent } from "../../support/records.ts";
import { AnEdge } from "./an-edge.ts";

let edge: AnEdge;
let record: RequestRecord;
const steps: StepProgress[] = ["look", "pod-2", "pod-1"].map((id) => {
  return { id, title: id, state: "pending", ...(id === "look" ? {} : { safePoint: true }) };
});

/** A request that runs, by a rule of Bob and Carol, asked for by Alice. */
beforeEach(async () => {
  edge = new AnEdge();
  await edge.announce();
  const payload = { team_id: "T1", user_id: "UALICE", channel_id: "C1", trigger_id: "1", text: "failover orders" };
  await answerEngineCommand("dolt", payload, edge.services);
  record = await edge.plan("r-1");
  await click("approve");
  await change((now, nowMs) => started(now, { id: "x-1", worker: "w-1", steps }, nowMs));
});

async function click(decision: WishKind | "approve", over: { user?: string; ts?: string } = {}) {
  const value = { cluster: "main", requestId: "r-1", fingerprint: shownPlan(record)?.fingerprint };
  const payload = {
    user: { id: over.user ?? "UBOB", team_id: "T1" },
    team: { id: "T1" },
    container: { channel_id: "C1", message_ts: over.ts ?? "1.0" },
    actions: [{ value: JSON.stringify(value) }],
  };
  await answerClick(decision, payload, edge.services);
}

/** What the worker does meanwhile. */
async function change(decide: (record: RequestRecord, nowMs: number) => Transition) {
  const next = decide(await now(), edge.clock.nowMs());
  if (!next.ok) throw new Error(next.problem.what);
  await edge.requests.compareAndSet(next.record, anEvent());
}

async function now(): Promise<RequestRecord> {
  const found = await edge.requests.read("r-1");
  if (found === null) throw new Error("there is no r-1");
  return found.record;
}

const told = () => edge.chat.sent.filter(({ method }) => method === "ephemeral").length;
const face = () => JSON.stringify(edge.chat.sent.findLast(({ method }) => method === "update")?.message.blocks ?? []);
const allDone = () => steps.map((step) => ({ ...step, state: "done" as const }));

it.each(["UALICE", "UBOB", "UCAROL"])("%s, who asked or may approve, can pause, resume and cancel it", async (user) => {
  await click("pause", { user });
  expect((await now()).wish).toMatchObject({ kind: "pause", by: { userId: user } });
  await edge.clock.pass(1_000);
  await click("resume", { user });
  expect((await now()).wish).toMatchObject({ kind: "resume" });
  await edge.clock.pass(1_000);
  await click("cancel", { user });
  expect((await now()).wish).toMatchObject({ kind: "cancel" });
  expect(told()).toBe(0);
  const kinds = edge.requests.events.map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(["pause_wished", "resume_wished", "cancel_wished"]));
});

it("shows a wish at once, though the message was drawn a moment ago", async () => {
  await click("pause");
  expect(face()).toContain("Paused* by <@UBOB>");
  await edge.clock.pass(1);
  await click("resume");
  expect(face()).not.toContain("Paused");
  expect(face()).toContain("handover_pause");
});

describe("answers to the clicker alone, changing nothing,", () => {
  it.each<[string, () => Promise<void>, string]>([
    ["somebody whom it does not concern", () => click("pause", { user: "UDAVE" }), "Only the person who asked"],
    ["a click on another message", () => click("cancel", { ts: "9.9" }), "Use the newer message"],
    ["who resumes what is not paused", () => click("resume"), "is running already"],
  ])("%s", async (_, act, answer) => {
    const before = await now();
    await act();
    expect(edge.lastTold).toContain(answer);
    expect(await now()).toEqual(before);
    expect(edge.requests.events.at(-1)).toMatchObject({ kind: "click_refused" });
  });

  it("who pauses a second time", async () => {
    await click("pause");
    await click("pause", { user: "UCAROL" });
    expect(edge.lastTold).toContain("is paused (<@UBOB>) already");
  });

  it("who pauses or resumes what is being stopped", async () => {
    await click("cancel");
    await click("pause", { user: "UCAROL" });
    expect(edge.lastTold).toContain("is being stopped (<@UBOB>) already");
  });

  it.each<WishKind>(["cancel", "pause"])("who comes too late with %s", async (kind) => {
    await change(committed);
    await change((record, nowMs) => progressed(record, allDone(), nowMs));
    await click(kind);
    expect(edge.lastTold).toContain("past the last place where it could be stopped or paused");
  });

  it("who comes when it has ended", async () => {
    const outcome = { atMs: 1, summary: "Done.", writesStoppedMs: null, problems: [] };
    await change((record, nowMs) => ended(record, "succeeded", outcome, allDone(), nowMs));
    await click("cancel");
    expect(edge.lastTold).toContain("is already settled: succeeded at");
  });
});

it("a cancel and the commitment at one moment: whichever is written first counts", async () => {
  await Promise.all([click("cancel"), change(committed).catch(() => undefined)]);
  const { wish, execution } = await now();
  expect(wish?.kind).toBe("cancel");
  // Committed first, it is a wish to stop at the next pod; cancelled first, it never commits.
  const late = committed(await now(), edge.clock.nowMs());
  expect(execution?.committed === true || !late.ok).toBe(true);
});
