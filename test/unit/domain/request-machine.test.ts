import { generateKeyPairSync } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openGrant } from "../../../src/domain/approval.ts";
import { noMemberships } from "../../../src/domain/memberships.ts";
import { type Person, personKey } from "../../../src/domain/people.ts";
import { type ApproverJudgement, judgeApprover } from "../../../src/domain/policy/judging.ts";
import { planMembersOf } from "../../../src/domain/policy/planned-approval.ts";
import {
  canStillStop,
  hasSafePointAhead,
  isPaused,
  isSettled,
  newRequestRecord,
  type RequestRecord,
  type RequestState,
  requestRecordSchema,
  requestStates,
  type StepProgress,
  type WishKind,
} from "../../../src/domain/request.ts";
import { readPublicKeys, readSigningKey, type SigningKey, signStatement } from "../../../src/domain/signing.ts";
import { approve, deny, objectionToApproval } from "../../../src/domain/transitions/approving.ts";
import type { Transition } from "../../../src/domain/transitions/change.ts";
import { judgeExpiry, takenBack, wentStale, withdrawn } from "../../../src/domain/transitions/ending-early.ts";
import { followed } from "../../../src/domain/transitions/following.ts";
import { answered, planned, planningFailed, refused } from "../../../src/domain/transitions/planning.ts";
import { approvalsOf, grantOf } from "../../../src/domain/transitions/reading.ts";
import { committed, ended, progressed, started, takenUp } from "../../../src/domain/transitions/running.ts";
import { dueOf, nextDeadlineMs, noticed, reminded } from "../../../src/domain/transitions/waiting.ts";
import { objectionToWish, wished } from "../../../src/domain/transitions/wishing.ts";
import { MemoryRequestStore } from "../../support/memory-request-store.ts";
import { aNewRequest, anApproval, anEvent, aPlan, aRecordedRule, listed } from "../../support/records.ts";

/**
 * Many processes at one request: each reads, decides on what it read, perhaps long ago, and writes by compare-and-set.
 * Whatever the order, the promises below hold for what gets written.
 */

/** What may follow what, as the design has it. A state may follow itself where something else of the record changed. */
const followers: Readonly<Record<RequestState, readonly RequestState[]>> = {
  planning: ["awaiting_approval", "approved", "refused", "withdrawn", "expired", "failed", "succeeded"],
  awaiting_approval: ["awaiting_approval", "approved", "denied", "withdrawn", "expired", "stale"],
  approved: ["running", "withdrawn", "expired", "stale", "refused"],
  running: ["running", "succeeded", "failed", "cancelled", "stale", "unknown"],
  unknown: ["unknown", "succeeded", "failed", "cancelled", "stale"],
  refused: [],
  denied: [],
  withdrawn: [],
  expired: [],
  stale: [],
  succeeded: [],
  failed: [],
  cancelled: [],
};

const people: Person[] = ["UREQUESTER", "UONE", "UTWO", "UTHREE", "UOUTSIDER"].map((userId) => ({
  teamId: "T1",
  userId,
}));
const requester: Person = { teamId: "T1", userId: "UREQUESTER" };
const approverIds = ["UREQUESTER", "UONE", "UTWO", "UTHREE"];

const edgeKey = newKey();
const clusterKey = newKey();
const edgeKeys = readPublicKeys([edgeKey.publicKeyText]);
const clusterKeys = readPublicKeys([clusterKey.publicKeyText]);

const plan = aPlan({ requester, approval: listed(...approverIds) });
const signedPlan = signStatement(plan, clusterKey);

