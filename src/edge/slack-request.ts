import { parse as parseForm } from "node:querystring";
import { verifySlackRequest } from "@slack/bolt";
import { z } from "zod";

/** An HTTP request before anything of it is believed. */
export interface RawRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The bytes that were signed. */
  readonly body: Buffer;
}

export type SlackRequest =
  /** Not from Slack, or not now: answered 401, with nothing of the reason. */
  | { readonly kind: "refused"; readonly why: string }
  /** Slack only wants to know whether somebody is there. */
  | { readonly kind: "answered"; readonly answer: HttpAnswer }
  | {
      readonly kind: "payload";
      readonly payload: Payload;
      /** Equal for a repeated delivery of the very same request. */
      readonly signature: string;
    };

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Payload = Readonly<Record<string, unknown>>;

/** Slack's own recommendation, and how long a signature has to be remembered. */
export const oldestRequestSeconds = 300;
/** Clocks differ a little; a request from the future beyond that was not signed just now. */
const clockSkewSeconds = 30;

/** Checks who sent a request before reading anything of it: the signature of version v0 over exactly these bytes. */
export function readSlackRequest(raw: RawRequest, signingSecret: string, nowMs: number): SlackRequest {
  const signature = raw.headers["x-slack-signature"] ?? "";
  const timestamp = raw.headers["x-slack-request-timestamp"] ?? "";
  if (!/^v0=[0-9a-f]{64}$/.test(signature)) return refused("no signature of version v0");
  if (!/^\d{1,12}$/.test(timestamp)) return refused("no timestamp");
  const ageSeconds = Math.floor(nowMs / 1_000) - Number(timestamp);
  if (ageSeconds > oldestRequestSeconds) return refused("the timestamp is too old");
  if (ageSeconds < -clockSkewSeconds) return refused("the timestamp is in the future");
  const text = raw.body.toString("utf8");
  try {
    verifySlackRequest({
      signingSecret,
      body: text,
      headers: { "x-slack-signature": signature, "x-slack-request-timestamp": Number(timestamp) },
      nowMilliseconds: nowMs,
    });
  } catch {
    return refused("the signature is wrong");
  }
  const payload = parsePayload(text, raw.headers["content-type"] ?? "");
  if (payload === null) return refused("the body is not one of Slack's");
  if (payload.ssl_check !== undefined) return { kind: "answered", answer: emptyAnswer(200) };
  if (payload.type === "url_verification") {
    return { kind: "answered", answer: jsonAnswer({ challenge: String(payload.challenge) }) };
  }
  return { kind: "payload", payload, signature };
}

export function emptyAnswer(statusCode: number): HttpAnswer {
  return { statusCode, headers: {}, body: "" };
}

export function jsonAnswer(body: object): HttpAnswer {
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

const objectSchema = z.record(z.string(), z.unknown());

/** A command is a form, a click a form with JSON in `payload`, an event JSON. Null for anything else. */
function parsePayload(text: string, contentType: string): Payload | null {
  try {
    if (contentType.startsWith("application/json")) return objectSchema.parse(JSON.parse(text));
    const form = { ...parseForm(text) };
    return typeof form.payload === "string" ? objectSchema.parse(JSON.parse(form.payload)) : form;
  } catch {
    return null;
  }
}

function refused(why: string): SlackRequest {
  return { kind: "refused", why };
}
