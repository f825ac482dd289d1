import { createHmac, randomUUID } from "node:crypto";
import type { Channel, Person } from "./people.ts";
import { app, team } from "./people.ts";

/** A request as Slack would send it to the app: ready for `fetch` or for a Lambda event. */
export interface SignedRequest {
  readonly method: "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SigningOptions {
  /** Unix seconds. Default: now. */
  readonly timestampSeconds?: number;
  /** Default: the sandbox app's. */
  readonly signingSecret?: string;
  /** Set as the header instead of the right signature. */
  readonly signature?: string;
}

/** Slack's signature v0 (https://docs.slack.dev/authentication/verifying-requests-from-slack). */
export function slackSignature(signingSecret: string, timestampSeconds: number, body: string): string {
  return `v0=${createHmac("sha256", signingSecret).update(`v0:${timestampSeconds}:${body}`).digest("hex")}`;
}

/** Signs any body as Slack does. */
export function signedRequest(body: string, contentType: string, options: SigningOptions = {}): SignedRequest {
  const timestampSeconds = options.timestampSeconds ?? Math.floor(Date.now() / 1000);
  const signature =
    options.signature ?? slackSignature(options.signingSecret ?? app.signingSecret, timestampSeconds, body);
  return {
    method: "POST",
    headers: {
      "content-type": contentType,
      "x-slack-request-timestamp": `${timestampSeconds}`,
      "x-slack-signature": signature,
      "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    },
    body,
  };
}

export const formType = "application/x-www-form-urlencoded";

/** A trigger id in Slack's shape; it tells one delivery from another. */
export function newTriggerId(): string {
  return `${Date.now()}.${Math.floor(Math.random() * 1e9)}.${randomUUID().replaceAll("-", "")}`;
}

export interface SlashCommandFields {
  readonly user: Person;
  readonly channel: Channel;
  readonly command: string;
  readonly text: string;
  /** Default: a new one. The same again is a repeated delivery. */
  readonly triggerId?: string;
  /** Default: one on which nobody listens. */
  readonly responseUrl?: string;
}

/** A slash command (https://docs.slack.dev/interactivity/implementing-slash-commands). */
export function slashCommandRequest(fields: SlashCommandFields, signing: SigningOptions = {}): SignedRequest {
  const form = new URLSearchParams({
    token: "verification-token",
    team_id: fields.user.teamId ?? team.id,
    team_domain: team.domain,
    channel_id: fields.channel.id,
    channel_name: fields.channel.name,
    user_id: fields.user.id,
    user_name: fields.user.name,
    command: fields.command,
    text: fields.text,
    api_app_id: app.id,
    is_enterprise_install: "false",
    response_url: fields.responseUrl ?? deadResponseUrl,
    trigger_id: fields.triggerId ?? newTriggerId(),
  });
  return signedRequest(form.toString(), formType, signing);
}

export interface ButtonClickFields {
  readonly user: Person;
  readonly channel: Channel;
  /** `ts` of the message that holds the button. */
  readonly messageTs: string;
  readonly actionId: string;
  readonly value: string;
  readonly blockId?: string;
  readonly buttonText?: string;
  /** The message as Slack holds it; default: an empty one of the app's. */
  readonly message?: Readonly<Record<string, unknown>>;
  readonly triggerId?: string;
  readonly responseUrl?: string;
}

/** A click on a button of a message: `block_actions` (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload). */
export function buttonClickRequest(fields: ButtonClickFields, signing: SigningOptions = {}): SignedRequest {
  const { user, channel, messageTs } = fields;
  const payload = {
    type: "block_actions",
    user: { id: user.id, username: user.name, name: user.name, team_id: user.teamId ?? team.id },
    api_app_id: app.id,
    token: "verification-token",
    container: { type: "message", message_ts: messageTs, channel_id: channel.id, is_ephemeral: false },
    trigger_id: fields.triggerId ?? newTriggerId(),
    // In a click through Slack Connect too, `team` is the app's workspace; only `user.team_id` is the clicker's.
    team: { id: team.id, domain: team.domain },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: channel.id, name: channel.name },
    message: fields.message ?? { type: "message", ts: messageTs, user: app.botUserId, text: "" },
    state: { values: {} },
    response_url: fields.responseUrl ?? deadResponseUrl,
    actions: [
      {
        type: "button",
        action_id: fields.actionId,
        block_id: fields.blockId ?? "actions",
        text: { type: "plain_text", text: fields.buttonText ?? fields.actionId, emoji: true },
        value: fields.value,
        action_ts: `${Date.now() / 1000}`,
      },
    ],
  };
  return signedRequest(new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), formType, signing);
}

/**
 * The body of a modal's submission: `view_submission` (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload).
 * @param view as `views.open` answered it
 * @param given what its inputs hold, by `BLOCK_ID/ACTION_ID`: a text, or what was chosen
 */
export function viewSubmission(user: Person, view: object, given: ModalInputs = {}): string {
  const values = Object.fromEntries(
    Object.entries(given).map(([path, value]) => {
      const [blockId = "", actionId = ""] = path.split("/");
      return [blockId, { [actionId]: inputState(value) }];
    }),
  );
  const payload = {
    type: "view_submission",
    user: { id: user.id, username: user.name, name: user.name, team_id: user.teamId ?? team.id },
    api_app_id: app.id,
    token: "verification-token",
    trigger_id: newTriggerId(),
    team: { id: team.id, domain: team.domain },
    enterprise: null,
    is_enterprise_install: false,
    view: { ...view, state: { values } },
    response_urls: [],
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

/** What a person put into a modal's inputs, by `BLOCK_ID/ACTION_ID`: a text, one option's value, or those that were ticked. */
export type ModalInputs = Readonly<
  Record<string, string | { readonly chosen: string } | { readonly ticked: readonly string[] }>
>;

function inputState(value: ModalInputs[string]): object {
  const option = (chosen: string) => ({ text: { type: "plain_text", text: chosen }, value: chosen });
  if (typeof value === "string") return { type: "plain_text_input", value };
  if ("chosen" in value) return { type: "static_select", selected_option: option(value.chosen) };
  return { type: "checkboxes", selected_options: value.ticked.map(option) };
}

/** Port 9 (discard) on loopback: answers are refused at once. */
const deadResponseUrl = "http://127.0.0.1:9/response";
