import { beforeEach, describe, expect, it } from "vitest";
import { progressPauseMs, unknownPostPauseMs } from "../../../handlers/face/draw.ts";
import { FaceDrawer } from "../../../handlers/face/drawer.ts";
import type { RequestRecord } from "../../../src/domain/request.ts";
import { deny } from "../../../src/domain/transitions/approving.ts";
import { planned } from "../../../src/domain/transitions/planning.ts";
import { progressed, started } from "../../../src/domain/transitions/running.ts";
import { ChatError } from "../../../src/ports/chat.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryFaceStore, MemoryRequestStore } from "../../support/memory-request-store.ts";
import { anEvent, aPlan, aRecord, bob, unverified } from "../../support/records.ts";
import { RecordedChat, unknownOutcome } from "./recorded-chat.ts";

let clock: ManualClock;
let store: MemoryRequestStore;
let faces: MemoryFaceStore;
let chat: RecordedChat;
let drawer: FaceDrawer;

beforeEach(async () => {
  clock = new ManualClock();
  store = new MemoryRequestStore(clock);
  faces = new MemoryFaceStore(store, clock);
  chat = new RecordedChat();
  drawer = new FaceDrawer({ requests: store, faces, chat, clock });
  await store.create({ build: (nowMs) => aRecord({}, nowMs), deliveryId: "d-1", audit: anEvent() });
});

const draw = () => drawer.drawOnce("r-1", { deadlineMs: 1_000 });

describe("drawing", () => {
  it("posts once, then updates that message and tells the story in its thread", async () => {
    expect(await draw()).toEqual({ kind: "drawn", channelId: "C1", ts: "1.0" });
    await toAwaiting();
    expect(await draw()).toMatchObject({ kind: "drawn", ts: "1.0" });
    expect(await draw()).toMatchObject({ kind: "drawn", ts: "1.0" });
    expect(chat.story).toEqual(["post 1.0", "update 1.0", "reply 1.0"]);
    expect(await store.undrawn()).toEqual([]);
  });

  it("always sends blocks", async () => {
    await draw();
    await toAwaiting();
    await draw();
    for (const { message } of chat.sent) expect(message.blocks.length).toBeGreaterThan(0);
  });

  it("looks again after the draw, so that a change in the middle of it is not left behind", async () => {
    chat.meanwhile = async () => {
      chat.meanwhile = async () => undefined;
      await toAwaiting();
      expect(await draw()).toEqual({ kind: "busy" });
    };
    expect(await draw()).toMatchObject({ kind: "drawn" });
    expect(await store.undrawn()).toEqual([]);
  });

  it("tells entries that came together in one message", async () => {
    await draw();
    await toAwaiting();
    await change((record, nowMs) => deny(record, bob, aPlan().fingerprint, "no", nowMs));
    await draw();
    expect(chat.story).toEqual(["post 1.0", "update 1.0", "reply 1.0"]);
  });

  it("shows as expired what has expired, before anybody wrote it down", async () => {
    await toAwaiting();
    await clock.pass(16 * 60_000);
    await draw();
    expect(JSON.stringify(chat.sent[0]?.message.blocks)).toContain("*Expired*");
  });
});

