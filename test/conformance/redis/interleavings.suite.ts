import fc, { type Scheduler } from "fast-check";
import { describe, expect, test } from "vitest";
import { standingOf } from "../../../src/domain/policy/standing.ts";
import { isSettled, type RequestRecord } from "../../../src/domain/request.ts";
import { approvalsOf } from "../../../src/domain/transitions/reading.ts";
import type { FaceStore, RequestStore } from "../../../src/ports/request-store.ts";
import type { ManualClock } from "../../support/manual-clock.ts";
import { OneSystem } from "../../support/one-system.ts";
import { anEvent } from "../../support/records.ts";

/** An empty store, and the clock of whoever works with it. */
export interface StoreUnderTest {
  readonly requests: RequestStore;
  readonly faces: FaceStore;
  readonly clock: ManualClock;
  /** Whether that clock is the store's own as well. */
  readonly isStoresClock: boolean;
}

type Act =
  | { readonly kind: "approve" | "withdraw" | "cancel" | "deny" | "replan" | "retry"; readonly user: string }
  | { readonly kind: "execute" | "walk"; readonly worker: number };

const users = ["UALICE", "UBOB", "UCAROL", "UDAVE"];
/** Whoever may do this comes up more often than who may not. */
const by = (kind: Extract<Act, { readonly user: string }>["kind"], ...who: readonly string[]): fc.Arbitrary<Act> =>
  fc.record({ kind: fc.constant(kind), user: fc.constantFrom(...who, ...who, ...users) });
const of = (kind: "execute" | "walk"): fc.Arbitrary<Act> => fc.record({ kind: fc.constant(kind), worker: fc.nat(1) });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: by("approve", "UBOB", "UCAROL") },
  { weight: 1, arbitrary: by("deny", "UBOB", "UCAROL") },
  { weight: 1, arbitrary: by("withdraw", "UALICE") },
  { weight: 4, arbitrary: by("cancel", "UALICE", "UBOB") },
  { weight: 2, arbitrary: by("replan", "UALICE", "UBOB") },
  { weight: 1, arbitrary: by("retry", "UALICE", "UBOB") },
  { weight: 5, arbitrary: of("execute") },
  { weight: 5, arbitrary: of("walk") },
);
/** What happens at one moment, and how long nothing happens before it. */
const round = fc.record({
  waitMinutes: fc.constantFrom(0, 0, 0, 2, 3, 5, 14.99, 15),
  /** With how many turns of the others each lets go by before it begins. */
  acts: fc.array(fc.record({ act, turns: fc.constantFrom(0, 0, 4, 8, 12, 20) }), {
    minLength: 1,
    maxLength: 5,
    size: "max",
  }),
});
/** A start with a wish to cancel on its heels, which chance alone brings about too seldom. */
const startAndCancel = fc
  .record({ start: fc.integer({ min: 8, max: 16 }), cancel: fc.integer({ min: 16, max: 60 }) })
  .map(({ start, cancel }) => {
    const acts: { act: Act; turns: number }[] = [
      { act: { kind: "approve", user: "UBOB" }, turns: 0 },
      { act: { kind: "execute", worker: 0 }, turns: start },
      { act: { kind: "cancel", user: "UALICE" }, turns: cancel },
    ];
    return { waitMinutes: 0, acts };
  });
const course = fc.array(fc.oneof({ weight: 6, arbitrary: round }, { weight: 1, arbitrary: startAndCancel }), {
  minLength: 1,
  maxLength: 6,
  size: "max",
});
type Course = readonly {
  readonly waitMinutes: number;
  readonly acts: readonly { readonly act: Act; readonly turns: number }[];
}[];

/** What courses that are put to the test have to bring about: ends, and occasions to remind. */
export const usuallyReached = ["denied", "expired", "succeeded", "withdrawn", "followed", "reminder 2, escalation 0"];

/**
 * People who click, workers that walk and execute, and time, all at once and in every order, through the handlers as they are. Whatever
 * happens, each request settles exactly once, nothing runs unapproved, and nobody is told anything twice.
 */
export function interleavingsSuite(
  name: string,
  open: () => Promise<StoreUnderTest>,
  { numRuns, reaches }: { readonly numRuns: number; readonly reaches: readonly string[] },
): void {
  describe(`${name}: whoever does what at once`, () => {
    test("it settles once, never runs unapproved, and tells each thing once", { timeout: 240_000 }, async () => {
      /** What came about in these courses. */
      const reached = new Set<string>();
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), course, async (scheduler, rounds) => {
          const system = await play(await open(), scheduler, rounds);
          checkHistory(system);
          checkExecution(system);
          await checkTold(system, rounds);
          const { state, waiting, followedBy } = await system.record();
          reached.add(state);
          for (const { occasion } of waiting?.notices ?? []) reached.add(occasion);
          if (followedBy !== undefined) reached.add("followed");
        }),
        { numRuns, seed: 20_261_121, endOnFailure: true },
      );
      // Otherwise the courses would not put it to the test.
      expect(reaches.filter((one) => !reached.has(one))).toEqual([]);
    });
  });
}

