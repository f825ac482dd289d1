import { HandoverError, type Problem, problem, problemOf } from "../../src/domain/errors.ts";
import type { Person } from "../../src/domain/people.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { Budget } from "../budget.ts";
import { drawInTime } from "../draw-in-time.ts";
import { clickRecordedMessage } from "../messages/notices.ts";
import { problemMessage } from "../messages/problems.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";
import { type Click, readClick } from "./click.ts";
import { type Decision, decide } from "./decide.ts";

/** Does what a click on a face's button asks for, and tells the person whatever they could not see otherwise. Never throws. */
export async function answerClick(decision: Decision, payload: unknown, services: EdgeServices): Promise<void> {
  const budget = new Budget(services.clock);
  let click: Click;
  try {
    click = readClick(payload, services.home);
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
  const { person, value, channelId, messageTs } = click;
  const cluster = services.clusters.find(({ name }) => name === value?.cluster);
  if (person === null) return problemMessage(problem("person_not_trusted", { why: "it belongs to another workspace" }));
  if (value === null || cluster === undefined) {
    return problemMessage(problem("request_unknown", { requestId: value?.requestId ?? "of that button" }));
  }
  try {
    const result = await decide({ decision, person, channelId, messageTs, value }, cluster, services, budget);
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
  };
  try {
    const requestId = click.value?.requestId ?? null;
    await cluster.requests.audit({ kind: "click_refused", requestId, by: person, facts });
  } catch (error) {
    services.log.warn({ ...facts, err: error }, "a refused click could not be put on record");
  }
}

async function tell(click: Click, message: ChatMessage, services: EdgeServices, budget: Budget): Promise<void> {
  const { userId, teamId } = click.actor;
  try {
    await services.chat.ephemeral(click.channelId, { userId, teamId: teamId ?? "" }, message, budget.slackSignal());
  } catch (error) {
    services.log.error({ userId, err: error }, "the answer to a click could not be delivered");
  }
}
