import { type Problem, problem } from "../src/domain/errors.ts";
import type { Channels } from "../src/ports/channels.ts";
import { ChatError } from "../src/ports/chat.ts";

export interface ChannelRules {
  readonly channels: Channels;
  /** Channels that are shared with another organisation, and in which plans may be shown all the same. */
  readonly sharedChannels: readonly string[];
}

/** Slack's words for a channel in which the app cannot post. */
const closed = new Set(["channel_not_found", "not_in_channel", "is_archived"]);

/**
 * Why a plan cannot be shown in this channel; null: it can. Others than this organisation's people must not read it, and somebody
 * has to be able to.
 * @throws {HandoverError} `redis_away`
 */
export async function objectionToChannel(
  channelId: string,
  { channels, sharedChannels }: ChannelRules,
  signal: AbortSignal,
): Promise<Problem | null> {
  try {
    const { isShared, isArchived, hasApp } = await channels.look(channelId, signal);
    if (isArchived) return problem("channel_closed", { requestId: null, slackError: "is_archived" });
    if (hasApp === false) return problem("channel_closed", { requestId: null, slackError: "not_in_channel" });
    return isShared && !sharedChannels.includes(channelId) ? problem("channel_shared", { channelId }) : null;
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    const { slackError } = error;
    return closed.has(slackError)
      ? problem("channel_closed", { requestId: null, slackError })
      : problem("channel_unknown", { slackError });
  }
}
