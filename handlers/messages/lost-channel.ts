import { operationWords } from "../../src/domain/operation-words.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { context, notification, section } from "./blocks.ts";
import { requestLine } from "./lists.ts";
import { code, mrkdwn } from "./mrkdwn.ts";

/** For the cluster's channel, and for whoever asked, when Slack does not let a request's message be shown where it was asked for. */
export function lostChannelMessage(record: RequestRecord, slackError: string): ChatMessage {
  const what = `${operationWords(record.operation)} of ${record.target.name}`;
  const outcome = record.outcome === undefined ? "" : `\n${mrkdwn(record.outcome.summary)}`;
  return {
    text: notification(`Not shown where it was asked for: ${what} (${record.state.replaceAll("_", " ")})`),
    blocks: [
      section(
        `⚠️ Slack does not let Handover show this request in <#${record.channelId}> (${code(slackError)}).\n${requestLine(record, null)}${outcome}\n${mrkdwn(nextStep(record))}`,
      ),
      context(`request ${mrkdwn(record.id)}`),
    ],
  };
}

function nextStep({ state, expiresAtMs }: RequestRecord): string {
  switch (state) {
    case "planning":
    case "awaiting_approval":
      return `Nobody can approve it while its message is not there. Invite the app to that channel again, or ask anew in another one${expiresAtMs === null ? "." : "; otherwise it expires, and no answer is no."}`;
    case "approved":
    case "running":
      return "It goes on; how it ends is told here. Invite the app to that channel again to follow it there.";
    default:
      return "It is told here because it cannot be told there.";
  }
}
