import { beforeEach, describe, expect, it } from "vitest";
import { newRequestRecord, type RequestRecord } from "../../../src/domain/request.ts";
import type { Schedule } from "../../../src/domain/schedule.ts";
import { signStatement } from "../../../src/domain/signing.ts";
import { approve } from "../../../src/domain/transitions/approving.ts";
import { takenBack } from "../../../src/domain/transitions/ending-early.ts";
import { shownPlan } from "../../../src/domain/transitions/reading.ts";
import { changeRecord } from "../../../src/execution/change-record.ts";
import { executeRequest } from "../../../src/worker/execute-request.ts";
import { planRequest } from "../../../src/worker/plan-request.ts";
import { Reconciler } from "../../../src/worker/reconciler.ts";
import type { WorkerServices } from "../../../src/worker/services.ts";
import { MemoryWakeUp } from "../../support/memory-request-store.ts";
import { alice, aNewRequest, anApproval, anEvent, bob } from "../../support/records.ts";
import { AWorker } from "./a-worker.ts";

const never = new AbortController().signal;
const hour = 3_600_000;

let worker: AWorker;
let services: WorkerServices;
let wakeUp: MemoryWakeUp;

beforeEach(() => {
  worker = new AWorker();
  wakeUp = new MemoryWakeUp();
  services = { ...worker.services(), wakeUp };
});

/** In two hours, for half an hour. */
function schedule(): Schedule {
  const startAtMs = worker.clock.nowMs() + 2 * hour;
  return { asked: "in 2h", startAtMs, endsAtMs: startAtMs + hour / 2, timeZone: "UTC" };
}

async function asked(over: Partial<Pick<RequestRecord, "schedule" | "dryRun">>): Promise<void> {
  const build = (nowMs: number) => ({ ...newRequestRecord(aNewRequest(), nowMs), ...over });
  await worker.store.create({ deliveryId: "d", audit: anEvent(), build });
  await planRequest(services, "r-1", never);
}

async function approved(): Promise<void> {
  const { plan: signed, ...record } = await now();
  const plan = shownPlan({ ...record, ...(signed === undefined ? {} : { plan: signed }) });
  if (plan === null || signed === undefined) throw new Error("no plan");
  const approval = anApproval(signed, plan, { atMs: worker.clock.nowMs() });
  const change = await changeRecord(worker.store, "r-1", bob, (current, nowMs) =>
    approve(current, signStatement(approval, worker.edgeKey), approval, nowMs),
  );
  if (!change.ok) throw new Error(change.problem.what);
}

/** A walk, and what a worker that is woken by it does. */
async function walk(): Promise<void> {
  const before = wakeUp.wakes.length;
  await new Reconciler(services, { walk: async () => undefined }).walk(never);
  const woken = wakeUp.wakes.slice(before).filter(({ kind }) => kind === "execute");
  for (const { requestId } of woken) await worker.clock.passUntil(executeRequest(services, requestId, never));
}

async function now(): Promise<RequestRecord> {
  const found = await worker.store.read("r-1");
  if (found === null) throw new Error("there is no r-1");
  return found.record;
}

