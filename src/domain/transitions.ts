import { type Approval, approvalSchema, type Grant } from "./approval.ts";
import { type Problem, problem } from "./errors.ts";
import { mention, type Person, samePerson } from "./people.ts";
import { type Plan, planSchema } from "./plan.ts";
import { judgeApprover, type PolicyRule } from "./policy.ts";
import {
  canStillStop,
  hasSafePointAhead,
  isSettled,
  type Outcome,
  type RequestRecord,
  type RequestState,
  type StepProgress,
  type StoryEntry,
  type Wish,
  type WishKind,
} from "./request.ts";
import { digestOf, readUnverified, type Signed } from "./signing.ts";

/**
 * What can happen to a request. Each function is pure: a record and what happened in, the next record or the reason
 * why not out. Nothing else changes a record. `nowMs` is always Redis' clock.
 */
export type Transition =
  | { readonly ok: true; readonly record: RequestRecord }
  | { readonly ok: false; readonly problem: Problem };

/** The state at this time: what waits for people expires at each read, whether or not a timer ever fired. */
export function judgeExpiry(record: RequestRecord, nowMs: number): RequestRecord {
  if (!canExpire(record.state) || record.expiresAtMs === null || nowMs < record.expiresAtMs) return record;
  return next(record, nowMs, "expired", `Expired: not settled in time, and no answer is no. Nothing was changed.`);
}

export function planned(record: RequestRecord, signed: Signed, plan: Plan, nowMs: number): Transition {
  if (record.state !== "planning") return notNow(record);
  const expiresAtMs = nowMs + record.rule.expiresAfterMinutes * 60_000;
  const { acceptance } = plan;
  const byFlag = acceptance?.given
    ? ` ${mention(record.requester)} accepted by --${acceptance.flag}: ${acceptance.title}`
    : "";
  const story = `Plan made: ${plan.steps.length} steps. ${plan.cost}${byFlag}`;
  const state = record.rule.approvals === 0 ? "approved" : "awaiting_approval";
  return done({ ...next(record, nowMs, state, story), plan: signed, expiresAtMs });
}

/** A question that changes nothing is settled by its answer: the plan, without steps, is what was seen. */
export function answered(record: RequestRecord, signed: Signed, nowMs: number): Transition {
  if (record.state !== "planning") return notNow(record);
  return done({
    ...touched(record, nowMs),
    state: "succeeded",
    expiresAtMs: null,
    outcome: outcome(nowMs, "Answered. Nothing was changed.", []),
    plan: signed,
  });
}

/** The preflight, or the admission, found reasons against it. Nothing was changed. */
export function refused(
  record: RequestRecord,
  problems: Outcome["problems"] | readonly Problem[],
  nowMs: number,
): Transition {
  if (record.state !== "planning" && record.state !== "approved") return notNow(record);
  // Each reason says itself that nothing was changed.
  const summary = problems.length === 0 ? "Refused. Nothing was changed." : "Refused.";
  return done(settled(record, nowMs, "refused", outcome(nowMs, summary, problems)));
}

/** Planning itself broke. Nothing was changed. */
export function planningFailed(record: RequestRecord, why: Problem, nowMs: number): Transition {
  if (record.state !== "planning") return notNow(record);
  return done(settled(record, nowMs, "failed", outcome(nowMs, "No plan could be made. Nothing was changed.", [why])));
}

/** What the edge checks of a click before it signs an approval. Null when it may be signed. */
export function objectionToApproval(
  record: RequestRecord,
  rule: PolicyRule | null,
  approver: Person,
  fingerprint: string,
): Problem | null {
  if (record.state !== "awaiting_approval") return objectionToSettled(record);
  if (shownPlan(record)?.fingerprint !== fingerprint) return problem("plan_replaced", { requestId: record.id });
  if (rule === null) return problem("approver_not_allowed", { approvers: [] });
  switch (judgeApprover(rule, approver, record.requester)) {
    case "is_requester":
      return problem("approver_is_requester", {});
    case "not_an_approver":
      return problem("approver_not_allowed", { approvers: rule.approvers.map((userId) => `<@${userId}>`) });
    case "allowed":
      return approvalsOf(record).some((given) => samePerson(given.approver, approver))
        ? problem("approver_twice", {})
        : null;
  }
}

