import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FaceDrawer } from "../../../handlers/face/drawer.ts";
import { faceMessage } from "../../../handlers/messages/face.ts";
import type { Person } from "../../../src/domain/people.ts";
import type { RequestRecord } from "../../../src/domain/request.ts";
import { deny } from "../../../src/domain/transitions/approving.ts";
import { planned } from "../../../src/domain/transitions/planning.ts";
import { type Chat, ChatError, type ChatMessage } from "../../../src/ports/chat.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryFaceStore, MemoryRequestStore } from "../../support/memory-request-store.ts";
import { anEvent, aPlan, aRecord, bob, listed, unverified } from "../../support/records.ts";

/** What happens to one call: when it reaches Slack, and what the caller hears. */
type Fate =
  | { readonly kind: "done" }
  /** Slack does it, now or after so long, and nobody hears of it. */
  | { readonly kind: "unheard"; readonly afterMs: number }
  | { readonly kind: "lost" }
  | { readonly kind: "slow_down" }
  | { readonly kind: "deleted" };

/** A Slack that is as unreliable as networks are, for as long as it is told. */
class UnreliableSlack implements Chat {
  readonly shown = new Map<string, ChatMessage>();
  readonly replies: { readonly threadTs: string; readonly message: ChatMessage }[] = [];
  readonly #clock: ManualClock;
  readonly #fates: Fate[];
  #late: { readonly atMs: number; readonly act: () => void }[] = [];
  #lastTs = 0;

  constructor(clock: ManualClock, fates: readonly Fate[]) {
    this.#clock = clock;
    this.#fates = [...fates];
  }

  async post(_channelId: string, message: ChatMessage, threadTs: string | null): Promise<{ ts: string }> {
    this.#lastTs += 1;
    const ts = `${this.#lastTs}.0`;
    await this.#meet(() => {
      if (threadTs === null) this.shown.set(ts, message);
      else this.replies.push({ threadTs, message });
    });
    return { ts };
  }

  async update(_channelId: string, ts: string, message: ChatMessage): Promise<void> {
    if (!this.shown.has(ts)) throw new ChatError("refused", "message_not_found");
    await this.#meet(() => {
      if (this.shown.has(ts)) this.shown.set(ts, message);
    }, ts);
  }

  async ephemeral(_channelId: string, _person: Person, _message: ChatMessage): Promise<void> {}

  async permalink(): Promise<string> {
    return "";
  }

  /** From now on every call is done and answered. */
  heal(): void {
    this.#fates.length = 0;
  }

  /** What was under way for long enough by now arrives. */
  arrive(): void {
    const due = this.#late.filter(({ atMs }) => atMs <= this.#clock.nowMs());
    this.#late = this.#late.filter((one) => !due.includes(one));
    for (const { act } of due) act();
  }

  async #meet(act: () => void, ts?: string): Promise<void> {
    const fate = this.#fates.shift() ?? { kind: "done" };
    switch (fate.kind) {
      case "done":
        act();
        return;
      case "unheard":
        this.#late.push({ atMs: this.#clock.nowMs() + fate.afterMs, act });
        this.arrive();
        throw new ChatError("unknown", "no_answer");
      case "lost":
        throw new ChatError("unknown", "no_answer");
      case "slow_down":
        throw new ChatError("slow_down", "ratelimited", 2_000);
      case "deleted":
        if (ts === undefined) return act();
        this.shown.delete(ts);
        throw new ChatError("refused", "message_not_found");
    }
  }
}

const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.constant({ kind: "done" as const }),
  fc.record({ kind: fc.constant("unheard" as const), afterMs: fc.integer({ min: 0, max: 9_900 }) }),
  fc.constant({ kind: "lost" as const }),
  fc.constant({ kind: "slow_down" as const }),
  fc.constant({ kind: "deleted" as const }),
);
const turn = fc.oneof(
  fc.record({ kind: fc.constant("draw" as const), drawer: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 7_000 }) }),
  fc.constant({ kind: "change" as const }),
);

