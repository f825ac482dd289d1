import { operationWords } from "../../src/domain/operation-words.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import { targetText } from "../../src/domain/target.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { context, notification, section } from "./blocks.ts";
import { title } from "./face.ts";
import { mention, mrkdwn, timeOfDay, utcTime } from "./mrkdwn.ts";

/**
 * A direct message to somebody for whom a request waits. Without buttons: only the request's own message is clicked, where everybody
 * sees the plan and the others' answers.
 */
export function reminderMessage(record: RequestRecord, permalink: string | null): ChatMessage {
  const { expiresAtMs } = record;
  const what = `${operationWords(record.operation)} of ${targetText(record.target)}`;
  const until = expiresAtMs === null ? "" : ` It expires at ${utcTime(expiresAtMs)}.`;
  const expiry = expiresAtMs === null ? "" : ` It expires ${timeOfDay(expiresAtMs)}; no answer is no.`;
  const open =
    permalink === null ? `Its message is in <#${record.channelId}>.` : `<${permalink}|Read the plan and decide>`;
  const reason = record.reason === undefined ? "" : ` · reason: ${mrkdwn(record.reason)}`;
  return {
    text: notification(`Waits for an approval: ${what}.${until}`),
    blocks: [
      section(`${title(record)}\n✋ *Waits for an approval*, asked by ${mention(record.requester)}.${expiry}\n${open}`),
      context(`request ${mrkdwn(record.id)}${reason}`),
    ],
  };
}