const acts = {
  plan: (record, _by, nowMs) => planned(record, signedPlan, plan, nowMs),
  answer: (record, _by, nowMs) => answered(record, signedPlan, nowMs),
  refuse: (record, _by, nowMs) => refused(record, [], nowMs),
  failToPlan: (record, _by, nowMs) =>
    planningFailed(record, { code: "unexpected", kind: "failed", what: "x", next: "y" }, nowMs),
  approve: (record, by, nowMs) => clickApprove(record, by, nowMs),
  deny: (record, by, nowMs) => deny(record, by, plan.fingerprint, "not tonight", nowMs),
  withdraw: (record, _by, nowMs) => withdrawn(record, "a test says so", nowMs),
  takeBack: (record, by, nowMs) => takenBack(record, by, nowMs),
  goStale: (record, _by, nowMs) => wentStale(record, ["primary: orders-0 → orders-1"], nowMs),
  start: (record, _by, nowMs) => started(record, { id: "e-1", worker: "w-1", steps }, nowMs),
  progress: (record, _by, nowMs) => progressed(record, further(record), nowMs),
  takeUp: (record, _by, nowMs) => takenUp(record, "w-2", nowMs),
  wishCancel: (record, by, nowMs) => clickWish(record, "cancel", by, nowMs),
  wishPause: (record, by, nowMs) => clickWish(record, "pause", by, nowMs),
  wishResume: (record, by, nowMs) => clickWish(record, "resume", by, nowMs),
  commit: (record, _by, nowMs) => committed(record, nowMs),
  succeed: (record, _by, nowMs) => ended(record, "succeeded", result(nowMs), steps, nowMs),
  fail: (record, _by, nowMs) => ended(record, "failed", result(nowMs), steps, nowMs),
  stop: (record, _by, nowMs) => ended(record, "cancelled", result(nowMs), steps, nowMs),
  goStaleWhenTakenUp: (record, _by, nowMs) => ended(record, "stale", result(nowMs), steps, nowMs),
  loseTrack: (record, _by, nowMs) => ended(record, "unknown", result(nowMs), steps, nowMs),
  remind: (record, _by, nowMs) => reminded(record, nowMs),
  notice: (record, by, nowMs) => noticed(record, by.userId, nowMs),
  follow: (record, _by, nowMs) => followed(record, "r-2", nowMs),
  expire: (record, _by, nowMs) => ({ ok: true, record: judgeExpiry(record, nowMs) }),
} satisfies Record<string, (record: RequestRecord, by: Person, nowMs: number) => Transition>;
type Act = keyof typeof acts;
const actNames = Object.keys(acts).filter((name): name is Act => name in acts);

/** Of a rolling operation: it may be stopped or paused before each pod but the first, which begins it. */
const steps: StepProgress[] = ["look", "pod-2", "pod-1", "pod-0"].map((id) => {
  return { id, title: id, state: "pending", ...(id === "pod-1" || id === "pod-0" ? { safePoint: true } : {}) };
});

/** One step more is done. */
function further({ execution }: RequestRecord): StepProgress[] {
  const now = execution?.steps ?? steps;
  const next = now.findIndex(({ state }) => state === "pending");
  return now.map((one, index) => (index === next ? { ...one, state: "done" } : one));
}

interface Happening {
  readonly act: Act;
  readonly by: Person;
  /** How many changes ago the actor read what it decides on. */
  readonly staleness: number;
  readonly waitMs: number;
}

/** The acts that lead on come up more often, so that many runs get far. */
const happening: fc.Arbitrary<Happening> = fc.record({
  act: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<Act>("plan", "approve", "approve", "start", "progress", "commit") },
    { weight: 2, arbitrary: fc.constantFrom<Act>("wishPause", "wishResume", "wishCancel") },
    { weight: 2, arbitrary: fc.constantFrom<Act>("remind", "notice") },
    { weight: 4, arbitrary: fc.constantFrom(...actNames) },
  ),
  by: fc.constantFrom(...people),
  staleness: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
  waitMs: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(59_999, 60_000, 2 * 60_000, 3 * 60_000, 15 * 60_000) },
  ),
});
const course = fc.tuple(
  fc.integer({ min: 0, max: 3 }),
  fc.array(happening, { minLength: 1, maxLength: 60, size: "max" }),
);

