import { HandoverError, type Problem, problem, problemOf } from "../../src/domain/errors.ts";
import type { Person } from "../../src/domain/people.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import { ChatError, type ChatMessage, type ModalView } from "../../src/ports/chat.ts";
import type { AuditEvent } from "../../src/ports/request-store.ts";
import { Budget } from "../budget.ts";
import { drawInTime } from "../draw-in-time.ts";
import type { ButtonValue } from "../messages/buttons.ts";
import { clickRecordedMessage } from "../messages/notices.ts";
import { problemMessage } from "../messages/problems.ts";
import type { Home } from "../person.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";
import { acceptanceModal } from "../views/acceptance-modal.ts";
import { denialModal } from "../views/denial-modal.ts";
import type { ClickMetadata } from "../views/submitted-click.ts";
import { type Click, readClick } from "./click.ts";
import { type Asked, type Decision, decide } from "./decide.ts";

/**
 * Does what a click on a face's button asks for, and tells the person whatever they could not see otherwise. Never throws.
 * @param read how the payload is read; the submission of a modal that such a click opened counts as the click
 */
export async function answerClick(
  decision: Decision,
  payload: unknown,
  services: EdgeServices,
  read: (payload: unknown, home: Home) => Click = readClick,
): Promise<void> {
  const budget = new Budget(services.clock);
  let click: Click;
  try {
    click = read(payload, services.home);
  } catch (error) {
    services.log.error({ err: error }, "a click could not be read");
    return;
  }
  const message = await carryOut(decision, click, services, budget);
  if (message !== null) await tell(click, message, services, budget);
}

/** @returns what only the clicker sees; null when the request's message says it */
async function carryOut(
  decision: Decision,
  click: Click,
  services: EdgeServices,
  budget: Budget,
): Promise<ChatMessage | null> {
  const { person, value, channelId, messageTs, accepted, reason } = click;
  const cluster = services.clusters.find(({ name }) => name === value?.cluster);
  if (person === null) return problemMessage(problem("person_not_trusted", { why: "it belongs to another workspace" }));
  if (value === null || cluster === undefined) {
    return problemMessage(problem("request_unknown", { requestId: value?.requestId ?? "of that button" }));
  }
  try {
    const judged = { decision, person, channelId, messageTs, value, accepted, reason };
    const result = await decide(judged, cluster, services, budget);
    if (result.ok === "ask") return await openModal(decision, click, value, result, services, budget);
    if (!result.ok) {
      await auditRefusal(decision, click, person, result.problem, cluster, services);
      await drawInTime(cluster, value.requestId, budget, services);
      return problemMessage(result.problem);
    }
    const [drawn] = await Promise.all([
      drawInTime(cluster, result.record.id, budget, services),
      wakeForExecution(result.record, cluster, services),
    ]);
    // A drawer that is at it already looks again when it has ended, and shows this too.
    if (drawn.kind === "drawn" || drawn.kind === "busy") return null;
    return clickRecordedMessage(result.record, decision);
  } catch (error) {
    const why = problemOf(error, "answering the click");
    services.log.error({ requestId: value.requestId, problem: why.code, err: error }, "a click was not carried out");
    return problemMessage(why);
  }
}

/** @returns what only the clicker sees; null when the modal opened */
async function openModal(
  decision: Decision,
  { channelId, messageTs, triggerId }: Click,
  value: ButtonValue,
  { record, asked }: { readonly record: RequestRecord; readonly asked: Asked },
  services: EdgeServices,
  budget: Budget,
): Promise<ChatMessage | null> {
  try {
    if (triggerId === null) throw new ChatError("refused", "no_trigger");
    const modal = modalFor(asked, record, { value, channelId, messageTs });
    await services.modals.open(triggerId, modal, budget.slackSignal());
    return null;
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    services.log.warn({ requestId: record.id, slack: error.slackError }, "the modal could not be opened");
    const button = decision === "deny" ? "Deny" : "Approve";
    return problemMessage(problem("modal_not_opened", { slackError: error.slackError, button }));
  }
}

function modalFor(asked: Asked, record: RequestRecord, click: ClickMetadata): ModalView {
  switch (asked.kind) {
    case "acceptance":
      return acceptanceModal(record, asked.acceptance, click);
    case "reason":
      return denialModal(record, click);
  }
}

/** The record is the truth, and workers walk it: a wake-up that fails only costs time. */
async function wakeForExecution(
  record: RequestRecord,
  cluster: ClusterServices,
  services: EdgeServices,
): Promise<void> {
  if (record.state !== "approved") return;
  try {
    await cluster.wakeUp.wake("execute", record.id, record.revision);
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    services.log.warn({ requestId: record.id, problem: error.problem.code }, "the worker could not be woken");
  }
}

async function auditRefusal(
  decision: Decision,
  click: Click,
  person: Person,
  why: Problem,
  cluster: ClusterServices,
  services: EdgeServices,
): Promise<void> {
  const facts = {
    decision,
    problem: why.code,
    fingerprint: click.value?.fingerprint ?? null,
    message: click.messageTs,
    reason: click.reason,
  };
  await putRefusalOnRecord(click.value?.requestId ?? null, person, facts, cluster, services);
}

/** Never throws: what was refused stays refused. */
export async function putRefusalOnRecord(
  requestId: string | null,
  person: Person,
  facts: AuditEvent["facts"],
  cluster: ClusterServices,
  services: EdgeServices,
): Promise<void> {
  try {
    await cluster.requests.audit({ kind: "click_refused", requestId, by: person, facts });
  } catch (error) {
    services.log.warn({ ...facts, err: error }, "a refused click could not be put on record");
  }
}

/** Tells the clicker alone: in the channel; where the app cannot post there (any more), in answer to the click, or directly. Never throws. */
export async function tell(
  click: Pick<Click, "actor" | "channelId" | "responseUrl">,
  message: ChatMessage,
  services: EdgeServices,
  budget: Budget,
): Promise<void> {
  const { userId, teamId } = click.actor;
  try {
    await services.chat.ephemeral(click.channelId, { userId, teamId: teamId ?? "" }, message, budget.slackSignal());
  } catch (error) {
    const isRefused = error instanceof ChatError && error.outcome === "refused";
    if (isRefused && (await toldElsewhere(click, message, services, budget))) return;
    services.log.error({ userId, err: error }, "the answer to a click could not be delivered");
  }
}

async function toldElsewhere(
  { actor, responseUrl }: Pick<Click, "actor" | "responseUrl">,
  message: ChatMessage,
  { chat, replies }: EdgeServices,
  budget: Budget,
): Promise<boolean> {
  try {
    if (responseUrl !== null) await replies.reply(responseUrl, message, budget.slackSignal());
    else await chat.post(actor.userId, message, null, budget.slackSignal());
    return true;
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    return false;
  }
}
