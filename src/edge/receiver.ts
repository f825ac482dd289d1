import type { App, Receiver } from "@slack/bolt";
import type { EdgeLog } from "../../handlers/services.ts";
import type { Clock } from "../ports/clock.ts";
import { ReplayMemory } from "./replay-memory.ts";
import { emptyAnswer, type HttpAnswer, jsonAnswer, type RawRequest, readSlackRequest } from "./slack-request.ts";

export interface ReceiverOptions {
  readonly signingSecret: string;
  readonly clock: Pick<Clock, "nowMs">;
  readonly log: EdgeLog;
}

/**
 * Bolt's receiver for every runtime that has a request in hand and owes an answer: verifies, then parses, then lets the app work, and
 * answers when the work is done. (Bolt's own AwsLambdaReceiver parses before it verifies and decodes base64 bodies as ASCII.)
 */
export class SlackReceiver implements Receiver {
  readonly #options: ReceiverOptions;
  readonly #replays = new ReplayMemory();
  #app: Pick<App, "processEvent"> | null = null;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  init(app: Pick<App, "processEvent">): void {
    this.#app = app;
  }

  /** Nothing to start or stop: the runtime owns the connection. */
  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  /** Never throws. */
  async handle(raw: RawRequest): Promise<HttpAnswer> {
    const { signingSecret, clock, log } = this.#options;
    const nowMs = clock.nowMs();
    const request = readSlackRequest(raw, signingSecret, nowMs);
    if (request.kind === "answered") return request.answer;
    if (request.kind === "refused") {
      log.warn({ why: request.why }, "a request was refused");
      return emptyAnswer(401);
    }
    const isCommand = typeof request.payload.command === "string";
    if (!isCommand && !this.#replays.isFirst(request.signature, nowMs)) {
      log.warn({ why: "this very request was here before" }, "a request was refused");
      return emptyAnswer(401);
    }
    return this.#process({ ...request.payload });
  }

  async #process(body: Record<string, unknown>): Promise<HttpAnswer> {
    let answer: HttpAnswer | null = null;
    try {
      await this.#app?.processEvent({
        body,
        ack: async (response?: unknown) => {
          answer = answerOf(response);
        },
      });
    } catch (error) {
      this.#options.log.error({ err: error }, "a request could not be answered");
      return emptyAnswer(500);
    }
    return answer ?? emptyAnswer(404);
  }
}

function answerOf(response: unknown): HttpAnswer {
  if (typeof response === "object" && response !== null) return jsonAnswer(response);
  const text = typeof response === "string" ? response : "";
  return text === "" ? emptyAnswer(200) : { statusCode: 200, headers: { "content-type": "text/plain" }, body: text };
}