describe("a request, whoever does what, in whatever order", () => {
  test("changes one revision at a time, along the states' own ways, and tells more and never less", async () => {
    await everyChange(({ before, after }) => {
      expect(after.revision).toBe(before.revision + 1);
      const isNamed = before.followedBy === undefined && after.followedBy !== undefined;
      if (isNamed) expect(after.state).toBe(before.state);
      else expect(followers[before.state]).toContain(after.state);
      expect(after.story.slice(0, before.story.length)).toEqual(before.story);
      expect(requestRecordSchema.parse(JSON.parse(JSON.stringify(after)))).toEqual(after);
    });
  });

  test("settles at most once, and nothing changes it afterwards but who takes its place, once", async () => {
    await everyCourse(({ written }) => {
      const settledAt = written.findIndex(isSettled);
      if (settledAt === -1) return;
      const [settled, ...later] = written.slice(settledAt);
      expect(later.length).toBeLessThanOrEqual(1);
      for (const record of later) {
        const { revision, updatedAtMs, story, followedBy, ...same } = record;
        expect(followedBy).toBe("r-2");
        expect(settled).toMatchObject(same);
        expect(story).toHaveLength((settled?.story.length ?? 0) + 1);
      }
    });
  });

  test("reminds at most as often as its rule says, only while it waits, and nobody twice of the same", async () => {
    await everyChange(({ before, after, nowMs }) => {
      const was = before.waiting ?? { reminded: 0, escalated: 0, notices: [] };
      const is = after.waiting ?? { reminded: 0, escalated: 0, notices: [] };
      const isMore =
        is.reminded > was.reminded || is.escalated > was.escalated || is.notices.length > was.notices.length;
      if (isMore) expect([before.state, after.state]).toEqual(["awaiting_approval", "awaiting_approval"]);
      const sinceMs = after.waiting?.sinceMs ?? 0;
      const due = after.rule.remindAfterMinutes.filter((minutes) => nowMs >= sinceMs + minutes * 60_000).length;
      expect(is.reminded).toBeLessThanOrEqual(due);
      const told = is.notices.map(({ occasion, userId }) => `${occasion}/${userId}`);
      expect(new Set(told).size).toBe(told.length);
      const said = after.story.filter(({ text }) => /^Reminder:|^Nobody has settled/.test(text));
      expect(said.length).toBeLessThanOrEqual(is.reminded + is.escalated);
    });
  });

  test("has its next deadline no later than it expires, and ahead of it what is to be said before", async () => {
    await everyChange(({ after, nowMs }) => {
      const deadlineMs = nextDeadlineMs(after);
      if (after.expiresAtMs !== null && !isSettled(after)) expect(deadlineMs).toBeLessThanOrEqual(after.expiresAtMs);
      if (dueOf(after, nowMs) !== null) expect(deadlineMs).toBeLessThanOrEqual(nowMs);
    });
  });

  test("is approved by enough people who may, each once, none of them the requester, each for this very plan", async () => {
    await everyChange(({ after }) => {
      const approvers = approvalsOf(after).map(({ approver }) => approver);
      expect(new Set(approvers.map(personKey)).size).toBe(approvers.length);
      expect(approvers.map(personKey)).not.toContain(personKey(requester));
      expect(approvers.every(({ userId }) => approverIds.includes(userId))).toBe(true);
      if (after.state !== "approved") return;
      expect(approvers).toHaveLength(after.rule.approvals);
      const grant = grantOf(after);
      expect(grant === null ? null : openGrant(grant, clusterKeys, edgeKeys)).toMatchObject({ ok: true, plan });
    });
  });

  test("runs only when it was approved", async () => {
    await everyCourse(({ written }) => {
      const runs = written.findIndex(({ state }) => state === "running");
      expect(runs === -1 || written[runs - 1]?.state === "approved").toBe(true);
      const hasRun = written.some(({ execution }) => execution !== undefined);
      expect(hasRun).toBe(runs !== -1);
    });
  });

  test("is not committed against a wish to cancel that was there before", async () => {
    await everyChange(({ before, after }) => {
      const commits = before.execution?.committed === false && after.execution?.committed === true;
      if (commits) expect(before.wish?.kind).not.toBe("cancel");
    });
  });

  test("takes a wish only while it runs, only where it can help, from whom it concerns, and none after a wish to cancel", async () => {
    await everyChange(({ before, after }) => {
      if (before.wish === after.wish || isDeepStrictEqual(before.wish, after.wish)) return;
      const { wish, execution } = after;
      expect(before.state).toBe("running");
      expect(after.state).toBe("running");
      expect(before.wish?.kind).not.toBe("cancel");
      expect(wish?.kind).not.toBe(before.wish?.kind);
      expect(["UREQUESTER", ...approverIds]).toContain(wish?.by.userId);
      if (wish?.kind === "resume") expect(isPaused(before)).toBe(true);
      if (wish?.kind === "pause") expect(hasSafePointAhead(execution?.steps ?? [])).toBe(true);
      if (wish?.kind === "cancel") expect(execution !== undefined && canStillStop(execution)).toBe(true);
    });
  });

  test("tells whose wish to stop came too late, and never says so of one that stopped it", async () => {
    await everyChange(({ before, after }) => {
      const said = (record: RequestRecord) => record.story.filter(({ text }) => text.includes("after the last place"));
      const hasEnded = after.state === "succeeded" || after.state === "failed";
      const isLate = before.state === "running" && before.wish?.kind === "cancel" && hasEnded;
      expect(said(after).length - said(before).length).toBe(isLate ? 1 : 0);
    });
  });

  test("expires when its time has passed and not before, and is not approved or planned afterwards", async () => {
    await everyChange(({ before, after, nowMs }) => {
      const isOver = before.expiresAtMs !== null && nowMs >= before.expiresAtMs;
      if (after.state === "expired") expect(isOver).toBe(true);
      if (after.state === "awaiting_approval" || after.state === "approved") expect(isOver).toBe(false);
    });
  });

  test("has an outcome exactly when it has ended by somebody's doing, and a deadline exactly while it waits", async () => {
    await everyChange(({ after }) => {
      const ends = (isSettled(after) && after.state !== "expired") || after.state === "unknown";
      const waits = ["planning", "awaiting_approval", "approved"].includes(after.state);
      if (ends) expect(after.outcome).toBeDefined();
      if (waits) expect(after.expiresAtMs).toBeGreaterThan(after.updatedAtMs - 1);
    });
  });

  test("reaches every state in these runs, so that the promises were put to the test", async () => {
    const reached = new Set<RequestState>(["planning"]);
    const said = { reminded: 0, escalated: 0, noticed: 0, followed: 0 };
    await everyChange(({ after: { state, waiting, followedBy } }) => {
      reached.add(state);
      if ((waiting?.reminded ?? 0) > 0) said.reminded += 1;
      if ((waiting?.escalated ?? 0) > 0) said.escalated += 1;
      if ((waiting?.notices.length ?? 0) > 0) said.noticed += 1;
      if (followedBy !== undefined) said.followed += 1;
    });
    expect([...reached].sort()).toEqual([...requestStates].sort());
    expect(Object.values(said).every((times) => times > 0)).toBe(true);
  });
});

