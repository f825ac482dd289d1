import { ChatError } from "../../ports/chat.ts";
import type { Clock } from "../../ports/clock.ts";
import { Patience, StillPaused } from "../patience.ts";
import type { CallSlack } from "./web-api.ts";

/**
 * Calls one method of Slack's that only reads, and waits as long as it asks to. Rates are a method's own
 * (https://docs.slack.dev/apis/web-api/rate-limits), so each method has one of these.
 */
export function slackReader(
  call: CallSlack,
  method: string,
  clock: Pick<Clock, "monotonicMs" | "sleep">,
): (fields: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<unknown> {
  const patience = new Patience(clock, (error) =>
    error instanceof ChatError && error.outcome === "slow_down" && error.slackError === "ratelimited"
      ? (error.retryAfterMs ?? 1_000)
      : null,
  );
  return (fields, signal) => patience.run(() => call(method, fields, signal), signal);
}

/** Why Slack could not be asked, in words for people. */
export function slackTroubleText(error: unknown): string {
  if (error instanceof StillPaused) return `Slack: ${error.message}`;
  if (!(error instanceof ChatError)) return "Slack did not answer in time";
  switch (error.slackError) {
    case "missing_scope":
      return "the Slack app lacks a scope for it (missing_scope)";
    case "no_answer":
    case "not_sent_in_time":
      return "Slack did not answer in time";
    default:
      return `Slack answered ${error.slackError}`;
  }
}