/** One signed approval more; enough of them approve the request and start the grant's time. */
export function approve(record: RequestRecord, signed: Signed, approval: Approval, nowMs: number): Transition {
  if (record.state !== "awaiting_approval" || record.plan === undefined) return notNow(record);
  if (approval.planDigest !== digestOf(record.plan)) {
    return { ok: false, problem: problem("plan_replaced", { requestId: record.id }) };
  }
  const approvals = [...record.approvals, signed];
  const enough = approvals.length >= record.rule.approvals;
  const accepted = approval.accepted === true ? ` They accepted by name: ${acceptedText(record)}` : "";
  const story = `Approved by ${mention(approval.approver)} (${approvals.length} of ${record.rule.approvals}).${accepted}`;
  const state = enough ? "approved" : "awaiting_approval";
  const expiresAtMs = enough ? nowMs + record.rule.expiresAfterMinutes * 60_000 : record.expiresAtMs;
  return done({ ...next(record, nowMs, state, story), approvals, expiresAtMs });
}

/** What is accepted with an approval, with the figures that were shown. */
function acceptedText(record: RequestRecord): string {
  const acceptance = shownPlan(record)?.acceptance;
  return acceptance === undefined ? "" : [acceptance.title, ...acceptance.figures].join(" ");
}

export function deny(record: RequestRecord, by: Person, fingerprint: string, nowMs: number): Transition {
  if (record.state !== "awaiting_approval") return notNow(record);
  if (shownPlan(record)?.fingerprint !== fingerprint) {
    return { ok: false, problem: problem("plan_replaced", { requestId: record.id }) };
  }
  const summary = `Denied by ${mention(by)}. Nothing was changed.`;
  return done({ ...settled(record, nowMs, "denied", outcome(nowMs, summary, [])), settledBy: by });
}

/** What the edge checks of a click on Deny: an approver of the rule may, and so may the person who asked. Null when it counts. */
export function objectionToDenial(
  record: RequestRecord,
  rule: PolicyRule | null,
  person: Person,
  fingerprint: string,
): Problem | null {
  if (record.state !== "awaiting_approval") return objectionToSettled(record);
  if (shownPlan(record)?.fingerprint !== fingerprint) return problem("plan_replaced", { requestId: record.id });
  if (samePerson(record.requester, person)) return null;
  if (rule !== null && judgeApprover(rule, person, record.requester) === "allowed") return null;
  return problem("approver_not_allowed", { approvers: (rule?.approvers ?? []).map((userId) => `<@${userId}>`) });
}

/** Taken back before anything began, because `why`. Nothing was changed. */
export function withdrawn(record: RequestRecord, why: string, nowMs: number): Transition {
  if (!canExpire(record.state)) return notNow(record);
  const summary = `Withdrawn: ${why}. Nothing was changed.`;
  return done(settled(record, nowMs, "withdrawn", outcome(nowMs, summary, [])));
}

/** The cluster is not what was approved. Nothing was changed. */
export function wentStale(record: RequestRecord, changes: readonly string[], nowMs: number): Transition {
  if (record.state !== "approved") return notNow(record);
  const why = problem("plan_stale", { changes });
  return done(
    settled(record, nowMs, "stale", outcome(nowMs, "Stale: approve a new plan. Nothing was changed.", [why])),
  );
}

/** The grant is used: the cluster has the execution on record, and from here only the holder of the lease writes. */
export function started(
  record: RequestRecord,
  execution: { id: string; worker: string; steps: readonly StepProgress[] },
  nowMs: number,
): Transition {
  if (record.state !== "approved") return notNow(record);
  const running = next(record, nowMs, "running", `Started by worker ${execution.worker}.`);
  return done({
    ...running,
    expiresAtMs: null,
    execution: { ...execution, steps: [...execution.steps], startedAtMs: nowMs, committed: false },
  });
}

/** Another worker holds the lease now: what the one before writes from here on is refused. */
export function takenUp(record: RequestRecord, worker: string, nowMs: number): Transition {
  if (record.state !== "running" || record.execution === undefined) return notNow(record);
  const running = next(record, nowMs, "running", `Taken up by worker ${worker}.`);
  return done({ ...running, execution: { ...record.execution, worker } });
}

export function progressed(record: RequestRecord, steps: readonly StepProgress[], nowMs: number): Transition {
  if (record.execution === undefined || isSettled(record)) return notNow(record);
  return done({
    ...touched(record, nowMs),
    execution: { ...record.execution, steps: [...steps] },
    story: [...record.story, ...storyOf(record.execution.steps, steps, nowMs)],
  });
}

