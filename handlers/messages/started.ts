import { operationWords } from "../../src/domain/operation-words.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import { approvalsOf } from "../../src/domain/transitions/reading.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { context, section } from "./blocks.ts";
import { title } from "./face.ts";
import { mention, mrkdwn } from "./mrkdwn.ts";

/** For the cluster's channel, when a request that was asked for elsewhere begins. */
export function startedMessage(record: RequestRecord, permalink: string | null): ChatMessage {
  const approvers = approvalsOf(record).map(({ approver }) => mention(approver));
  const by = approvers.length === 0 ? "no approval was needed" : `approved by ${approvers.join(", ")}`;
  const link = permalink === null ? "" : ` · <${permalink}|its message>`;
  return {
    text: mrkdwn(`Started: ${operationWords(record.operation)} of ${record.target.name}`),
    blocks: [
      section(`${title(record)}\nStarted, asked by ${mention(record.requester)}, ${by}${link}`),
      context(`Request ${mrkdwn(record.id)}`),
    ],
  };
}
