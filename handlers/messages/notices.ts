import { type Grammar, usageOf } from "../../src/domain/command-line.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import { scheduleText } from "../../src/domain/schedule.ts";
import { targetText } from "../../src/domain/target.ts";
import type { OperationDefinition } from "../../src/operations/catalogue.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { context, longList, notification, section } from "./blocks.ts";
import { title } from "./face.ts";
import { code, mention, mrkdwn } from "./mrkdwn.ts";

/** To the person who asked: what was recorded, and who will look at it. */
export function recordedMessage(record: RequestRecord, workerSeenAgoMs: number): ChatMessage {
  const { schedule } = record;
  const when = schedule === undefined ? "" : `, to begin ${scheduleText(schedule)}`;
  const where = `request ${record.id} for ${targetText(record.target)}${when}`;
  const seen = `worker of cluster ${record.target.cluster} last seen ${seenText(workerSeenAgoMs)}`;
  return {
    text: notification(`Recorded: ${where}; ${seen}.`),
    blocks: [section(`Recorded: ${mrkdwn(where)}.`), context(mrkdwn(seen))],
  };
}

/** To the person who asked for what is already on its way. */
export function existingMessage(record: RequestRecord, permalink: string | null): ChatMessage {
  const what = `This was already asked for: request ${record.id} for ${targetText(record.target)}, ${record.state.replace("_", " ")}`;
  const link = permalink === null ? "Its message is in the channel." : `<${permalink}|Open its message>`;
  return {
    text: notification(`${what}. Nothing new was recorded.`),
    blocks: [section(`${mrkdwn(what)}, by ${mention(record.requester)}. Nothing new was recorded.\n${link}`)],
  };
}

const clickWords = {
  approve: "approval",
  deny: "denial",
  withdraw: "withdrawal",
  cancel: "cancel",
  pause: "pause",
  resume: "resumption",
} as const;

/** To the person whose click was recorded, when the request's message could not be redrawn at once. */
export function clickRecordedMessage(record: RequestRecord, decision: keyof typeof clickWords): ChatMessage {
  const text = `Your ${clickWords[decision]} of request ${record.id} is recorded. Its message will follow.`;
  return { text: notification(text), blocks: [section(mrkdwn(text))] };
}

/** What a message becomes that looked like a request's face and is not. Without buttons. */
export function replacedMessage(record: RequestRecord): ChatMessage {
  const text = "This message was replaced by a newer one of the same request. Nothing here counts any more.";
  return { text, blocks: [section(`${title(record)}\n${text}`), context(`request ${mrkdwn(record.id)}`)] };
}

/** What can be typed. `more`: what this command does beside operations, line by line. */
export function helpMessage(
  grammar: Grammar<OperationDefinition>,
  targets: readonly string[] | null,
  more: readonly string[] = [],
): ChatMessage {
  const operations = grammar.definitions.map((definition) => {
    const flags = definition.flags.map((flag) => {
      const typed = flag.value === null ? `--${flag.name}` : `--${flag.name} ${flag.value}`;
      return `• ${code(typed)} ${mrkdwn(flag.summary)}`;
    });
    return section([`*${mrkdwn(definition.summary)}*`, code(usageOf(definition, grammar)), ...flags].join("\n"));
  });
  const known =
    targets === null
      ? "Which targets there are is not known right now: Redis does not answer."
      : `Targets: ${targets.length === 0 ? "none announced by any worker" : targets.map(code).join(" ")}`;
  const aside = more.length === 0 ? [] : longList("More", more);
  const form = context(`${code(grammar.prefix)} alone opens a form.`);
  return { text: `How to use ${grammar.prefix}`, blocks: [...operations, ...aside, form, context(known)] };
}

function seenText(agoMs: number): string {
  const seconds = Math.round(agoMs / 1_000);
  return seconds < 2 ? "just now" : `${seconds} s ago`;
}