describe("a request for a later time", () => {
  beforeEach(async () => {
    await asked({ schedule: schedule() });
  });

  it("is approved now, waits beyond what a grant lives otherwise, and runs when its time has come", async () => {
    const { schedule: times } = await now();
    await approved();
    expect(await now()).toMatchObject({ state: "approved", expiresAtMs: times?.endsAtMs });
    expect(shownPlan(await now())?.schedule).toEqual(times);
    // Woken at its approval, as any request is.
    await executeRequest(services, "r-1", never);
    await worker.clock.pass(2 * hour - 60_000);
    await walk();
    expect(await now()).toMatchObject({ state: "approved" });
    expect(worker.operation.world.size).toBe(0);
    await worker.clock.pass(60_000);
    await walk();
    expect(await now()).toMatchObject({ state: "succeeded" });
  });

  it("still has to be approved in the time that approvals have", async () => {
    await worker.clock.pass(hour / 4);
    await walk();
    expect(await now()).toMatchObject({ state: "expired" });
  });

  it("runs two hours later though everything but its facts has moved on, as under steady writes", async () => {
    await approved();
    await worker.clock.pass(2 * hour);
    const plan = worker.operation.plan.bind(worker.operation);
    worker.operation.plan = async () => {
      const { kind, draft } = await plan();
      return { kind, draft: { ...draft, now: [], bounds: [] } };
    };
    await walk();
    expect(await now()).toMatchObject({ state: "succeeded" });
  });

  it("is looked at again at its time: a cluster that has changed makes it stale", async () => {
    await approved();
    worker.operation.facts = [{ name: "primary", value: "orders-1" }];
    await worker.clock.pass(2 * hour);
    await walk();
    expect(await now()).toMatchObject({ state: "stale", outcome: { problems: [{ code: "plan_stale" }] } });
    expect(worker.operation.world.size).toBe(0);
  });

  it("expires when its time is over, and says which time that was", async () => {
    await approved();
    await worker.clock.pass(2.5 * hour);
    await walk();
    const record = await now();
    expect(record).toMatchObject({ state: "expired" });
    expect(record.story.at(-1)?.text).toContain("approved, but not begun in its time (");
    expect(worker.operation.world.size).toBe(0);
  });

  it("is taken back while it waits", async () => {
    await approved();
    await changeRecord(worker.store, "r-1", alice, (record, nowMs) => takenBack(record, alice, nowMs));
    await worker.clock.pass(2 * hour);
    await walk();
    expect(await now()).toMatchObject({ state: "withdrawn" });
    expect(worker.operation.world.size).toBe(0);
  });

  it.each([
    ["earlier", -2 * hour],
    ["later", 5 * hour],
  ])("that somebody moved to %s in Redis is refused: its time is signed", async (_, byMs) => {
    await approved();
    const record = await now();
    const { startAtMs, endsAtMs } = schedule();
    const moved = { ...schedule(), startAtMs: startAtMs + byMs, endsAtMs: endsAtMs + byMs };
    const { revision } = record;
    const forged = { ...record, schedule: moved, expiresAtMs: moved.endsAtMs, revision: revision + 1 };
    expect(await worker.store.compareAndSet(forged, anEvent())).toBe(true);
    await worker.clock.pass(Math.max(0, moved.startAtMs - worker.clock.nowMs()));
    await walk();
    expect(await now()).toMatchObject({ state: "refused", outcome: { problems: [{ code: "grant_invalid" }] } });
    expect((await now()).outcome?.problems[0]?.what).toContain("the plan is for another time");
    expect(worker.operation.world.size).toBe(0);
  });

  it("does not stand in the way of the same for now, nor of a look", async () => {
    const now = {
      deliveryId: "d-2",
      audit: anEvent(),
      build: (ms: number) => newRequestRecord(aNewRequest({ id: "r-2" }), ms),
    };
    expect((await worker.store.create(now)).kind).toBe("created");
    const dry = {
      ...now,
      deliveryId: "d-3",
      build: (ms: number) => newRequestRecord(aNewRequest({ id: "r-3", dryRun: true }), ms),
    };
    expect((await worker.store.create(dry)).kind).toBe("created");
  });
});

it("a plan that was made when its time was over already is refused", async () => {
  const times = schedule();
  await asked({ schedule: { ...times, startAtMs: times.startAtMs - 3 * hour, endsAtMs: times.endsAtMs - 3 * hour } });
  expect(await now()).toMatchObject({ state: "refused", outcome: { problems: [{ code: "time_over" }] } });
});

describe("a dry run", () => {
  it("makes the plan, shows it, and is settled by that", async () => {
    await asked({ dryRun: true });
    const record = await now();
    expect(record).toMatchObject({ state: "succeeded", outcome: { summary: "Dry run. Nothing was changed." } });
    expect(shownPlan(record)?.steps.map(({ id }) => id)).toEqual(["look", "switch", "finish"]);
    expect(wakeUp.wakes).toEqual([]);
  });

  it("is good for no grant, though somebody puts its plan up for approval", async () => {
    await asked({ dryRun: true });
    const { dryRun: _dryRun, outcome: _outcome, ...record } = await now();
    const forged = { ...record, revision: record.revision + 1, state: "awaiting_approval" as const };
    await worker.store.compareAndSet({ ...forged, expiresAtMs: worker.clock.nowMs() + hour }, anEvent());
    await approved();
    await walk();
    expect(await now()).toMatchObject({ state: "refused", outcome: { problems: [{ code: "grant_invalid" }] } });
    expect(worker.operation.world.size).toBe(0);
  });
});