describe("pauses", () => {
  beforeEach(async () => {
    await toAwaiting();
    await change((record) => ({ ok: true, record: { ...record, revision: record.revision + 1, state: "approved" } }));
    await draw();
  });

  it("shows the start at once, progress at most once in 3 s, and the end at once", async () => {
    await clock.pass(1);
    await change((record, nowMs) => started(record, { id: "e-1", worker: "w-1", steps: steps("running") }, nowMs));
    expect(await draw()).toMatchObject({ kind: "drawn" });
    await change((record, nowMs) => progressed(record, steps("done"), nowMs));
    expect(await drawer.sweep({ deadlineMs: 1_000 })).toBe(progressPauseMs);
    await change((record) => ({ ok: true, record: { ...record, revision: record.revision + 1, state: "succeeded" } }));
    expect(await draw()).toMatchObject({ kind: "drawn" });
  });

  it("shows the end that came while another drawer put progress off", async () => {
    await change((record, nowMs) => started(record, { id: "e-1", worker: "w-1", steps: steps("running") }, nowMs));
    const reads = store.read.bind(store);
    store.read = async (id) => {
      const found = await reads(id);
      store.read = reads;
      await change((record) => ({
        ok: true,
        record: { ...record, revision: record.revision + 1, state: "succeeded" },
      }));
      expect(await draw()).toEqual({ kind: "busy" });
      return found;
    };
    expect(await draw()).toMatchObject({ kind: "drawn" });
    expect(JSON.stringify(chat.sent.findLast(({ method }) => method === "update")?.message.blocks)).toContain(
      "*Succeeded*",
    );
  });

  it("leaves Slack alone for as long as it asks, whatever the request", async () => {
    await change((record) => ({ ok: true, record: { ...record, revision: record.revision + 1, state: "failed" } }));
    chat.failures.push({ error: new ChatError("slow_down", "ratelimited", 20_000), isSent: false });
    expect(await draw()).toMatchObject({ kind: "later", inMs: 20_000 });
    await store.create({ build: (nowMs) => aRecord({ id: "r-2" }, nowMs), deliveryId: "d-2", audit: anEvent() });
    expect(await drawer.drawOnce("r-2", { deadlineMs: 1_000 })).toMatchObject({ kind: "later", inMs: 20_000 });
    await clock.pass(20_000);
    expect(await draw()).toMatchObject({ kind: "drawn" });
  });
});

describe("a post without an answer", () => {
  it("is posted again after 10 s, marked so", async () => {
    chat.failures.push({ error: unknownOutcome, isSent: true });
    expect(await draw()).toMatchObject({ kind: "later" });
    await clock.pass(unknownPostPauseMs - 1);
    expect(await draw()).toMatchObject({ kind: "later", inMs: 1 });
    await clock.pass(1);
    expect(await draw()).toMatchObject({ kind: "drawn", ts: "2.0" });
    expect(chat.story).toEqual(["post 1.0", "post 2.0"]);
    expect(JSON.stringify(chat.sent[1]?.message.blocks)).toContain("Posted again");
  });

  it("of a drawer that died is posted again by another", async () => {
    const lock = await faces.lock("r-1", 1_000);
    const begun = { channelId: "C1", ts: null, drawnRevision: 0, toldEntries: 0, postingSinceMs: clock.nowMs() };
    expect(await lock?.note(begun)).toBe(true);
    await clock.pass(unknownPostPauseMs);
    expect(await draw()).toMatchObject({ kind: "drawn" });
    expect(JSON.stringify(chat.sent[0]?.message.blocks)).toContain("Posted again");
  });

  it("in the thread is told again after 10 s, marked so", async () => {
    await draw();
    await toAwaiting();
    chat.failures.push(null, { error: unknownOutcome, isSent: true });
    expect(await draw()).toMatchObject({ kind: "later" });
    expect(await draw()).toMatchObject({ kind: "later" });
    await clock.pass(unknownPostPauseMs);
    expect(await draw()).toMatchObject({ kind: "drawn" });
    expect(JSON.stringify(chat.sent.at(-1)?.message.blocks)).toContain("Told again");
  });

  it("that came so late that another drawer holds the message is marked as replaced: of two only one has buttons", async () => {
    await toAwaiting();
    chat.meanwhile = async () => {
      chat.meanwhile = async () => undefined;
      await clock.pass(unknownPostPauseMs);
      expect(
        await new FaceDrawer({ requests: store, faces, chat, clock }).drawOnce("r-1", { deadlineMs: 1_000 }),
      ).toMatchObject({ kind: "drawn", ts: "2.0" });
    };
    expect(await draw()).toEqual({ kind: "busy" });
    expect(chat.story.at(-1)).toBe("update 1.0");
    expect(JSON.stringify(chat.sent.at(-1)?.message.blocks)).toContain("Nothing here counts any more");
    expect(JSON.stringify(chat.sent.at(-1)?.message.blocks)).not.toContain("button");
    expect((await faces.read("r-1"))?.ts).toBe("2.0");
  });

  it("that was clearly refused is not waited for", async () => {
    chat.failures.push({ error: new ChatError("slow_down", "ratelimited", 100), isSent: false });
    expect(await draw()).toMatchObject({ kind: "later", inMs: 100 });
    await clock.pass(100);
    expect(await draw()).toMatchObject({ kind: "drawn" });
    expect(JSON.stringify(chat.sent[0]?.message.blocks)).not.toContain("Posted again");
  });
});

