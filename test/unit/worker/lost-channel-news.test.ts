import { beforeEach, describe, expect, it } from "vitest";
import { FaceDrawer } from "../../../handlers/face/drawer.ts";
import type { RequestRecord } from "../../../src/domain/request.ts";
import type { Transition } from "../../../src/domain/transitions/change.ts";
import { takenBack, withdrawn } from "../../../src/domain/transitions/ending-early.ts";
import { ChatError, type ChatMessage } from "../../../src/ports/chat.ts";
import { LostChannelNews } from "../../../src/worker/lost-channel-news.ts";
import { MessageKeeper } from "../../../src/worker/message-keeper.ts";
import { planRequest } from "../../../src/worker/plan-request.ts";
import { MemoryOnce } from "../../support/memory-once.ts";
import { MemoryFaceStore } from "../../support/memory-request-store.ts";
import { alice, anEvent, aRecord } from "../../support/records.ts";
import { RecordedChat } from "../handlers/recorded-chat.ts";
import { AWorker } from "./a-worker.ts";

const never = new AbortController().signal;

/** A Slack in which the app was taken out of some channels. */
class ClosingChat extends RecordedChat {
  readonly closed = new Map<string, ChatError>();

  override async post(channelId: string, message: ChatMessage, threadTs: string | null) {
    this.#refuse(channelId);
    return await super.post(channelId, message, threadTs);
  }

  override async update(channelId: string, ts: string, message: ChatMessage) {
    this.#refuse(channelId);
    await super.update(channelId, ts, message);
  }

  /** What was posted there. */
  in(channelId: string): string[] {
    return this.sent
      .filter((sent) => sent.channelId === channelId)
      .map(({ message }) => JSON.stringify(message.blocks));
  }

  #refuse(channelId: string): void {
    const error = this.closed.get(channelId);
    if (error !== undefined) throw error;
  }
}

let worker: AWorker;
let chat: ClosingChat;
let once: MemoryOnce;
let keepers: MessageKeeper[];

beforeEach(async () => {
  worker = new AWorker();
  chat = new ClosingChat();
  once = new MemoryOnce();
  const { store, clock } = worker;
  const { log } = worker.services();
  // Two workers, as after a restart too: neither knows what the other has told.
  keepers = [1, 2].map(() => {
    const drawer = new FaceDrawer({ requests: store, faces: new MemoryFaceStore(store, clock), chat, clock });
    return new MessageKeeper(drawer, log, new LostChannelNews({ store, once, chat, channelId: "COPS", log }));
  });
  await store.create({ build: (nowMs) => aRecord({}, nowMs), deliveryId: "d-1", audit: anEvent() });
});

async function sweep(): Promise<void> {
  for (const keeper of keepers) await keeper.sweep(never);
}

async function change(transition: (record: RequestRecord, nowMs: number) => Transition): Promise<void> {
  const found = await worker.store.read("r-1");
  const next = found === null ? null : transition(found.record, found.nowMs);
  if (next === null || !next.ok) throw new Error("not possible");
  await worker.store.compareAndSet(next.record, anEvent());
}

const plan = () => planRequest({ ...worker.services(), chat }, "r-1", never);
const kickOut = (channelId = "C1", slackError = "not_in_channel") =>
  chat.closed.set(channelId, new ChatError("refused", slackError));

describe("a request whose channel the app was taken out of", () => {
  it("is told in the cluster's channel and to whoever asked, once while it waits and once with its end", async () => {
    await sweep();
    expect(chat.in("C1")).toHaveLength(1);
    kickOut();
    await plan();
    await sweep();
    await sweep();
    for (const place of ["COPS", alice.userId]) {
      expect(chat.in(place)).toEqual([expect.stringContaining("Nobody can approve it while its message is not there")]);
      expect(chat.in(place)[0]).toContain("<#C1>");
      expect(chat.in(place)[0]).toContain("not_in_channel");
    }
    await change((record, nowMs) => takenBack(record, alice, nowMs));
    await sweep();
    await sweep();
    for (const place of ["COPS", alice.userId]) {
      expect(chat.in(place)).toHaveLength(2);
      expect(chat.in(place)[1]).toContain("withdrawn");
    }
  });

  it("is shown there again when the app is back, and told nowhere else any more", async () => {
    kickOut("C1", "is_archived");
    await plan();
    await sweep();
    expect(chat.in("COPS")).toHaveLength(1);
    chat.closed.clear();
    await change((record, nowMs) => takenBack(record, alice, nowMs));
    await sweep();
    expect(chat.in("C1").length).toBeGreaterThan(0);
    expect(chat.in("COPS")).toHaveLength(1);
  });

  it("is told to whoever asked when it is the cluster's own channel, and again tried when nobody could be told", async () => {
    await change((record) => ({ ok: true, record: { ...record, revision: record.revision + 1, channelId: "COPS" } }));
    kickOut("COPS");
    kickOut(alice.userId, "user_not_found");
    await plan();
    await sweep();
    expect(chat.in(alice.userId)).toEqual([]);
    chat.closed.delete(alice.userId);
    // What was begun and not done lapses.
    once.known.clear();
    await sweep();
    expect(chat.in(alice.userId)).toHaveLength(1);
    expect(chat.in("COPS")).toEqual([]);
  });

  it("is told nowhere when the edge has taken it back, and told the person", async () => {
    kickOut();
    await change((record, nowMs) => withdrawn(record, "its message cannot be posted", nowMs));
    await sweep();
    expect(chat.sent).toEqual([]);
  });
});