async function bench(fates: readonly Fate[]) {
  const clock = new ManualClock();
  const requests = new MemoryRequestStore(clock);
  const faces = new MemoryFaceStore(requests, clock);
  const chat = new UnreliableSlack(clock, fates);
  const drawers = [0, 1, 2].map(() => new FaceDrawer({ requests, faces, chat, clock }));
  await requests.create({ build: (nowMs) => aRecord({}, nowMs), deliveryId: "d-1", audit: anEvent() });
  const read = async (): Promise<RequestRecord> => {
    const found = await requests.read("r-1");
    if (found === null) throw new Error("there is no r-1");
    return found.record;
  };
  /** From planning to waiting, with its buttons; from waiting to denied, without. */
  const change = async () => {
    const record = await read();
    const plan = aPlan({ approval: listed("UBOB") });
    const nowMs = clock.nowMs();
    const next =
      record.state === "planning"
        ? planned(record, unverified(plan), plan, nowMs)
        : deny(record, bob, plan.fingerprint, "no", nowMs);
    if (next.ok) await requests.compareAndSet(next.record, anEvent());
  };
  return { clock, requests, faces, chat, drawers, read, change };
}

describe("however Slack delays, loses and reorders what is sent", () => {
  it("the message ends as the record is, no button comes back, and the thread tells it all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { maxLength: 14 }), fc.array(turn, { maxLength: 24 }), async (fates, turns) => {
        const { clock, requests, faces, chat, drawers, read, change } = await bench(fates);
        for (const step of turns) {
          if (step.kind === "change") await change();
          else if (step.kind === "pass") await clock.pass(step.ms);
          else await drawers[step.drawer]?.drawOnce("r-1", { deadlineMs: 1_000 });
          chat.arrive();
        }
        await change();
        await change();
        // Workers sweep every 5 s; whatever is on its way arrives within 10.
        for (let sweep = 0; sweep < 40; sweep += 1) {
          await drawers[sweep % 3]?.sweep({ deadlineMs: 1_000 });
          await clock.pass(5_000);
          chat.arrive();
        }
        expect(await requests.undrawn()).toEqual([]);
        const face = await faces.read("r-1");
        const record = await read();
        expect(record.state).toBe("denied");
        const shown = chat.shown.get(face?.ts ?? "none");
        expect(withoutIds(shown)).toBe(withoutIds(faceMessage(record)));
        const told = chat.replies
          .filter(({ threadTs }) => threadTs === face?.ts)
          .map(({ message }) => JSON.stringify(message));
        for (const { text } of record.story) expect(told.join()).toContain(text.slice(0, 20));
      }),
      { numRuns: 150 },
    );
  });

  it("the last draw arrives though Slack was away for an hour, and nothing waits for it", async () => {
    const hour: readonly Fate[] = Array.from({ length: 2_000 }, () => ({ kind: "lost" }));
    const { clock, requests, chat, drawers, change } = await bench([{ kind: "done" }, ...hour]);
    const [drawer] = drawers;
    await drawer?.drawOnce("r-1", { deadlineMs: 1_000 });
    await change();
    await change();
    for (let sweep = 0; sweep < 720; sweep += 1) {
      await drawer?.sweep({ deadlineMs: 1_000 });
      await clock.pass(5_000);
    }
    expect(await requests.undrawn()).toEqual(["r-1"]);
    chat.heal();
    for (let sweep = 0; sweep < 6; sweep += 1) {
      await drawer?.sweep({ deadlineMs: 1_000 });
      await clock.pass(5_000);
    }
    expect(await requests.undrawn()).toEqual([]);
    expect(JSON.stringify(chat.shown.get("1.0"))).toContain("Denied");
  });
});

/** Block ids are new in each draw; the note that a message was posted again does not come from the record. */
function withoutIds(message: ChatMessage | undefined): string {
  const blocks = (message?.blocks ?? []).filter((block) => !JSON.stringify(block).includes("Posted again"));
  return JSON.stringify(blocks, (key, value: unknown) => (key === "block_id" ? undefined : value));
}
