import { describe, expect, test } from "vitest";
import { problem } from "../../../src/domain/errors.ts";
import { newRequestRecord, type RequestRecord } from "../../../src/domain/request.ts";
import type { Schedule } from "../../../src/domain/schedule.ts";
import { approve } from "../../../src/domain/transitions/approving.ts";
import type { Transition } from "../../../src/domain/transitions/change.ts";
import { judgeExpiry } from "../../../src/domain/transitions/ending-early.ts";
import { followed } from "../../../src/domain/transitions/following.ts";
import { planned, planningFailed, refused } from "../../../src/domain/transitions/planning.ts";
import { ended, started } from "../../../src/domain/transitions/running.ts";
import { reminded } from "../../../src/domain/transitions/waiting.ts";
import type { Announcements, Face, FaceStore, RequestStore } from "../../../src/ports/request-store.ts";
import {
  type alice,
  aNewRequest,
  anApproval,
  anEvent,
  aPlan,
  aRecordedRule,
  bob,
  orders,
  unverified,
} from "../../support/records.ts";

/** Stores of one cluster that hold nothing yet. */
export interface StoresUnderTest {
  readonly requests: RequestStore;
  readonly faces: FaceStore;
  readonly announcements: Announcements;
}

/** What every home of the records promises, on Redis as in memory. `open` gives empty stores for each test. */
export function requestStoreSuite(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`${name}: creating`, () => {
    test("records a request with the store's clock", async () => {
      const { requests } = await open();
      const created = await create(requests);
      expect(created.kind).toBe("created");
      expect(created.record.createdAtMs).toBe(created.nowMs);
      const read = await requests.read("r-1");
      expect(read?.record).toEqual(created.record);
      expect(read?.nowMs).toBeGreaterThanOrEqual(created.nowMs);
    });

    test("knows nothing of a request that was never made", async () => {
      const { requests } = await open();
      expect(await requests.read("r-404")).toBeNull();
    });

    test("takes one delivery for one request, also when it comes twice at once", async () => {
      const { requests } = await open();
      const both = await Promise.all([
        create(requests, { id: "r-1", deliveryId: "d-1" }),
        create(requests, { id: "r-2", deliveryId: "d-1", operation: "dolt.status" }),
      ]);
      expect(both.map(({ kind }) => kind).sort()).toEqual(["created", "existing"]);
      expect(both[0]?.record.id).toBe(both[1]?.record.id);
    });

    test("takes a delivery for the request it was, also when that is settled", async () => {
      const { requests } = await open();
      const first = await create(requests, { deliveryId: "d-1" });
      await set(requests, refused(first.record, [], first.nowMs));
      const again = await create(requests, { id: "r-2", deliveryId: "d-1" });
      expect(again.kind).toBe("existing");
      expect(again.record).toMatchObject({ id: "r-1", state: "refused" });
    });

    test("takes a second press of Enter for the first one", async () => {
      const { requests } = await open();
      await create(requests, { id: "r-1", deliveryId: "d-1" });
      const again = await create(requests, { id: "r-2", deliveryId: "d-2" });
      expect(again).toMatchObject({ kind: "existing", record: { id: "r-1" } });
    });

    test("takes a second press of Enter for the first one also when that has done its work already", async () => {
      const { requests } = await open();
      await succeed(requests, "r-1");
      const again = await create(requests, { id: "r-2", deliveryId: "d-2" });
      expect(again).toMatchObject({ kind: "existing", record: { id: "r-1", state: "succeeded" } });
    });

    test("lets a refused request be asked for again at once", async () => {
      const { requests } = await open();
      const first = await create(requests, { deliveryId: "d-1" });
      await set(requests, refused(first.record, [], first.nowMs));
      expect((await create(requests, { id: "r-2", deliveryId: "d-2" })).kind).toBe("created");
    });

    test("has one open request a target and operation, whoever asks", async () => {
      const { requests } = await open();
      await create(requests, { id: "r-1", deliveryId: "d-1" });
      const others = await create(requests, { id: "r-2", deliveryId: "d-2", requester: bob, parameters: { to: "x" } });
      expect(others).toMatchObject({ kind: "existing", record: { id: "r-1" } });
    });

    test("keeps other operations and other targets apart", async () => {
      const { requests } = await open();
      await create(requests, { id: "r-1", deliveryId: "d-1" });
      const status = await create(requests, { id: "r-2", deliveryId: "d-2", operation: "dolt.status" });
      const billing = await create(requests, { id: "r-3", deliveryId: "d-3", target: { ...orders, name: "billing" } });
      expect([status.kind, billing.kind]).toEqual(["created", "created"]);
    });

    test("keeps a request for later, and a dry run, out of the way of one for now, and of each other", async () => {
      const { requests } = await open();
      const schedule = { asked: "in 2h", startAtMs: 7_200_000, endsAtMs: 9_000_000, timeZone: "UTC" };
      await create(requests, { id: "r-1", deliveryId: "d-1", schedule });
      await create(requests, { id: "r-2", deliveryId: "d-2", dryRun: true });
      expect((await create(requests, { id: "r-3", deliveryId: "d-3" })).kind).toBe("created");
      const others = [
        await create(requests, { id: "r-4", deliveryId: "d-4", requester: bob, schedule }),
        await create(requests, { id: "r-5", deliveryId: "d-5", requester: bob, dryRun: true }),
        await create(requests, { id: "r-6", deliveryId: "d-6", requester: bob }),
      ];
      expect(others.map(({ record }) => record.id)).toEqual(["r-1", "r-2", "r-3"]);
    });

    test("takes a second press of the same words for the first, though they come to another moment", async () => {
      const { requests } = await open();
      const schedule = { asked: "in 2h", startAtMs: 7_200_000, endsAtMs: 9_000_000, timeZone: "UTC" };
      await create(requests, { id: "r-1", deliveryId: "d-1", schedule });
      const later = { ...schedule, startAtMs: 7_260_000, endsAtMs: 9_060_000 };
      const again = await create(requests, { id: "r-2", deliveryId: "d-2", schedule: later });
      expect(again).toMatchObject({ kind: "existing", record: { id: "r-1" } });
    });

    test("is not blocked by an open request that has expired", async () => {
      const { requests } = await open();
      await create(requests, { id: "r-1", deliveryId: "d-1", expiresInMs: 0 });
      const next = await create(requests, { id: "r-2", deliveryId: "d-2" });
      expect(next.kind).toBe("created");
      const old = await mustRead(requests, "r-1");
      expect(await requests.compareAndSet(judgeExpiry(old.record, old.nowMs), anEvent())).toBe(true);
      const third = await create(requests, { id: "r-3", deliveryId: "d-3", requester: bob });
      expect(third).toMatchObject({ kind: "existing", record: { id: "r-2" } });
    });
  });

  describe(`${name}: changing`, () => {
    test("lets exactly one of fifty writers of one revision through", async () => {
      const { requests } = await open();
      const { record, nowMs } = await create(requests);
      const written = await Promise.all(
        Array.from({ length: 50 }, (_, writer) =>
          requests.compareAndSet(
            must(planned(record, unverified({ writer }), aPlan(), nowMs)),
            anEvent({ facts: { writer } }),
          ),
        ),
      );
      expect(written.filter(Boolean)).toHaveLength(1);
      const winner = written.indexOf(true);
      expect((await mustRead(requests, "r-1")).record.plan).toEqual(unverified({ writer: winner }));
    });

    test("refuses a revision that does not follow", async () => {
      const { requests } = await open();
      const { record } = await create(requests);
      expect(await requests.compareAndSet({ ...record, revision: 1 }, anEvent())).toBe(false);
      expect(await requests.compareAndSet({ ...record, revision: 3 }, anEvent())).toBe(false);
      expect(await requests.compareAndSet({ ...record, id: "r-404", revision: 2 }, anEvent())).toBe(false);
      expect((await mustRead(requests, "r-1")).record).toEqual(record);
    });

    test("does not let what has expired go on waiting, and lets it be settled", async () => {
      const { requests } = await open();
      const { record, nowMs } = await create(requests, { expiresInMs: 0 });
      expect(await requests.compareAndSet(must(planned(record, unverified({}), aPlan(), nowMs)), anEvent())).toBe(
        false,
      );
      expect(await requests.compareAndSet(must(refused(record, [], nowMs)), anEvent())).toBe(true);
    });

    test("lists what is not settled, the nearest deadline first, after every change", async () => {
      const { requests } = await open();
      const far = await create(requests, { id: "far", deliveryId: "d-1", expiresInMs: 60_000 });
      await create(requests, { id: "near", deliveryId: "d-2", operation: "dolt.status", expiresInMs: 1_000 });
      expect((await requests.unsettled()).ids).toEqual(["near", "far"]);
      const waiting = await set(requests, planned(far.record, unverified(aPlan()), aPlan(), far.nowMs));
      const signedPlan = unverified(aPlan());
      const approval = anApproval(signedPlan, aPlan());
      const approved = await set(requests, approve(waiting, unverified(approval), approval, far.nowMs));
      expect(approved.state).toBe("approved");
      const running = await set(requests, started(approved, { id: "e-1", worker: "w-1", steps: [] }, far.nowMs));
      expect((await requests.unsettled()).ids).toEqual(["near", "far"]);
      const unknown = await set(requests, ended(running, "unknown", result(far.nowMs), [], far.nowMs));
      expect((await requests.unsettled()).ids).toEqual(["near"]);
      await set(requests, ended(unknown, "succeeded", result(far.nowMs), [], far.nowMs));
      const left = await requests.unsettled();
      expect(left.ids).toEqual(["near"]);
      expect(left.nowMs).toBeGreaterThanOrEqual(far.nowMs);
    });

    test("lists by what is due first: a reminder and a time to begin come before the expiry", async () => {
      const { requests } = await open();
      const rule = aRecordedRule({ remindAfterMinutes: [2], expiresAfterMinutes: 15 });
      const waiting = await create(requests, { id: "waiting", deliveryId: "d-1", rule });
      const { nowMs } = waiting;
      await create(requests, { id: "plain", deliveryId: "d-2", operation: "dolt.status", expiresInMs: 3 * 60_000 });
      const plan = aPlan({ madeAtMs: nowMs });
      const reminding = await set(requests, planned(waiting.record, unverified(plan), plan, nowMs));
      expect((await requests.unsettled()).ids).toEqual(["waiting", "plain"]);
      await set(requests, reminded(reminding, nowMs + 2 * 60_000));
      expect((await requests.unsettled()).ids).toEqual(["plain", "waiting"]);
      const times = { asked: "in 1m", startAtMs: nowMs + 60_000, endsAtMs: nowMs + 30 * 60_000, timeZone: "UTC" };
      const free = aRecordedRule({ approvals: 0 });
      const later = await create(requests, { id: "later", deliveryId: "d-3", schedule: times, rule: free });
      const scheduled = aPlan({ madeAtMs: nowMs, schedule: times });
      await set(requests, planned(later.record, unverified(scheduled), scheduled, nowMs));
      expect((await requests.unsettled()).ids).toEqual(["later", "plain", "waiting"]);
    });

    test("names who takes the place of what is settled, which stays settled", async () => {
      const { requests } = await open();
      const { record, nowMs } = await create(requests);
      const why = problem("unexpected", { doing: "a test", why: "it says so" });
      const settled = await set(requests, planningFailed(record, why, nowMs));
      const named = await set(requests, followed(settled, "r-2", nowMs));
      expect((await mustRead(requests, "r-1")).record).toEqual(named);
      expect((await requests.unsettled()).ids).toEqual([]);
      expect((await create(requests, { id: "r-2", deliveryId: "d-2" })).kind).toBe("created");
    });

    test("gives the target free when its request is settled", async () => {
      const { requests } = await open();
      await succeed(requests, "r-1");
      const next = await create(requests, { id: "r-2", deliveryId: "d-2", requester: bob });
      expect(next.kind).toBe("created");
    });

    test("keeps records apart from what is done with them afterwards", async () => {
      const { requests } = await open();
      const { record } = await create(requests);
      record.story.push({ atMs: 1, text: "not written" });
      expect((await mustRead(requests, "r-1")).record.story).toEqual([]);
    });
  });

  describe(`${name}: restoring`, () => {
    test("puts back a lost record with its index entries", async () => {
      const { requests } = await open();
      const lost: RequestRecord = { ...newRequestRecord(aNewRequest(), await requests.nowMs()), revision: 7 };
      await requests.restore(lost, anEvent());
      expect((await mustRead(requests, "r-1")).record).toEqual(lost);
      expect((await requests.unsettled()).ids).toEqual(["r-1"]);
      expect(await requests.undrawn()).toEqual(["r-1"]);
      const others = await create(requests, { id: "r-2", deliveryId: "d-2", requester: bob });
      expect(others).toMatchObject({ kind: "existing", record: { id: "r-1" } });
    });

    test("never writes over the same or a higher revision", async () => {
      const { requests } = await open();
      const { record, nowMs } = await create(requests);
      const now = await set(requests, planned(record, unverified(aPlan()), aPlan(), nowMs));
      await requests.restore({ ...record, channelId: "C-old" }, anEvent());
      await requests.restore({ ...now, channelId: "C-other" }, anEvent());
      expect((await mustRead(requests, "r-1")).record).toEqual(now);
      await requests.restore({ ...now, revision: now.revision + 1, channelId: "C-newer" }, anEvent());
      expect((await mustRead(requests, "r-1")).record.channelId).toBe("C-newer");
    });
  });

  describe(`${name}: faces`, () => {
    test("has no face before the first draw, and the noted one afterwards", async () => {
      const { requests, faces } = await open();
      await create(requests);
      expect(await faces.read("r-1")).toBeNull();
      const lock = await mustLock(faces);
      expect(lock.face).toBeNull();
      expect(await lock.note(aFace)).toBe(true);
      await lock.release();
      expect(await faces.read("r-1")).toEqual(aFace);
      const next = await mustLock(faces);
      expect(next.face).toEqual(aFace);
      await next.release();
    });

    test("gives the lock to one drawer of many", async () => {
      const { faces } = await open();
      const locks = await Promise.all(Array.from({ length: 20 }, () => faces.lock("r-1", 30_000)));
      const held = locks.filter((lock) => lock !== null);
      expect(held).toHaveLength(1);
      await held[0]?.release();
      await (await mustLock(faces)).release();
    });

    test("notes nothing for a drawer whose lock ran out or was given back", async () => {
      const { faces } = await open();
      const late = await faces.lock("r-1", 1);
      const next = await expect.poll(() => faces.lock("r-1", 30_000), { timeout: 10_000 }).not.toBeNull();
      expect(next).not.toBeNull();
      expect(await late?.note(aFace)).toBe(false);
      await late?.release();
      expect(await faces.lock("r-1", 30_000)).toBeNull();
      expect(await faces.read("r-1")).toBeNull();
    });

    test("lists a request as undrawn until message and thread show all of it", async () => {
      const { requests, faces } = await open();
      const { record, nowMs } = await create(requests);
      expect(await requests.undrawn()).toEqual(["r-1"]);
      const lock = await mustLock(faces);
      await lock.note({ ...aFace, ts: null, postingSinceMs: nowMs, drawnRevision: 0 });
      expect(await requests.undrawn()).toEqual(["r-1"]);
      await lock.note({ ...aFace, drawnRevision: 1 });
      expect(await requests.undrawn()).toEqual([]);
      await set(requests, planned(record, unverified(aPlan()), aPlan(), nowMs));
      expect(await requests.undrawn()).toEqual(["r-1"]);
      await lock.note({ ...aFace, drawnRevision: 2, toldEntries: 0 });
      expect(await requests.undrawn()).toEqual(["r-1"]);
      await lock.note({ ...aFace, drawnRevision: 2, toldEntries: 1, unsureSinceMs: nowMs });
      expect(await requests.undrawn()).toEqual(["r-1"]);
      await lock.note({ ...aFace, drawnRevision: 2, toldEntries: 1 });
      expect(await requests.undrawn()).toEqual([]);
    });
  });

  describe(`${name}: announcements`, () => {
    test("has nobody before the first heartbeat", async () => {
      const { announcements } = await open();
      expect(await announcements.read()).toEqual({ workers: [] });
    });

    test("tells each worker once, as it last announced itself, the newest heartbeat first", async () => {
      const { announcements } = await open();
      await announcements.announce(worker("w-1", []));
      await announcements.announce(worker("w-2", []));
      await announcements.announce(worker("w-1", [orders]));
      const { workers } = await announcements.read();
      const byAge = workers.map(({ seenAgoMs }) => seenAgoMs);
      expect(byAge).toEqual([...byAge].sort((a, b) => a - b));
      expect(byAge.every((age) => age >= 0)).toBe(true);
      expect(workers.map(({ workerId }) => workerId).sort()).toEqual(["w-1", "w-2"]);
      expect(workers.find(({ workerId }) => workerId === "w-1")).toMatchObject(worker("w-1", [orders]));
    });

    test("tells of a worker that is told to end that it takes nothing more", async () => {
      const { announcements } = await open();
      await announcements.announce(worker("w-1", [orders]));
      await announcements.announce({ ...worker("w-1", [orders]), stopping: true });
      expect((await announcements.read()).workers).toMatchObject([{ workerId: "w-1", stopping: true }]);
    });
  });
}

