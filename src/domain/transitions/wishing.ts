import { type Problem, problem } from "../errors.ts";
import { mention, type Person, samePerson } from "../people.ts";
import type { ApproverJudgement } from "../policy/judging.ts";
import {
  canStillStop,
  hasSafePointAhead,
  hasStoppableStep,
  isSettled,
  type RequestRecord,
  type Wish,
  type WishKind,
} from "../request.ts";
import { whyNotApprover } from "./approving.ts";
import { done, next, objectionToSettled, type Transition, touched } from "./change.ts";
import { shownPlan } from "./reading.ts";

/** What the edge checks of a click on Cancel, Pause or Resume: the person who asked may, and so may an approver of the rule. Null when it counts. */
export function objectionToWish(
  record: RequestRecord,
  judged: ApproverJudgement,
  person: Person,
  kind: WishKind,
  fingerprint: string,
): Problem | null {
  if (record.state !== "running") return whyWishCannotHelp(record, kind);
  if (shownPlan(record)?.fingerprint !== fingerprint) return problem("plan_replaced", { requestId: record.id });
  const asked = samePerson(record.requester, person);
  if (!asked && judged.kind === "unknown") return whyNotApprover(record, judged, person);
  if (!asked && judged.kind !== "may") {
    const approvers = record.rule.requirements.map(({ of }) => of);
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
      if (execution?.committed === true && hasStoppableStep(execution.steps)) {
        return `${mention(by)} stops it: what it is at is put back, and what was done before stands.`;
      }
      return execution?.committed === true
        ? `${mention(by)} stops it: it ends before its next step, and what was done stands.`
        : `${mention(by)} cancels it.`;
    case "pause":
      return `${mention(by)} pauses it: it holds before its next step.`;
    case "resume":
      return `${mention(by)} lets it go on.`;
  }
}
