import { z } from "zod";
import type { ChannelState, Channels } from "../../ports/channels.ts";
import { ChatError } from "../../ports/chat.ts";
import type { CallSlack } from "./web-api.ts";

/** https://docs.slack.dev/reference/objects/conversation-object */
const channelSchema = z.object({
  channel: z.object({
    id: z.string(),
    is_archived: z.boolean().default(false),
    is_member: z.boolean().optional(),
    is_ext_shared: z.boolean().default(false),
    is_pending_ext_shared: z.boolean().default(false),
  }),
});

/** Slack's channels, by `conversations.info`. Needs the scopes `channels:read`, and `groups:read` for private ones. */
export class SlackChannels implements Channels {
  readonly #call: CallSlack;

  constructor(call: CallSlack) {
    this.#call = call;
  }

  async look(channelId: string, signal: AbortSignal): Promise<ChannelState> {
    // What the app can post in is its own with one person, who is judged as such; asking would take one more scope.
    if (channelId.startsWith("D")) return { isShared: false, isArchived: false, hasApp: null };
    const answer = channelSchema.safeParse(await this.#call("conversations.info", { channel: channelId }, signal));
    if (!answer.success) throw new ChatError("unknown", "unexpected_answer");
    const { channel } = answer.data;
    if (channel.id !== channelId) throw new ChatError("unknown", "unexpected_answer");
    return {
      isShared: channel.is_ext_shared || channel.is_pending_ext_shared,
      isArchived: channel.is_archived,
      hasApp: channel.is_member ?? null,
    };
  }
}