/** What the edge checks of a click on Cancel, Pause or Resume: the person who asked may, and so may an approver of the rule. Null when it counts. */
export function objectionToWish(
  record: RequestRecord,
  rule: PolicyRule | null,
  person: Person,
  kind: WishKind,
  fingerprint: string,
): Problem | null {
  if (record.state !== "running") return whyWishCannotHelp(record, kind);
  if (shownPlan(record)?.fingerprint !== fingerprint) return problem("plan_replaced", { requestId: record.id });
  const asked = samePerson(record.requester, person);
  if (!asked && (rule === null || judgeApprover(rule, person, record.requester) !== "allowed")) {
    const approvers = (rule?.approvers ?? []).map((userId) => `<@${userId}>`);
    return problem("wish_not_allowed", { people: [mention(record.requester), ...approvers] });
  }
  return whyWishCannotHelp(record, kind);
}

/** A person wants it to stop, to pause, or to go on. Whoever carries it out asks for this at its safe points. */
export function wished(record: RequestRecord, kind: WishKind, by: Person, nowMs: number): Transition {
  const objection = whyWishCannotHelp(record, kind);
  if (objection !== null) return { ok: false, problem: objection };
  return done({ ...next(record, nowMs, "running", wishText(record, kind, by)), wish: { kind, by, atMs: nowMs } });
}

/** Whether the store has lost this pause, which was kept elsewhere: it knows neither of it nor of anything newer. */
export function hasLost(record: RequestRecord, pause: Wish): boolean {
  return record.state === "running" && (record.wish === undefined || record.wish.atMs < pause.atMs);
}

/** A pause that the store has lost, put back from where it was kept. */
export function pauseKept(record: RequestRecord, pause: Wish, nowMs: number): Transition {
  if (hasLost(record, pause)) return done({ ...touched(record, nowMs), wish: pause });
  return { ok: false, problem: problem("wish_repeated", { requestId: record.id, state: record.state }) };
}

function whyWishCannotHelp(record: RequestRecord, kind: WishKind): Problem | null {
  const { id, execution, wish } = record;
  if (isSettled(record)) return objectionToSettled(record);
  if (record.state !== "running" || execution === undefined) {
    return problem("request_not_running", { requestId: id, state: record.state.replace("_", " ") });
  }
  if (wish?.kind === "cancel") {
    return problem("wish_repeated", { requestId: id, state: `being stopped (${mention(wish.by)})` });
  }
  switch (kind) {
    case "cancel":
      return canStillStop(execution) ? null : problem("wish_too_late", { requestId: id });
    case "pause":
      if (wish?.kind === "pause") {
        return problem("wish_repeated", { requestId: id, state: `paused (${mention(wish.by)})` });
      }
      return hasSafePointAhead(execution.steps) ? null : problem("wish_too_late", { requestId: id });
    case "resume":
      return wish?.kind === "pause" ? null : problem("wish_repeated", { requestId: id, state: "running" });
  }
}

function wishText({ execution }: RequestRecord, kind: WishKind, by: Person): string {
  switch (kind) {
    case "cancel":
      return execution?.committed === true
        ? `${mention(by)} stops it: it ends before its next step, and what was done stands.`
        : `${mention(by)} cancels it.`;
    case "pause":
      return `${mention(by)} pauses it: it holds before its next step.`;
    case "resume":
      return `${mention(by)} lets it go on.`;
  }
}

/** Before the first step that cannot be undone. A wish to cancel that is already there wins. */
export function committed(record: RequestRecord, nowMs: number): Transition {
  if (record.state !== "running" || record.execution === undefined) return notNow(record);
  if (record.wish?.kind === "cancel") {
    return { ok: false, problem: problem("cancelled_before_start", { by: mention(record.wish.by) }) };
  }
  return done({ ...touched(record, nowMs), execution: { ...record.execution, committed: true } });
}

/**
 * The execution ended, well or not. From `unknown` it can still be found out. `stale`: the cluster was not what was approved
 * any more when another worker took it up, and nothing had been changed.
 */
