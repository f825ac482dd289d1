import { lostChannelMessage } from "../../handlers/messages/lost-channel.ts";
import { problemOf } from "../domain/errors.ts";
import { isSettled, type RequestRecord } from "../domain/request.ts";
import { type Chat, ChatError } from "../ports/chat.ts";
import type { Once } from "../ports/once.ts";
import type { RequestStore } from "../ports/request-store.ts";
import type { Log } from "./services.ts";

const postDeadlineMs = 5_000;
/** Longer than two posts; a worker that died over it leaves it to the next one. */
const holdMs = 30_000;

export interface LostChannelNewsParts {
  readonly store: Pick<RequestStore, "read">;
  readonly once: Once;
  readonly chat: Pick<Chat, "post">;
  /** The cluster's channel. */
  readonly channelId: string;
  readonly log: Log;
}

/**
 * Requests whose message Slack does not let be shown where they were asked for, because the app was taken out of the channel or it was
 * archived: told in the cluster's channel, and to whoever asked, so that none is lost in silence. Once while it waits, once when it
 * runs, and once with how it ended.
 */
export class LostChannelNews {
  readonly #parts: LostChannelNewsParts;
  /** What this process knows to be told. */
  readonly #told = new Set<string>();

  constructor(parts: LostChannelNewsParts) {
    this.#parts = parts;
  }

  /** Never throws: what could not be told is tried again with the next sweep. */
  async tell(requestId: string, slackError: string): Promise<void> {
    const { store, once, log } = this.#parts;
    try {
      const found = await store.read(requestId);
      if (found === null || isTakenBack(found.record)) return;
      const what = `lost-channel:${requestId}:${phaseOf(found.record)}`;
      if (this.#told.has(what) || !(await once.begin(what, holdMs))) return;
      if (!(await this.#post(found.record, slackError))) return;
      await once.done(what);
      this.#told.add(what);
    } catch (error) {
      const why = problemOf(error, "telling of a request that cannot be shown");
      log.warn({ requestId, problem: why.code, why: why.what }, "a request that cannot be shown was not told of");
    }
  }

  /** @returns whether anybody was told */
  async #post(record: RequestRecord, slackError: string): Promise<boolean> {
    const message = lostChannelMessage(record, slackError);
    const places = new Set([this.#parts.channelId, record.requester.userId]);
    places.delete(record.channelId);
    const posted = await Promise.all([...places].map((place) => this.#postTo(place, message, record.id)));
    return posted.includes(true);
  }

  async #postTo(
    channelId: string,
    message: ReturnType<typeof lostChannelMessage>,
    requestId: string,
  ): Promise<boolean> {
    try {
      await this.#parts.chat.post(channelId, message, null, AbortSignal.timeout(postDeadlineMs));
      return true;
    } catch (error) {
      const slack = error instanceof ChatError ? error.slackError : "no answer";
      this.#parts.log.error(
        { requestId, channelId, slack },
        "a request that cannot be shown could not be told of here",
      );
      // Whether it is there is not known; twice is worse than that.
      return error instanceof ChatError && error.outcome === "unknown";
    }
  }
}

/** The edge has taken it back and told the person, who was the only one to know of it. */
function isTakenBack({ state, plan }: RequestRecord): boolean {
  return state === "withdrawn" && plan === undefined;
}

function phaseOf(record: RequestRecord): string {
  if (isSettled(record) || record.state === "unknown") return `ended-${record.state}`;
  return record.state === "running" ? "running" : "waiting";
}