const aFace: Face = { channelId: "C1", ts: "1.0", drawnRevision: 1, toldEntries: 0, postingSinceMs: null };

interface Asked {
  readonly id?: string;
  readonly deliveryId?: string;
  readonly operation?: string;
  readonly requester?: typeof alice;
  readonly parameters?: RequestRecord["parameters"];
  readonly target?: RequestRecord["target"];
  readonly rule?: RequestRecord["rule"];
  readonly schedule?: Schedule;
  readonly dryRun?: true;
  /** Zero: the request has expired as soon as it is there. */
  readonly expiresInMs?: number;
}

function create(requests: RequestStore, { deliveryId = "d-1", expiresInMs, ...asked }: Asked = {}) {
  return requests.create({
    deliveryId,
    audit: anEvent({ kind: "asked", requestId: asked.id ?? "r-1" }),
    build: (nowMs) => {
      const record = newRequestRecord(aNewRequest(asked), nowMs);
      return expiresInMs === undefined ? record : { ...record, expiresAtMs: nowMs + expiresInMs };
    },
  });
}

/** Writes what a transition made, and gives it back. */
async function set(requests: RequestStore, transition: Transition): Promise<RequestRecord> {
  const record = must(transition);
  expect(await requests.compareAndSet(record, anEvent())).toBe(true);
  return record;
}

