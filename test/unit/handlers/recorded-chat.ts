import type { Person } from "../../../src/domain/people.ts";
import { type Chat, ChatError, type ChatMessage } from "../../../src/ports/chat.ts";

export interface SentMessage {
  readonly method: "post" | "update" | "ephemeral";
  readonly channelId: string;
  /** Of a post: what Slack named it; of an update: what was updated. */
  readonly ts: string;
  readonly threadTs: string | null;
  readonly message: ChatMessage;
}

/** A Chat that keeps what was sent. */
export class RecordedChat implements Chat {
  readonly sent: SentMessage[] = [];
  /** Of the next calls, in their order; null: that one succeeds. `isSent` tells whether Slack had done it all the same. */
  readonly failures: ({ readonly error: ChatError; readonly isSent: boolean } | null)[] = [];
  /** Called in the middle of each call. */
  meanwhile: () => Promise<void> = async () => undefined;
  #lastTs = 0;

  async post(channelId: string, message: ChatMessage, threadTs: string | null): Promise<{ ts: string }> {
    this.#lastTs += 1;
    const ts = `${this.#lastTs}.0`;
    await this.#send({ method: "post", channelId, ts, threadTs, message });
    return { ts };
  }

  async update(channelId: string, ts: string, message: ChatMessage): Promise<void> {
    await this.#send({ method: "update", channelId, ts, threadTs: null, message });
  }

  async ephemeral(channelId: string, _person: Person, message: ChatMessage): Promise<void> {
    await this.#send({ method: "ephemeral", channelId, ts: "", threadTs: null, message });
  }

  async permalink(channelId: string, ts: string): Promise<string> {
    return `https://example.slack.com/archives/${channelId}/p${ts}`;
  }

  /** Of the messages sent, how and where, oldest first: `post 1.0`, `reply 1.0`, `update 1.0`. */
  get story(): string[] {
    return this.sent.map(({ method, ts, threadTs }) => (threadTs === null ? `${method} ${ts}` : `reply ${threadTs}`));
  }

  async #send(sent: SentMessage): Promise<void> {
    const failure = this.failures.shift() ?? null;
    await this.meanwhile();
    if (failure === null || failure.isSent) this.sent.push(sent);
    if (failure !== null) throw failure.error;
  }
}

export const unknownOutcome = new ChatError("unknown", "no_answer");