export function ended(
  record: RequestRecord,
  state: "succeeded" | "failed" | "cancelled" | "stale" | "unknown",
  result: Outcome,
  steps: readonly StepProgress[],
  nowMs: number,
): Transition {
  if ((record.state !== "running" && record.state !== "unknown") || record.execution === undefined)
    return notNow(record);
  const late = state === "succeeded" || state === "failed" ? lateWish(record, nowMs) : [];
  const told = { ...record, story: [...record.story, ...storyOf(record.execution.steps, steps, nowMs), ...late] };
  const execution = { ...record.execution, steps: [...steps] };
  return done({ ...settled(told, nowMs, state, result), execution });
}

/** The grant that an approved record holds; null for any other. */
export function grantOf(record: RequestRecord): Grant | null {
  if (record.plan === undefined || record.expiresAtMs === null) return null;
  return {
    plan: record.plan,
    approvals: record.approvals,
    requester: record.requester,
    expiresAtMs: record.expiresAtMs,
  };
}

/** The plan as it is shown. Its signature is judged where something is decided: at admission. */
export function shownPlan(record: RequestRecord): Plan | null {
  return record.plan === undefined ? null : readUnverified(record.plan, planSchema);
}

/** The approvals as they are shown. */
export function approvalsOf(record: RequestRecord): Approval[] {
  return record.approvals.flatMap((signed) => readUnverified(signed, approvalSchema) ?? []);
}

/** Why a click can no longer change this request. */
export function objectionToSettled(record: RequestRecord): Problem {
  if (record.state === "expired") {
    return problem("request_expired", { requestId: record.id, minutes: record.rule.expiresAfterMinutes });
  }
  if (!isSettled(record)) return problem("request_not_awaiting", { requestId: record.id, state: record.state });
  const by = record.settledBy === undefined ? "" : ` by ${mention(record.settledBy)}`;
  const at = ` at ${new Date(record.updatedAtMs).toISOString().slice(11, 16)} UTC`;
  return problem("request_settled", { requestId: record.id, state: record.state, by: by + at });
}

/** What is new to tell of the steps: those that ended since. */
function storyOf(before: readonly StepProgress[], after: readonly StepProgress[], nowMs: number): StoryEntry[] {
  const was = new Map(before.map((step) => [step.id, step.state]));
  return after
    .filter((step) => step.state !== "pending" && step.state !== "running" && was.get(step.id) !== step.state)
    .map((step) => ({ atMs: nowMs, text: stepText(step) }));
}

/** Who wished to stop it is told why it was not stopped. */
function lateWish({ state, wish }: RequestRecord, nowMs: number): StoryEntry[] {
  if (state !== "running" || wish?.kind !== "cancel") return [];
  return [{ atMs: nowMs, text: `The wish of ${mention(wish.by)} to stop it came after the last place for that.` }];
}

function stepText(step: StepProgress): string {
  const signs = { done: "✓", failed: "✗", undone: "↩", skipped: "–", pending: "·", running: "…" } as const;
  return `${signs[step.state]} ${step.title}${step.note === undefined ? "" : ` — ${step.note}`}`;
}

function canExpire(state: RequestState): boolean {
  return state === "planning" || state === "awaiting_approval" || state === "approved";
}

function outcome(atMs: number, summary: string, problems: Outcome["problems"] | readonly Problem[]): Outcome {
  return { atMs, summary, writesStoppedMs: null, problems: [...problems] };
}

function settled(record: RequestRecord, nowMs: number, state: RequestState, result: Outcome): RequestRecord {
  return { ...next(record, nowMs, state, endText(result)), outcome: result, expiresAtMs: null };
}

/** How the thread tells an end: in a sentence, with the reasons and what it cost. */
function endText({ summary, problems, writesStoppedMs }: Outcome): string {
  const reasons = problems.map((one) => one.what).filter((what) => !summary.includes(what));
  const stopped = writesStoppedMs === null ? [] : [`Writes stopped for ${writesStoppedMs} ms.`];
  return [summary, ...reasons, ...stopped].join(" ");
}

function next(record: RequestRecord, nowMs: number, state: RequestState, text: string): RequestRecord {
  return { ...touched(record, nowMs), state, story: [...record.story, { atMs: nowMs, text }] };
}

function touched(record: RequestRecord, nowMs: number): RequestRecord {
  return { ...record, revision: record.revision + 1, updatedAtMs: nowMs };
}

function done(record: RequestRecord): Transition {
  return { ok: true, record };
}

function notNow(record: RequestRecord): Transition {
  return { ok: false, problem: objectionToSettled(record) };
}