describe("a settled request", () => {
  test("refuses everything, with a reason", () => {
    for (const state of requestStates.filter((candidate) => isSettled({ state: candidate }))) {
      const record: RequestRecord = { ...newRequestRecord(aNewRequest(), 0), state, plan: signedPlan };
      for (const name of actNames.filter((act) => act !== "expire" && act !== "follow")) {
        const transition = acts[name](record, { teamId: "T1", userId: "UONE" }, 1_000);
        expect(transition.ok, `${name} on ${state}`).toBe(false);
        if (!transition.ok) expect(transition.problem.what).toContain(record.id);
      }
      expect(judgeExpiry(record, Number.MAX_SAFE_INTEGER)).toBe(record);
    }
  });

  test("is followed by another one where it came to nothing against people's will, and by one only", () => {
    const followable = requestStates.filter((state) => {
      const record: RequestRecord = { ...newRequestRecord(aNewRequest(), 0), state, plan: signedPlan };
      const first = followed(record, "r-2", 1_000);
      const second = first.ok ? followed(first.record, "r-3", 2_000) : first;
      expect(second.ok).toBe(false);
      if (!second.ok) expect(second.problem.what).toContain(first.ok ? "r-2" : "r-1");
      expect(followed({ ...record, dryRun: true }, "r-2", 1_000).ok).toBe(false);
      return first.ok;
    });
    expect(followable.sort()).toEqual(["cancelled", "expired", "failed", "refused", "stale"]);
  });
});