describe("an update without an answer", () => {
  it("is drawn once more when it cannot be on its way any longer, whatever was drawn since", async () => {
    await draw();
    await toAwaiting();
    chat.failures.push({ error: unknownOutcome, isSent: false });
    expect(await draw()).toMatchObject({ kind: "later" });
    await change((record, nowMs) => deny(record, bob, aPlan().fingerprint, "no", nowMs));
    expect(await draw()).toMatchObject({ kind: "later", inMs: unknownPostPauseMs });
    expect(await store.undrawn()).toEqual(["r-1"]);
    const before = chat.sent.length;
    await clock.pass(unknownPostPauseMs - 1);
    expect(await draw()).toMatchObject({ kind: "later", inMs: 1 });
    expect(chat.sent).toHaveLength(before);
    await clock.pass(1);
    expect(await draw()).toMatchObject({ kind: "drawn" });
    expect(chat.sent).toHaveLength(before + 1);
    expect(await store.undrawn()).toEqual([]);
  });

  it("of a drawer that died is, too", async () => {
    await draw();
    await toAwaiting();
    await draw();
    const face = await faces.read("r-1");
    const lock = await faces.lock("r-1", 1_000);
    if (face === null || lock === null) throw new Error("there is no face to lock");
    await lock.note({ ...face, unsureSinceMs: clock.nowMs() });
    await lock.release();
    await clock.pass(unknownPostPauseMs);
    expect(await drawer.sweep({ deadlineMs: 1_000 })).toBeNull();
    expect(await store.undrawn()).toEqual([]);
  });
});

describe("a message Slack will not have", () => {
  it("is said to be refused, and not tried again before the record changes", async () => {
    chat.failures.push({ error: new ChatError("refused", "not_in_channel"), isSent: false });
    expect(await draw()).toEqual({ kind: "refused", slackError: "not_in_channel" });
    expect(await drawer.sweep({ deadlineMs: 1_000 })).toBeNull();
    expect(chat.sent).toEqual([]);
    await toAwaiting();
    expect(await drawer.sweep({ deadlineMs: 1_000 })).toBeNull();
    expect(chat.story).toEqual(["post 2.0", "reply 2.0"]);
  });

  it("and that was deleted is posted anew, with its whole story", async () => {
    await toAwaiting();
    await draw();
    await change((record, nowMs) => deny(record, bob, aPlan().fingerprint, "no", nowMs));
    chat.failures.push({ error: new ChatError("refused", "message_not_found"), isSent: false });
    expect(await draw()).toMatchObject({ kind: "drawn", ts: "3.0" });
    expect(chat.story).toEqual(["post 1.0", "reply 1.0", "post 3.0", "reply 3.0"]);
    expect(JSON.stringify(chat.sent.at(-1)?.message.blocks)).toContain("Plan made");
  });
});

it("says that a request is gone", async () => {
  expect(await drawer.drawOnce("r-9", { deadlineMs: 1_000 })).toEqual({ kind: "gone" });
});

async function toAwaiting(): Promise<void> {
  const plan = aPlan();
  await change((record, nowMs) => planned(record, unverified(plan), plan, nowMs));
}

async function change(transition: (record: RequestRecord, nowMs: number) => ReturnType<typeof planned>): Promise<void> {
  const found = await store.read("r-1");
  if (found === null) throw new Error("there is no r-1");
  const next = transition(found.record, found.nowMs);
  if (!next.ok) throw new Error(next.problem.what);
  expect(await store.compareAndSet(next.record, anEvent())).toBe(true);
}

function steps(state: "running" | "done") {
  return [{ id: "demote", title: "Demote orders-0", state }] as const;
}
