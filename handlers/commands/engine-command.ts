import type { App, SlashCommand } from "@slack/bolt";
import { z } from "zod";
import { HandoverError, type Problem, problem, problemOf } from "../../src/domain/errors.ts";
import { type Engine, slashCommands, targetText } from "../../src/domain/target.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { Budget } from "../budget.ts";
import { helpMessage } from "../messages/notices.ts";
import { problemMessage } from "../messages/problems.ts";
import { trustedPerson } from "../person.ts";
import type { EdgeServices } from "../services.ts";
import { formBudgetMs, openForm } from "../views/form.ts";
import { readAnnounced } from "./announced.ts";
import { ask } from "./ask.ts";
import { slackGrammar } from "./grammars.ts";
import { answerSideCommand, nearestSideCommand, sideHelp, sideVerbs } from "./handover.ts";

/** Of a slash command's form (https://docs.slack.dev/interactivity/implementing-slash-commands). */
const payloadSchema = z.object({
  team_id: z.string().min(1),
  enterprise_id: z.string().min(1).optional(),
  user_id: z.string().min(1),
  channel_id: z.string().min(1),
  trigger_id: z.string().min(1),
  text: z.string().default(""),
});

/** `/dolt VERB TARGET …` and the like for each engine. Acknowledged last: a frozen Lambda finishes nothing. */
export function registerEngineCommand(app: App, services: EdgeServices, engine: Engine): void {
  app.command(slashCommands[engine], async ({ command, ack }) => {
    const message = await answerEngineCommand(engine, command, services);
    // Without words the form is the answer.
    if (message === null) await ack();
    else await ack({ response_type: "ephemeral", text: message.text, blocks: [...message.blocks] });
  });
}

/** What the person who typed it sees; null: the form that opened. Never throws. */
export async function answerEngineCommand(
  engine: Engine,
  payload: Readonly<Partial<SlashCommand>>,
  services: EdgeServices,
): Promise<ChatMessage | null> {
  try {
    const fields = payloadSchema.parse(payload);
    const person = trustedPerson(
      { userId: fields.user_id, teamId: fields.team_id, enterpriseId: fields.enterprise_id ?? null },
      services.home,
    );
    if (person === null)
      return problemMessage(problem("person_not_trusted", { why: "it belongs to another workspace" }));
    const text = unescaped(fields.text).trim();
    if (text === "help") return await help(engine, services);
    if (text === "") {
      const form = { engine, channelId: fields.channel_id, triggerId: fields.trigger_id };
      return await openForm(form, services, new Budget(services.clock, formBudgetMs));
    }
    const asked = { engine, person, channelId: fields.channel_id, text, deliveryId: fields.trigger_id };
    const budget = new Budget(services.clock);
    const aside = engine === "kubernetes" ? await answerSideCommand(asked, services, budget) : null;
    if (aside !== null) return aside;
    const meant = engine === "kubernetes" ? misspeltSideCommand(text) : null;
    return meant === null ? await ask(asked, services, budget) : problemMessage(meant);
  } catch (error) {
    const why = problemOf(error, "answering the command");
    services.log.error({ problem: why.code, err: error }, "a command was not carried out");
    return problemMessage(why);
  }
}

/** `/handover frezze orders` is no operation's mistake. */
function misspeltSideCommand(text: string): Problem | null {
  const verbs = slackGrammar("kubernetes").definitions.map(({ verb }) => verb);
  const nearest = nearestSideCommand(text, verbs);
  const [given = ""] = text.split(/\s/, 1);
  return nearest === null ? null : problem("command_unknown", { given, known: [...verbs, ...sideVerbs], nearest });
}

async function help(engine: Engine, services: EdgeServices): Promise<ChatMessage> {
  const grammar = slackGrammar(engine);
  try {
    const announced = await readAnnounced(services);
    const targets = announced.flatMap((at) => at.targets).filter((target) => target.engine === engine);
    return helpMessage(grammar, targets.map(targetText).sort(), sideHelp(engine));
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    return helpMessage(grammar, null, sideHelp(engine));
  }
}

/** Slack escapes three characters of what was typed (https://docs.slack.dev/messaging/formatting-message-text#escaping). */
function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
