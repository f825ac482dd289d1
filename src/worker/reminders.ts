import { reminderMessage } from "../../handlers/messages/reminder.ts";
import { problemOf } from "../domain/errors.ts";
import { planMembersOf } from "../domain/policy/planned-approval.ts";
import { approversStillWanted } from "../domain/policy/still-wanted.ts";
import { principalKey } from "../domain/principals.ts";
import type { RequestRecord } from "../domain/request.ts";
import { approvalsOf, shownPlan } from "../domain/transitions/reading.ts";
import {
  dueOf,
  escalationsOf,
  isYetToBeNoticed,
  noticed,
  occasionOf,
  reminded,
} from "../domain/transitions/waiting.ts";
import { changeRecord } from "../execution/change-record.ts";
import { ChatError } from "../ports/chat.ts";
import type { WorkerServices } from "./services.ts";

const drawDeadlineMs = 10_000;
const slackDeadlineMs = 5_000;
const lookDeadlineMs = 10_000;
/** Of a group of hundreds not everybody is told: the thread tells them all. */
const mostNotices = 30;

/**
 * Reminds people of requests that wait for them: in the thread, and each of them directly. Everything is on record before it is said,
 * so that it is said once, whoever walks and whatever dies: what is in the thread by the story, a direct message by its notice.
 */
export class Reminders {
  readonly #services: WorkerServices;
  readonly #inHand = new Set<string>();
  /** By request, the occasion on which everybody was told: nobody is asked again who those are. */
  readonly #told = new Map<string, string>();

  constructor(services: WorkerServices) {
    this.#services = services;
  }

  /** Says what has come due for a request that waits, and what a worker that died has left unsaid. Never throws. */
  async attend(record: RequestRecord, nowMs: number, signal: AbortSignal): Promise<void> {
    if (this.#inHand.has(record.id)) return;
    this.#inHand.add(record.id);
    try {
      const current = dueOf(record, nowMs) === null ? record : await this.#remind(record.id);
      const occasion = current === null ? null : occasionOf(current);
      if (current === null || occasion === null || this.#told.get(record.id) === occasion) return;
      if (await this.#tellEach(current, nowMs, signal)) this.#told.set(record.id, occasion);
    } catch (error) {
      const why = problemOf(error, "reminding people of a request");
      const facts = { requestId: record.id, problem: why.code, why: why.what };
      this.#services.log.warn(facts, "people not reminded; the next walk tries again");
    } finally {
      this.#inHand.delete(record.id);
    }
  }

  async #remind(requestId: string): Promise<RequestRecord | null> {
    const { store, workerId, draw } = this.#services;
    const change = await changeRecord(store, requestId, { worker: workerId }, reminded);
    // Another worker was first, or somebody has settled it.
    if (!change.ok) return null;
    await draw.drawOnce(requestId, { deadlineMs: drawDeadlineMs });
    return change.record;
  }

  /** False: somebody is left to be told, by the next walk. */
  async #tellEach(record: RequestRecord, nowMs: number, signal: AbortSignal): Promise<boolean> {
    const { store, workerId } = this.#services;
    const already = record.waiting?.notices.filter(({ occasion }) => occasion === occasionOf(record)).length ?? 0;
    const { userIds, isComplete } = await this.#peopleToTell(record, nowMs, signal);
    const people = userIds.filter((id) => isYetToBeNoticed(record, id)).slice(0, Math.max(0, mostNotices - already));
    if (people.length === 0) return isComplete;
    const link = await this.#permalink(record.id, signal);
    for (const userId of people) {
      if (signal.aborted) return false;
      const change = await changeRecord(store, record.id, { worker: workerId }, (current, atMs) =>
        noticed(current, userId, atMs),
      );
      // Settled meanwhile, or told by another worker: whoever is next is looked at by the next walk.
      if (!change.ok) return false;
      if (!(await this.#tell(change.record, userId, link))) return false;
    }
    return isComplete;
  }

  /** Tries once. False: Slack is not to be asked again now. */
  async #tell(record: RequestRecord, userId: string, link: string | null): Promise<boolean> {
    const { chat, store, workerId, log } = this.#services;
    let outcome = "sent";
    let goOn = true;
    try {
      await chat.post(userId, reminderMessage(record, link), null, AbortSignal.timeout(slackDeadlineMs));
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      outcome = error.outcome === "unknown" ? `unknown: ${error.slackError}` : `not sent: ${error.slackError}`;
      // One person whom Slack does not let it write to says nothing of the next one.
      goOn = error.outcome === "refused";
      log.warn(
        { requestId: record.id, userId, slack: error.slackError },
        "a reminder was not confirmed; not sent again",
      );
    }
    const facts = { to: userId, occasion: occasionOf(record), outcome };
    await store.audit({ kind: "reminded_directly", requestId: record.id, by: { worker: workerId }, facts });
    return goOn;
  }

  /** Those who can still approve, and those to whom it was escalated, whether they may or not. */
  async #peopleToTell(
    record: RequestRecord,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly userIds: readonly string[]; readonly isComplete: boolean }> {
    const plan = shownPlan(record);
    if (plan === null) return { userIds: [], isComplete: true };
    const about = { requester: record.requester, approvals: approvalsOf(record), plannedAtMs: plan.madeAtMs };
    const wanted = approversStillWanted(record.rule, about, planMembersOf(plan.approval), nowMs);
    const onlyTold = escalationsOf(record)
      .filter(({ mayApprove }) => !mayApprove)
      .flatMap(({ principals }) => principals);
    if (onlyTold.length === 0) return { userIds: wanted, isComplete: true };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(lookDeadlineMs)]);
    const found = await this.#services.memberships.look(onlyTold, deadline);
    const answers = onlyTold.map((principal) =>
      principal.kind === "user" ? { members: [principal.userId] } : found.get(principalKey(principal)),
    );
    const told = answers.flatMap((answer) => (answer === undefined || "unknown" in answer ? [] : answer.members));
    const isComplete = answers.every((answer) => answer !== undefined && !("unknown" in answer));
    return { userIds: [...new Set([...wanted, ...told])], isComplete };
  }

  async #permalink(requestId: string, signal: AbortSignal): Promise<string | null> {
    const { faces, chat } = this.#services;
    const face = await faces.read(requestId);
    if (face === null || face.ts === null) return null;
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(slackDeadlineMs)]);
      return await chat.permalink(face.channelId, face.ts, deadline);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      return null;
    }
  }
}
