import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { oldestMembershipMs } from "../../../src/domain/memberships.ts";
import { type Principal, principalKey } from "../../../src/domain/principals.ts";
import type { DirectoryAnswer, KeptMembership, KeptMemberships } from "../../../src/ports/memberships.ts";
import { MembershipKeeper } from "../../../src/worker/membership-keeper.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const group = (id: string): Principal => ({ kind: "usergroup", id });
const email = (address: string): Principal => ({ kind: "email", email: address });
const members = (...ids: string[]): DirectoryAnswer => ({ kind: "members", members: ids });

/** The store, with time as the test has it. */
class Kept implements KeptMemberships {
  readonly entries = new Map<string, KeptMembership>();
  readonly #clock: ManualClock;
  keeper: string | null = null;
  untilMs = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async hold(keeper: string, holdMs: number) {
    const nowMs = this.#clock.nowMs();
    if (this.keeper !== null && this.keeper !== keeper && nowMs < this.untilMs) return null;
    this.keeper = keeper;
    this.untilMs = nowMs + holdMs;
    return { entries: new Map(this.entries), nowMs };
  }

  async write(keeper: string, entries: ReadonlyMap<string, KeptMembership>, gone: readonly string[]) {
    if (keeper !== this.keeper) return;
    for (const [key, entry] of entries) this.entries.set(key, entry);
    for (const key of gone) this.entries.delete(key);
  }

  async release(keeper: string) {
    if (keeper === this.keeper) this.keeper = null;
  }

  ageMs(principal: Principal): number {
    return this.#clock.nowMs() - (this.entries.get(principalKey(principal))?.known?.asOfMs ?? Number.NaN);
  }
}

let clock: ManualClock;
let kept: Kept;
/** What was asked for, look by look, with when. */
let asked: { readonly atMs: number; readonly principals: readonly Principal[] }[];
let answer: (principal: Principal) => DirectoryAnswer;
let logged: string[];

beforeEach(() => {
  clock = new ManualClock();
  kept = new Kept(clock);
  asked = [];
  logged = [];
  answer = () => members("UBOB");
});

function keeper(principals: readonly Principal[], workerId = "w-1", random = () => 0.5) {
  const log = (_: object, text: string) => void logged.push(text);
  return new MembershipKeeper({
    kept,
    principals,
    workerId,
    clock,
    random,
    log: { info: log, warn: log, error: log },
    directories: {
      ask: async (wanted) => {
        asked.push({ atMs: clock.nowMs(), principals: wanted });
        return new Map(wanted.map((principal) => [principalKey(principal), answer(principal)]));
      },
    },
  });
}

/** Runs these keepers for so long, looking every second at what a test wants to see. */
async function runFor(durationMs: number, keepers: readonly MembershipKeeper[], each: () => void = () => undefined) {
  const stop = new AbortController();
  const running = Promise.all(keepers.map((one) => one.run(stop.signal)));
  for (let ms = 0; ms < durationMs; ms += 1_000) {
    await clock.pass(1_000);
    each();
  }
  stop.abort();
  await clock.pass(0);
  await running;
}

