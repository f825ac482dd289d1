import { z } from "zod";
import { blockKitErrors } from "./block-kit.ts";
import { app, team } from "./people.ts";
import { withShownDates } from "./shown-dates.ts";
import { signedRequest } from "./signed-requests.ts";
import type { WorkspaceState } from "./web-api.ts";

export interface DeliverySettings {
  /** Where the app listens; null: nowhere. */
  readonly requestUrl: string | null;
  /** How long the app may take to answer, before the person is told `operation_timeout`. */
  readonly acknowledgeDeadlineMs: number;
  /** Types of events that the app has subscribed to; others are not sent. */
  readonly events: readonly string[];
}

/** One command, click or event, as it was sent to the app and answered. */
export interface Delivery {
  readonly kind: "slash_commands" | "interactive" | "events_api";
  /** The body that was signed and sent. */
  readonly body: string;
  readonly contentType: string;
  /** HTTP status of the answer; null: the app did not answer in time or could not be reached. */
  readonly status: number | null;
  /** The answer's body, or why there was none. */
  readonly answer: string;
  readonly durationMs: number;
}

const messageAnswer = z.looseObject({
  text: z.string().optional(),
  blocks: z.array(z.unknown()).optional(),
  response_type: z.string().optional(),
});

/** Carries local-slack's deliveries to the app, changed to what Slack itself would send, and its answers back. */
export class Deliveries {
  readonly all: Delivery[] = [];
  readonly #state: WorkspaceState;
  readonly #settings: DeliverySettings;
  #requestUrl: string | null;

  constructor(state: WorkspaceState, settings: DeliverySettings) {
    this.#state = state;
    this.#settings = settings;
    this.#requestUrl = settings.requestUrl;
  }

  /** Where the app listens from now on; null: nowhere. */
  set requestUrl(url: string | null) {
    this.#requestUrl = url;
  }

  /**
   * Delivers what local-slack wants delivered.
   * @param toProxy turns one of local-slack's response URLs into the proxy's own, which counts its uses
   * @returns what local-slack is to show: the app's answer, or Slack's own words to the person where there was none
   */
  async carry(body: string, contentType: string, toProxy: (responseUrl: string) => string): Promise<object> {
    const form = contentType.includes("json") ? null : new URLSearchParams(body);
    if (form === null) {
      if (this.#settings.events.includes(eventType(body))) await this.send("events_api", body, contentType);
      return {};
    }
    const payload = form.get("payload");
    if (payload !== null) {
      form.set("payload", this.#completePayload(payload, toProxy));
      const done = await this.send("interactive", form.toString(), contentType);
      // Modals' response_action is an answer for Slack; anything else in it is not shown.
      return isSuccess(done) ? parseObject(withShownDates(done.answer)) : {};
    }
    form.set("response_url", toProxy(form.get("response_url") ?? ""));
    form.set("team_id", this.#state.people.get(form.get("user_id") ?? "")?.teamId ?? team.id);
    const done = await this.send("slash_commands", form.toString(), contentType);
    return this.#answerToCommand(form.get("command") ?? "", done);
  }

  /** Signs and sends a body to the app, and notes it. Also for sending a {@link Delivery} once more. */
  async send(kind: Delivery["kind"], body: string, contentType: string): Promise<Delivery> {
    const startedAtMs = performance.now();
    const outcome = await this.#post(body, contentType);
    const delivery = { kind, body, contentType, ...outcome, durationMs: performance.now() - startedAtMs };
    this.all.push(delivery);
    return delivery;
  }

  async #post(body: string, contentType: string): Promise<{ status: number | null; answer: string }> {
    if (this.#requestUrl === null) return { status: null, answer: "dispatch_failed" };
    const request = signedRequest(body, contentType, { signingSecret: app.signingSecret });
    const signal = AbortSignal.timeout(this.#settings.acknowledgeDeadlineMs);
    try {
      const response = await fetch(this.#requestUrl, { ...request, signal });
      return { status: response.status, answer: await response.text() };
    } catch {
      return { status: null, answer: signal.aborted ? "operation_timeout" : "dispatch_failed" };
    }
  }

  #completePayload(payload: string, toProxy: (responseUrl: string) => string): string {
    const parsed = z
      .looseObject({
        user: z.looseObject({ id: z.string() }),
        response_url: z.string().optional(),
        message: z.looseObject({ subtype: z.string().optional() }).optional(),
        container: z.looseObject({}).optional(),
      })
      .parse(JSON.parse(payload));
    const { response_url: responseUrl, container, ...rest } = parsed;
    return JSON.stringify({
      ...rest,
      enterprise: null,
      user: { ...parsed.user, team_id: this.#state.people.get(parsed.user.id)?.teamId ?? team.id },
      ...(responseUrl === undefined ? {} : { response_url: toProxy(responseUrl) }),
      ...(container === undefined
        ? {}
        : { container: { ...container, is_ephemeral: parsed.message?.subtype === "ephemeral" } }),
    });
  }

  /** An answer without `response_type` is seen by the asker only, where local-slack shows it to all. */
  #answerToCommand(command: string, done: Delivery): object {
    if (!isSuccess(done)) {
      const error = done.status === null ? done.answer : "dispatch_failed";
      return { response_type: "ephemeral", text: `${command} failed with the error "${error}"` };
    }
    const parsed = messageAnswer.safeParse(parseObject(withShownDates(done.answer))).data ?? {};
    const text = parsed.text ?? (isObjectText(done.answer) ? undefined : done.answer);
    const errors = parsed.blocks === undefined ? [] : blockKitErrors(parsed.blocks);
    if (errors.length > 0) {
      this.#state.warnings.push(`the answer to ${command} holds blocks that Slack refuses: ${errors.join("; ")}`);
      return { response_type: "ephemeral", text: `${command} failed with the error "invalid_blocks"` };
    }
    return { response_type: "ephemeral", ...parsed, ...(text ? { text } : {}) };
  }
}

function isSuccess(delivery: Delivery): boolean {
  return delivery.status !== null && delivery.status >= 200 && delivery.status < 300;
}

function eventType(body: string): string {
  return z.looseObject({ event: z.looseObject({ type: z.string() }) }).parse(JSON.parse(body)).event.type;
}

function isObjectText(text: string): boolean {
  return text.trimStart().startsWith("{");
}

function parseObject(text: string): object {
  if (!isObjectText(text)) return {};
  try {
    return z.looseObject({}).parse(JSON.parse(text));
  } catch {
    return {};
  }
}
