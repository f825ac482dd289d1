import { problemOf } from "../domain/errors.ts";
import type { Channels, KnownChannels } from "../ports/channels.ts";
import { ChatError } from "../ports/chat.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "./services.ts";

/** What is older is looked up again, so that edges find it young and need not ask. */
const refreshAfterMs = 60_000;
/** Between two looks; a quarter more or less. */
const lookEveryMs = 20_000;
/** `conversations.info` is Tier 3, 50 a minute for the whole app; the oldest come first. */
const mostALook = 5;
const longestAskMs = 5_000;
/** After so long without a sign of life another worker keeps them. */
const holdMs = 45_000;
/** A channel in which nobody asked for so long. */
const forgetAfterMs = 7 * 24 * 60 * 60_000;

/** Slack says that there is no such channel for the app any more. */
const channelLost = new Set(["channel_not_found"]);

export interface ChannelKeeperOptions {
  readonly known: KnownChannels;
  readonly slack: Channels;
  readonly workerId: string;
  readonly clock: Pick<Clock, "sleep">;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly log: Log;
}

/** Keeps what is known of the channels in which people ask, for the edges: of all workers of a cluster one does. */
export class ChannelKeeper {
  readonly #options: ChannelKeeperOptions;

  constructor(options: ChannelKeeperOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      await this.look(signal);
      await clock.sleep(lookEveryMs * (0.75 + random() / 2), signal).catch(() => undefined);
    }
  }

  /** One look. Never throws. */
  async look(signal: AbortSignal): Promise<void> {
    const { known, workerId, log } = this.#options;
    try {
      const held = await known.hold(workerId, holdMs);
      if (held === null) return;
      const due = held.channels.filter(({ asOfMs }) => held.nowMs - asOfMs >= refreshAfterMs).slice(0, mostALook);
      for (const { channelId, notedAtMs } of due) {
        if (signal.aborted) return;
        if (held.nowMs - notedAtMs > forgetAfterMs) await known.refresh(channelId, null);
        else await this.#refresh(channelId, signal);
      }
    } catch (error) {
      const why = problemOf(error, "looking at channels");
      log.warn({ problem: why.code, why: why.what }, "channels not looked at; it is tried again");
    }
  }

  /** What Slack does not say leaves the older answer in place until it is too old. */
  async #refresh(channelId: string, signal: AbortSignal): Promise<void> {
    const { known, slack, log } = this.#options;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(longestAskMs)]);
    try {
      await known.refresh(channelId, await slack.look(channelId, deadline));
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      if (channelLost.has(error.slackError)) return await known.refresh(channelId, null);
      log.warn({ channelId, slack: error.slackError }, "a channel was not looked at; it is tried again");
    }
  }
}
