import type { App } from "@slack/bolt";
import { problem, problemOf } from "../../src/domain/errors.ts";
import { type Follows, followsSchema } from "../../src/domain/request.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { Budget } from "../budget.ts";
import { drawInTime } from "../draw-in-time.ts";
import { followActionIds, followValueSchema } from "../messages/buttons.ts";
import { problemMessage } from "../messages/problems.ts";
import type { EdgeServices } from "../services.ts";
import { putRefusalOnRecord, tell } from "./answer-click.ts";
import { askAgain } from "./ask-again.ts";
import { type RawClick, readRawClick } from "./click.ts";

/** The buttons of what came to nothing: Re-plan and Retry. Acknowledged last: a frozen Lambda finishes nothing. */
export function registerFollowing(app: App, services: EdgeServices): void {
  for (const kind of followsSchema.shape.kind.options) {
    app.action(followActionIds[kind], async ({ body, ack }) => {
      await answerFollowing(kind, body, services);
      await ack();
    });
  }
}

/** Does what such a click asks for, and tells the person what came of it. Never throws. */
export async function answerFollowing(kind: Follows["kind"], payload: unknown, services: EdgeServices): Promise<void> {
  const budget = new Budget(services.clock);
  let click: RawClick;
  try {
    click = readRawClick(payload, services.home);
  } catch (error) {
    services.log.error({ err: error }, "a click could not be read");
    return;
  }
  await tell(click, await carryOut(kind, click, services, budget), services, budget);
}

async function carryOut(
  kind: Follows["kind"],
  click: RawClick,
  services: EdgeServices,
  budget: Budget,
): Promise<ChatMessage> {
  const { person, valueText, channelId, messageTs, triggerId } = click;
  const value = readValue(valueText);
  const cluster = services.clusters.find(({ name }) => name === value?.cluster);
  if (person === null) return problemMessage(problem("person_not_trusted", { why: "it belongs to another workspace" }));
  if (value === null || cluster === undefined) {
    return problemMessage(problem("request_unknown", { requestId: value?.requestId ?? "of that button" }));
  }
  const { requestId } = value;
  try {
    const asked = { kind, person, requestId, channelId, messageTs, triggerId };
    const result = await askAgain(asked, cluster, services, budget);
    if (result.ok) return result.message;
    const facts = { decision: kind, problem: result.problem.code, message: messageTs };
    await putRefusalOnRecord(requestId, person, facts, cluster, services);
    await drawInTime(cluster, requestId, budget, services);
    return problemMessage(result.problem);
  } catch (error) {
    const why = problemOf(error, "answering the click");
    services.log.error({ requestId, problem: why.code, err: error }, "a click was not carried out");
    return problemMessage(why);
  }
}

function readValue(text: string) {
  try {
    return followValueSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
