import { z } from "zod";
import type { Person } from "../../domain/people.ts";
import {
  type Chat,
  ChatError,
  type ChatMessage,
  type HomeTabs,
  type HomeView,
  type Modals,
  type ModalView,
} from "../../ports/chat.ts";
import type { CallSlack } from "./web-api.ts";

const posted = z.object({ ts: z.string().min(1) });
const opened = z.object({ view: z.object({ id: z.string().min(1) }) });
const linked = z.object({ permalink: z.string().min(1) });

/** Links in plans are runbooks and records, not something to show a picture of. */
const noPreviews = { unfurl_links: false, unfurl_media: false };

/** Slack's messages. Needs the scope `chat:write`. */
export class SlackChat implements Chat {
  readonly #call: CallSlack;

  constructor(call: CallSlack) {
    this.#call = call;
  }

  async post(
    channelId: string,
    message: ChatMessage,
    threadTs: string | null,
    signal: AbortSignal,
  ): Promise<{ ts: string }> {
    const thread = threadTs === null ? {} : { thread_ts: threadTs };
    const fields = { channel: channelId, ...message, ...thread, ...noPreviews };
    return read(posted, await this.#call("chat.postMessage", fields, signal));
  }

  async update(channelId: string, ts: string, message: ChatMessage, signal: AbortSignal): Promise<void> {
    await this.#call("chat.update", { channel: channelId, ts, ...message }, signal);
  }

  async ephemeral(channelId: string, person: Person, message: ChatMessage, signal: AbortSignal): Promise<void> {
    await this.#call("chat.postEphemeral", { channel: channelId, user: person.userId, ...message }, signal);
  }

  async permalink(channelId: string, ts: string, signal: AbortSignal): Promise<string> {
    const answer = await this.#call("chat.getPermalink", { channel: channelId, message_ts: ts }, signal);
    return read(linked, answer).permalink;
  }
}

/** Slack's modals. Needs no scope beyond the bot token's. */
export class SlackModals implements Modals {
  readonly #call: CallSlack;

  constructor(call: CallSlack) {
    this.#call = call;
  }

  async open(triggerId: string, view: ModalView, signal: AbortSignal): Promise<{ viewId: string }> {
    const answer = await this.#call("views.open", { trigger_id: triggerId, view }, signal);
    return { viewId: read(opened, answer).view.id };
  }

  async update(viewId: string, view: ModalView, signal: AbortSignal): Promise<void> {
    await this.#call("views.update", { view_id: viewId, view }, signal);
  }
}

/** Slack's Home tabs. Needs no scope beyond the bot token's. */
export class SlackHomeTabs implements HomeTabs {
  readonly #call: CallSlack;

  constructor(call: CallSlack) {
    this.#call = call;
  }

  async publish(userId: string, view: HomeView, signal: AbortSignal): Promise<void> {
    await this.#call("views.publish", { user_id: userId, view }, signal);
  }
}

/** An answer of another shape than documented leaves open what was done. */
function read<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw new ChatError("unknown", "unexpected_answer");
  return parsed.data;
}