interface Change {
  readonly before: RequestRecord;
  readonly after: RequestRecord;
  /** The store's clock at the write. */
  readonly nowMs: number;
}

async function everyChange(check: (change: Change) => void): Promise<void> {
  await everyCourse(({ changes }) => {
    for (const change of changes) check(change);
  });
}

async function everyCourse(check: (run: { changes: Change[]; written: RequestRecord[] }) => void): Promise<void> {
  await fc.assert(
    fc.asyncProperty(course, async ([approvals, happenings]) => check(await run(approvals, happenings))),
    { numRuns: 400, seed: 20_261_121 },
  );
}

async function run(approvals: number, happenings: readonly Happening[]) {
  const clock = { atMs: 1_000_000, nowMs: () => clock.atMs };
  const store = new MemoryRequestStore(clock);
  const escalation = [{ afterMinutes: 8, to: ["USOMEBODY"], mayApprove: true }];
  const rule = aRecordedRule({ approvals, approvers: approverIds, remindAfterMinutes: [2, 5], escalation });
  const { record: first } = await store.create({
    deliveryId: "d-1",
    audit: anEvent(),
    build: (nowMs) => newRequestRecord(aNewRequest({ requester, rule }), nowMs),
  });
  const changes: Change[] = [];
  const reads = [{ record: first, nowMs: clock.atMs }];
  for (const { act, by, staleness, waitMs } of happenings) {
    clock.atMs += waitMs;
    const current = await store.read(first.id);
    if (current === null) throw new Error("the record is gone");
    const read = staleness === 0 ? current : (reads.at(-staleness) ?? current);
    const judged = judgeExpiry(read.record, read.nowMs);
    const transition: Transition =
      judged === read.record ? acts[act](read.record, by, read.nowMs) : { ok: true, record: judged };
    reads.push(current);
    if (!transition.ok || transition.record === read.record) continue;
    if (!(await store.compareAndSet(transition.record, anEvent()))) continue;
    changes.push({ before: current.record, after: transition.record, nowMs: clock.atMs });
  }
  return { changes, written: [first, ...changes.map(({ after }) => after)] };
}

function clickApprove(record: RequestRecord, by: Person, nowMs: number): Transition {
  const judged = judge(record, by, nowMs);
  const objection = objectionToApproval(record, judged, by, plan.fingerprint);
  if (objection !== null) return { ok: false, problem: objection };
  const rights = judged.kind === "may" ? judged.rights : [];
  const approval = anApproval(signedPlan, plan, { approver: by, atMs: nowMs, rights });
  return approve(record, signStatement(approval, edgeKey), approval, nowMs);
}

function judge(record: RequestRecord, approver: Person, atMs: number): ApproverJudgement {
  const click = { approver, requester: record.requester, atMs, plannedAtMs: plan.madeAtMs };
  const known = { memberships: noMemberships, notBeforeMs: null };
  return judgeApprover(record.rule, click, planMembersOf(plan.approval), known);
}

function clickWish(record: RequestRecord, kind: WishKind, by: Person, nowMs: number): Transition {
  const objection = objectionToWish(record, judge(record, by, nowMs), by, kind, plan.fingerprint);
  return objection === null ? wished(record, kind, by, nowMs) : { ok: false, problem: objection };
}

function result(atMs: number) {
  return { atMs, summary: "Ended.", writesStoppedMs: null, problems: [] };
}

function newKey(): SigningKey {
  return readSigningKey(
    generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
  );
}
