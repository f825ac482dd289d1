import { beforeEach, expect, test } from "vitest";
import type { ChannelState, KnownChannel, KnownChannels } from "../../../src/ports/channels.ts";
import { ChatError } from "../../../src/ports/chat.ts";
import { ChannelKeeper } from "../../../src/worker/channel-keeper.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const open: ChannelState = { isShared: false, isArchived: false, hasApp: true };
const dayMs = 24 * 60 * 60_000;

class Known implements KnownChannels {
  readonly channels = new Map<string, KnownChannel>();
  keeper: string | null = null;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async read() {
    return open;
  }

  async note(channelId: string) {
    const nowMs = this.#clock.nowMs();
    this.channels.set(channelId, { channelId, asOfMs: nowMs, notedAtMs: nowMs });
  }

  async hold(keeper: string) {
    if (this.keeper !== null && this.keeper !== keeper) return null;
    this.keeper = keeper;
    return {
      channels: [...this.channels.values()].toSorted((a, b) => a.asOfMs - b.asOfMs),
      nowMs: this.#clock.nowMs(),
    };
  }

  async refresh(channelId: string, state: ChannelState | null) {
    const known = this.channels.get(channelId);
    if (state === null || known === undefined) this.channels.delete(channelId);
    else this.channels.set(channelId, { ...known, asOfMs: this.#clock.nowMs() });
  }

  ageMs(channelId: string): number {
    return this.#clock.nowMs() - (this.channels.get(channelId)?.asOfMs ?? Number.NaN);
  }
}

let clock: ManualClock;
let known: Known;
let looked: string[];
let answer: (channelId: string) => Promise<ChannelState>;

beforeEach(() => {
  clock = new ManualClock();
  known = new Known(clock);
  looked = [];
  answer = async () => open;
});

function keeper(workerId = "w-1") {
  const quiet = () => undefined;
  const slack = {
    look: async (channelId: string) => {
      looked.push(channelId);
      return await answer(channelId);
    },
  };
  const log = { info: quiet, warn: quiet, error: quiet };
  return new ChannelKeeper({ known, slack, workerId, clock, random: () => 0.99, log });
}

async function runFor(durationMs: number, ...keepers: readonly ChannelKeeper[]) {
  const stop = new AbortController();
  const running = Promise.all(keepers.map((one) => one.run(stop.signal)));
  for (let ms = 0; ms < durationMs; ms += 1_000) await clock.pass(1_000);
  stop.abort();
  await clock.pass(0);
  await running;
}

test("channels in which people ask are kept younger than what edges rely on, by one worker, within Slack's rate", async () => {
  for (let index = 0; index < 20; index += 1) await known.note(`C${index}`);
  await runFor(10 * 60_000, keeper(), keeper("w-2"));
  for (let index = 0; index < 20; index += 1) expect(known.ageMs(`C${index}`)).toBeLessThan(3 * 60_000);
  expect(looked.length / 10).toBeLessThan(25);
});

test("what Slack does not say stays as it is; a channel that is gone, or in which nobody asks, is forgotten", async () => {
  for (const id of ["CGONE", "CSILENT", "CUSED", "COLD"]) await known.note(id);
  known.channels.set("COLD", { channelId: "COLD", asOfMs: clock.nowMs(), notedAtMs: clock.nowMs() - 8 * dayMs });
  answer = async (channelId) => {
    if (channelId === "CGONE") throw new ChatError("refused", "channel_not_found");
    if (channelId === "CSILENT") throw new ChatError("unknown", "no_answer");
    return open;
  };
  await runFor(2 * 60_000, keeper());
  expect([...known.channels.keys()]).toEqual(["CSILENT", "CUSED"]);
  expect(known.ageMs("CSILENT")).toBeGreaterThanOrEqual(2 * 60_000);
  expect(known.ageMs("CUSED")).toBeLessThan(2 * 60_000);
});