async function play(store: StoreUnderTest, scheduler: Scheduler, rounds: Course): Promise<OneSystem> {
  const system = new OneSystem(store, () => scheduler.schedule(Promise.resolve()));
  await until(system.ask(), scheduler, store.clock);
  for (const { waitMinutes, acts } of rounds) {
    await passMinutes(store, system, waitMinutes);
    const begun = acts.map(async ({ act: one, turns }) => {
      for (let turn = 0; turn < turns; turn += 1) await scheduler.schedule(Promise.resolve());
      await perform(one, system);
    });
    await until(Promise.all(begun), scheduler, store.clock);
  }
  // In the end somebody walks when all time is over, and whatever was approved and never begun is not begun any more.
  await passMinutes(store, system, 60);
  await until(system.walk(0), scheduler, store.clock);
  return system;
}

function perform(one: Act, system: OneSystem): Promise<void> {
  switch (one.kind) {
    case "approve":
    case "withdraw":
    case "cancel":
      return system.click(one.kind, one.user);
    case "deny":
      return system.deny(one.user);
    case "replan":
    case "retry":
      return system.follow(one.kind, one.user);
    case "execute":
      return system.execute(one.worker);
    case "walk":
      return system.walk(one.worker);
  }
}

/** Lets one held call through after the other, in an order of the scheduler's, until all is done; time passes where nobody calls. */
async function until(work: Promise<unknown>, scheduler: Scheduler, clock: ManualClock): Promise<void> {
  let isDone = false;
  const ended = work.finally(() => {
    isDone = true;
  });
  ended.catch(() => undefined);
  while (!isDone) {
    if (scheduler.count() > 0) await scheduler.waitOne();
    else await clock.pass(20);
  }
  await ended;
}

/** Where the store has a clock of its own, what is on record is made older instead. */
async function passMinutes(store: StoreUnderTest, system: OneSystem, minutes: number): Promise<void> {
  const ms = minutes * 60_000;
  if (store.isStoresClock) {
    await store.clock.pass(ms);
    await system.announce();
    return;
  }
  const record = await system.record();
  if (ms === 0 || isSettled(record)) return;
  const { expiresAtMs, waiting, revision } = record;
  const older: RequestRecord = {
    ...record,
    revision: revision + 1,
    expiresAtMs: expiresAtMs === null ? null : expiresAtMs - ms,
    ...(waiting === undefined ? {} : { waiting: { ...waiting, sinceMs: waiting.sinceMs - ms } }),
  };
  await store.requests.restore(older, anEvent());
  system.writes.push({ record: older, audit: anEvent() });
}

function checkHistory(system: OneSystem): void {
  const written = system.history().map(({ record }) => record);
  expect(written.map(({ revision }) => revision)).toEqual(written.map((_, index) => index + 1));
  const settledAt = written.findIndex(isSettled);
  expect(settledAt).toBeGreaterThan(0);
  const [settled, ...later] = written.slice(settledAt);
  expect(later.length).toBeLessThanOrEqual(1);
  for (const { revision: _revision, updatedAtMs: _at, story: _story, followedBy, ...same } of later) {
    expect(followedBy).toBeDefined();
    expect(settled).toMatchObject(same);
  }
}

function checkExecution(system: OneSystem): void {
  const written = system.history().map(({ record }) => record);
  const runsAt = written.findIndex(({ state }) => state === "running");
  const { world } = system.worker.operation;
  // The mark of its first change; before it, it only looks.
  expect(world.has("switch")).toBe(written.some(({ state }) => state === "succeeded"));
  if (runsAt === -1) expect(world.size).toBe(0);
  if (runsAt === -1) return;
  const approved = written[runsAt - 1];
  expect(approved?.state).toBe("approved");
  if (approved !== undefined) expect(standingOf(approved.rule, approvalsOf(approved)).isEnough).toBe(true);
}

const clicks: ReadonlySet<string> = new Set(["approve", "withdraw", "cancel", "deny", "replan", "retry"]);

async function checkTold(system: OneSystem, rounds: Course): Promise<void> {
  const record = await system.record();
  const { sent } = system.chat;
  // The thread tells each entry of the story once, in its order.
  const face = sent.find(({ method, threadTs }) => method === "post" && threadTs === null)?.ts;
  const thread = sent.filter(({ threadTs }) => threadTs === face).map(({ message }) => message.text);
  expect(thread.join("\n").split("\n")).toEqual(record.story.flatMap(({ text }) => text.split("\n")).map(shown));
  // Each was reminded directly as often as was noted, and of the same once.
  const notices = record.waiting?.notices ?? [];
  const direct = sent.filter(({ channelId }) => users.includes(channelId)).map(({ channelId }) => channelId);
  expect(direct.sort()).toEqual(notices.map(({ userId }) => userId).sort());
  expect(new Set(notices.map(({ occasion, userId }) => `${occasion}/${userId}`)).size).toBe(notices.length);
  // No click is swallowed: it changed something, or the clicker was told why not.
  const clicked = rounds.flatMap(({ acts }) => acts).filter(({ act: { kind } }) => clicks.has(kind)).length;
  const counted = system.writes.filter(({ audit }) => "userId" in audit.by && audit.kind !== "expired").length;
  const told = sent.filter(({ method }) => method === "ephemeral").length;
  expect(counted + told).toBeGreaterThanOrEqual(clicked);
}

/** As Slack's notation has it: only mentions keep their angle brackets. */
function shown(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/&lt;(@\w+)&gt;/g, "<$1>");
}
