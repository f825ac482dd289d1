/** What decides whether a plan may be shown in a channel. */
export interface ChannelState {
  /** People of another organisation read it, or were invited to. */
  readonly isShared: boolean;
  readonly isArchived: boolean;
  /** Whether the app is in it; null: Slack does not say. */
  readonly hasApp: boolean | null;
}

/** Channels of the workspace. */
export interface Channels {
  /** Throws ChatError when Slack does not say; of a private channel that the app is not in it knows nothing (`channel_not_found`). */
  look(channelId: string, signal: AbortSignal): Promise<ChannelState>;
}

/** What one cluster's edges and workers know of the channels in which something was asked for. Throws HandoverError `redis_away`. */
export interface KnownChannels {
  /** Null: nothing, or nothing that is young enough to be relied on. */
  read(channelId: string): Promise<ChannelState | null>;
  /** Notes what Slack said just now, because somebody asked for something there. */
  note(channelId: string, state: ChannelState): Promise<void>;
  /** Takes, or keeps, the keeping for so long; null: another worker has it. Otherwise all channels, the oldest knowledge first. */
  hold(keeper: string, holdMs: number): Promise<{ channels: readonly KnownChannel[]; nowMs: number } | null>;
  /** What Slack says now of a channel that was noted; null: it is forgotten. */
  refresh(channelId: string, state: ChannelState | null): Promise<void>;
}

export interface KnownChannel {
  readonly channelId: string;
  readonly asOfMs: number;
  /** When an edge noted it last. */
  readonly notedAtMs: number;
}