/** Brings a request from its first press of Enter to success. */
async function succeed(requests: RequestStore, id: string): Promise<void> {
  const { record, nowMs } = await create(requests, { id });
  const withoutApproval = { ...record, rule: { ...record.rule, approvals: 0 } };
  const approved = await set(requests, planned(withoutApproval, unverified(aPlan()), aPlan(), nowMs));
  const running = await set(requests, started(approved, { id: "e-1", worker: "w-1", steps: [] }, nowMs));
  await set(requests, ended(running, "succeeded", result(nowMs), [], nowMs));
}

function must(transition: Transition): RequestRecord {
  if (!transition.ok) throw new Error(transition.problem.what);
  return transition.record;
}

async function mustRead(requests: RequestStore, id: string) {
  const read = await requests.read(id);
  if (read === null) throw new Error(`${id} is not there`);
  return read;
}

async function mustLock(faces: FaceStore) {
  const lock = await faces.lock("r-1", 30_000);
  if (lock === null) throw new Error("the face is locked");
  return lock;
}

const result = (atMs: number) => ({ atMs, summary: "Done.", writesStoppedMs: null, problems: [] });

const worker = (workerId: string, targets: readonly RequestRecord["target"][]) => ({
  workerId,
  cluster: "main",
  version: "0.1.0",
  operations: ["dolt.failover"],
  targets,
});