describe("the keeper of who is in which group", () => {
  test("keeps every answer younger than a minute, whatever the jitter, with one worker asking", async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), async (jitter) => {
        clock = new ManualClock();
        kept = new Kept(clock);
        asked = [];
        const random = () => jitter.next().value ?? 0;
        const groups = ["S1", "S2", "S3"].map(group);
        let oldestMs = 0;
        await runFor(
          10 * 60_000,
          ["w-1", "w-2", "w-3"].map((id) => keeper(groups, id, random)),
          () => {
            for (const one of groups) oldestMs = Math.max(oldestMs, kept.ageMs(one));
          },
        );
        expect(oldestMs).toBeLessThanOrEqual(60_000);
        // All three groups with each look, and far below Slack's 20 looks a minute.
        expect(new Set(asked.map(({ principals }) => principals.length))).toEqual(new Set([3]));
        expect(asked.length).toBeLessThanOrEqual(10 * 1.6 + 1);
      }),
      { numRuns: 10 },
    );
  });

  test("asks for people whom the policy names by id from nobody", async () => {
    await runFor(60_000, [keeper([{ kind: "user", userId: "UBOB" }])]);
    expect(asked).toEqual([]);
    expect(kept.keeper).toBeNull();
  });

  test("leaves the older answer, with its age, when none comes, asks sooner, and tells the trouble once", async () => {
    await runFor(5_000, [keeper([group("S1")])]);
    const before = kept.entries.get("usergroup:S1");
    const callsBefore = asked.length;
    answer = () => ({ kind: "no_answer", why: "Slack did not answer in time" });
    await runFor(4 * 60_000, [keeper([group("S1")])]);
    const after = kept.entries.get("usergroup:S1");
    expect(after).toEqual({
      known: before?.known,
      trouble: { why: "Slack did not answer in time", atMs: expect.any(Number) },
    });
    expect(kept.ageMs(group("S1"))).toBeGreaterThan(3 * 60_000);
    const calls = asked.length - callsBefore;
    expect(calls).toBeGreaterThan(8);
    expect(calls).toBeLessThan(4 * 20);
    expect(logged.filter((text) => text.includes("cannot be found out"))).toHaveLength(1);
    answer = () => members("UCAROL");
    await runFor(20_000, [keeper([group("S1")])]);
    expect(kept.entries.get("usergroup:S1")).toMatchObject({ known: { answer: members("UCAROL") }, trouble: null });
    expect(logged.at(-1)).toContain("known again");
  });

  test("does not leave the older answer when it is certain that there is nobody any more", async () => {
    await runFor(5_000, [keeper([group("S1")])]);
    answer = () => ({ kind: "nobody", why: "this Slack group was disabled" });
    await runFor(60_000, [keeper([group("S1")])]);
    expect(kept.entries.get("usergroup:S1")?.known?.answer).toEqual({
      kind: "nobody",
      why: "this Slack group was disabled",
    });
  });

  test("dates an answer from before it was asked for", async () => {
    const looking = new MembershipKeeper({
      kept,
      principals: [group("S1")],
      workerId: "w-1",
      clock,
      random: () => 0,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      directories: {
        ask: async () => {
          await clock.pass(8_000);
          return new Map([["usergroup:S1", members("UBOB")]]);
        },
      },
    });
    await looking.look(new AbortController().signal);
    expect(kept.ageMs(group("S1"))).toBe(8_000);
  });

  test("spreads many e-mail addresses over time, the oldest first, and within what may be relied on", async () => {
    const addresses = Array.from({ length: 100 }, (_, index) => email(`p${index}@example.com`));
    await runFor(6 * 60_000, [keeper([...addresses, group("S1")])]);
    let oldestMs = 0;
    const before = asked.length;
    await runFor(5 * 60_000, [keeper([...addresses, group("S1")])], () => {
      for (const one of addresses) oldestMs = Math.max(oldestMs, kept.ageMs(one));
    });
    expect(oldestMs).toBeLessThan(oldestMembershipMs);
    const emails = asked.slice(before).flatMap(({ principals }) => principals.filter(({ kind }) => kind === "email"));
    expect(emails.length / 5).toBeLessThan(50);
  });

  test("is another worker's when it ends, and half a minute after it fell silent", async () => {
    await runFor(15_000, [keeper([group("S1")])]);
    expect(kept.keeper).toBeNull();
    await kept.hold("w-dead", 30_000);
    await runFor(45_000, [keeper([group("S1")], "w-2")], () => undefined);
    expect(asked.length).toBeGreaterThanOrEqual(2);
  });

  test("goes on when the store is away", async () => {
    const hold = kept.hold.bind(kept);
    kept.hold = async () => Promise.reject(new Error("away"));
    await runFor(20_000, [keeper([group("S1")])]);
    expect(logged.some((text) => text.includes("not looked up"))).toBe(true);
    kept.hold = hold;
    await runFor(20_000, [keeper([group("S1")])]);
    expect(kept.entries.size).toBe(1);
  });

  test("forgets after a day what the policy does not name any more", async () => {
    const dayMs = 24 * 60 * 60_000;
    const old = (atMs: number): KeptMembership => ({
      known: { answer: { kind: "members", members: [] }, asOfMs: atMs },
      trouble: null,
    });
    kept.entries.set("usergroup:SGONE", old(clock.nowMs() - dayMs - 1));
    kept.entries.set("usergroup:SNEW", old(clock.nowMs() - dayMs + 60_000));
    await runFor(2_000, [keeper([group("S1")])]);
    expect([...kept.entries.keys()]).toEqual(["usergroup:SNEW", "usergroup:S1"]);
  });
});
