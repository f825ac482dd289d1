import type { ChannelState, Channels, KnownChannels } from "../ports/channels.ts";

/** Channels for those who cannot wait: what is known is told at once, and only of a channel that is new to the cluster Slack is asked. */
export class CachedChannels implements Channels {
  readonly #known: KnownChannels;
  readonly #slack: Channels;

  constructor(known: KnownChannels, slack: Channels) {
    this.#known = known;
    this.#slack = slack;
  }

  /** Throws HandoverError `redis_away` too. */
  async look(channelId: string, signal: AbortSignal): Promise<ChannelState> {
    const known = await this.#known.read(channelId);
    // What stands against posting there may have been mended a moment ago, so it is looked at again.
    if (known !== null && !known.isArchived && !known.isShared && known.hasApp !== false) return known;
    const state = await this.#slack.look(channelId, signal);
    await this.#known.note(channelId, state);
    return state;
  }
}
