import { startedMessage } from "../../handlers/messages/started.ts";
import type { LedgerExecution } from "../execution/ledger.ts";
import { ChatError } from "../ports/chat.ts";
import type { WorkerServices } from "./services.ts";

const postDeadlineMs = 5_000;

/**
 * Announces a start in the cluster's channel, to the approvers by name: whoever's account or key was misused sees it there.
 * Holds nothing up, and never throws. Where the request's own message stands in that channel, its thread says so already.
 */
export async function announceStart(services: WorkerServices, { authority }: LedgerExecution): Promise<void> {
  if (authority.kind !== "grant" || authority.face?.channelId === services.channelId) return;
  const { record } = authority;
  try {
    const link =
      authority.face === null
        ? null
        : await services.chat.permalink(
            authority.face.channelId,
            authority.face.ts,
            AbortSignal.timeout(postDeadlineMs),
          );
    await services.chat.post(
      services.channelId,
      startedMessage(record, link),
      null,
      AbortSignal.timeout(postDeadlineMs),
    );
  } catch (error) {
    const why = error instanceof ChatError ? error.slackError : String(error);
    services.log.warn(
      { requestId: record.id, slack: why },
      "the start could not be announced in the cluster's channel",
    );
  }
}
