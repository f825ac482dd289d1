import { beforeEach, describe, expect, it } from "vitest";
import { type RequestRecord, type StepProgress, stepProgressSchema } from "../../../src/domain/request.ts";
import { approve } from "../../../src/domain/transitions/approving.ts";
import { planned } from "../../../src/domain/transitions/planning.ts";
import { wished } from "../../../src/domain/transitions/wishing.ts";
import { changeRecord } from "../../../src/execution/change-record.ts";
import type { LedgerExecution } from "../../../src/execution/ledger.ts";
import type { ExecutionResult } from "../../../src/execution/run-steps.ts";
import { RecordAudience } from "../../../src/worker/record-audience.ts";
import { RecordKeeper } from "../../../src/worker/record-keeper.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryFaceStore, MemoryRequestStore } from "../../support/memory-request-store.ts";
import { aNewRequest, anApproval, anEvent, aPlan, aRecord, bob, unverified } from "../../support/records.ts";

const steps: StepProgress[] = ["pod-1", "pod-0"].map((id) =>
  stepProgressSchema.parse({ id, title: id, state: "pending", safePoint: true }),
);
const done = steps.map((step) => ({ ...step, state: "done" as const }));
const by = { worker: "test" };

describe("what a worker tells a request's record", () => {
  let clock: ManualClock;
  let store: MemoryRequestStore;
  let approved: RequestRecord;
  let execution: LedgerExecution;
  const held = { first: true, second: true };

  beforeEach(async () => {
    clock = new ManualClock();
    store = new MemoryRequestStore(clock);
    Object.assign(held, { first: true, second: true });
    const build = (nowMs: number) => aRecord(aNewRequest(), nowMs);
    await store.create({ deliveryId: "d-1", audit: anEvent(), build });
    const plan = aPlan();
    const signed = unverified(plan);
    await changeRecord(store, "r-1", by, (record, nowMs) => planned(record, signed, plan, nowMs));
    const approval = anApproval(signed, plan);
    const change = await changeRecord(store, "r-1", by, (record, nowMs) =>
      approve(record, unverified(approval), approval, nowMs),
    );
    if (!change.ok) throw new Error(change.problem.what);
    approved = change.record;
    execution = {
      version: 1,
      id: "x-1",
      authority: { kind: "grant", record: approved, face: null },
      startedBy: "w-1",
      startedAtMs: 0,
      committed: true,
      steps,
    };
  });

  const audienceOf = (worker: string) =>
    new RecordAudience({
      store,
      keeper: new RecordKeeper(store, new MemoryFaceStore(store, clock), worker),
      requestId: "r-1",
      worker,
      clock,
      announce: async () => undefined,
      draw: async () => undefined,
    });
  const record = async () => {
    const found = await store.read("r-1");
    if (found === null) throw new Error("there is no r-1");
    return found.record;
  };
  const states = async () => (await record()).execution?.steps.map(({ state }) => state);
  const ended: ExecutionResult = {
    state: "succeeded",
    outcome: { atMs: 0, summary: "Done.", writesStoppedMs: null, problems: [] },
    steps: done,
  };

  it("names who carries it out: who began it, then who took it up", async () => {
    await audienceOf("w-1").started(execution, () => true);
    expect((await record()).execution?.worker).toBe("w-1");
    await audienceOf("w-2").started(execution, () => true);
    const { execution: now, story } = await record();
    expect(now?.worker).toBe("w-2");
    expect(story.at(-1)?.text).toBe("Taken up by worker w-2.");
  });

  it("is nothing any more once it has lost the lease: neither progress nor end", async () => {
    const first = audienceOf("w-1");
    await first.started(execution, () => held.first);
    first.progress(done);
    held.first = false;
    await clock.pass(1_000);
    expect(await states()).toEqual(["pending", "pending"]);
    expect(await first.ended(ended, () => held.first)).toBe(false);
    expect((await record()).state).toBe("running");
  });

  it("is refused where it was judged before another took it up, though the lease was lost only afterwards", async () => {
    const first = audienceOf("w-1");
    await first.started(execution, () => held.first);
    // The new holder is first at the very moment between the look and the write.
    const compareAndSet = store.compareAndSet.bind(store);
    let isFirst = true;
    store.compareAndSet = async (next, audit) => {
      if (isFirst) {
        isFirst = false;
        held.first = false;
        await audienceOf("w-2").started(execution, () => held.second);
      }
      return await compareAndSet(next, audit);
    };
    first.progress(done);
    await clock.pass(1_000);
    expect(await states()).toEqual(["pending", "pending"]);
    expect((await record()).execution?.worker).toBe("w-2");
  });

  it("is told up to the last step before it is left to another worker", async () => {
    const first = audienceOf("w-1");
    await first.started(execution, () => true);
    first.progress(done);
    await first.ended({ ...ended, state: "interrupted" }, () => true);
    expect(await states()).toEqual(["done", "done"]);
    expect((await record()).state).toBe("running");
  });

  describe("and hears of what people want", () => {
    const wish = (kind: "pause" | "resume" | "cancel") =>
      changeRecord(store, "r-1", by, (now, nowMs) => wished(now, kind, bob, nowMs));

    it("as it is at that moment", async () => {
      const audience = audienceOf("w-1");
      await audience.started(execution, () => true);
      expect(await audience.wish(execution)).toEqual({ kind: "go_on" });
      await wish("pause");
      expect(await audience.wish(execution)).toMatchObject({ kind: "pause", wish: { by: bob } });
      await wish("resume");
      expect(await audience.wish(execution)).toEqual({ kind: "go_on" });
      await wish("cancel");
      expect(await audience.wish(execution)).toEqual({ kind: "stop", by: "<@UBOB>" });
    });

    it("not at all while Redis is away", async () => {
      const audience = audienceOf("w-1");
      await audience.started(execution, () => true);
      store.away = true;
      expect(await audience.wish(execution)).toBeNull();
    });

    describe("from a Redis that lost what it knew while it was paused:", () => {
      const pause = { kind: "pause", by: bob, atMs: 1_800_000_000_000 } as const;
      const isHeldFor = () => ({ ...execution, held: { pause } });

      it("emptied, the request comes back, paused, as far as it was", async () => {
        const audience = audienceOf("w-1");
        await audience.started(execution, () => true);
        const [first, second] = [done[0], steps[1]];
        audience.progress([first, second].filter((step) => step !== undefined));
        await clock.pass(1_000);
        store.forgetEverything();
        expect(await audience.wish(isHeldFor())).toEqual({ kind: "pause", wish: pause });
        await clock.pass(1_000);
        expect(await record()).toMatchObject({ state: "running", wish: pause });
        expect(await states()).toEqual(["done", "pending"]);
      });

      it("the pause itself lost with the last second, it is put back; resumed since, it is not", async () => {
        const audience = audienceOf("w-1");
        await audience.started(execution, () => true);
        expect(await audience.wish(isHeldFor())).toEqual({ kind: "pause", wish: pause });
        expect((await record()).wish).toEqual(pause);
        await clock.pass(1_000);
        await wish("resume");
        expect(await audience.wish(isHeldFor())).toEqual({ kind: "go_on" });
      });

      it("and by one that has lost its lease nothing is put back", async () => {
        const audience = audienceOf("w-1");
        await audience.started(execution, () => held.first);
        held.first = false;
        await audience.wish(isHeldFor());
        expect((await record()).wish).toBeUndefined();
      });
    });
  });
});
