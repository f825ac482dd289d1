import { z } from "zod";
import { type Message, messageOf, rawMessage } from "../../../../sandbox/slack/messages.ts";
import { type Channel, channels, type Person } from "../../../../sandbox/slack/people.ts";

const deadlineMs = 20_000;
const okAnswer = z.object({ ok: z.literal(true) });

/** What people do at the demo's Slack page, by local-slack's control API at the page's address. */
export class PeopleAtThePage {
  readonly #url: string;
  readonly #channel: Channel = channels["db-ops"];

  constructor(pageUrl: string) {
    this.#url = pageUrl;
  }

  async type(person: Person, text: string): Promise<void> {
    await this.#act("command", { user: person.id, channel: this.#channel.id, command: "/dolt", text });
  }

  async click(person: Person, message: Message, label: string): Promise<void> {
    const button = message.buttons.find(({ text }) => text === label);
    if (button === undefined) throw new Error(`There is no button ${label} on: ${message.content}`);
    await this.#act("interact", {
      user: person.id,
      channel: message.channel,
      messageTs: message.ts,
      action: {
        type: "button",
        action_id: button.actionId,
        block_id: button.blockId,
        value: button.value,
        text: { type: "plain_text", text: button.text },
      },
    });
  }

  /** Every message of #db-ops, replies and private ones too, oldest first. */
  async messages(): Promise<Message[]> {
    const response = await fetch(`${this.#url}/_control/messages/${this.#channel.id}`, {
      signal: AbortSignal.timeout(deadlineMs),
    });
    return z
      .object({ messages: z.array(rawMessage) })
      .parse(await response.json())
      .messages.map(messageOf);
  }

  async #act(path: string, body: object): Promise<void> {
    const response = await fetch(`${this.#url}/_control/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(deadlineMs),
    });
    okAnswer.parse(await response.json());
  }
}
