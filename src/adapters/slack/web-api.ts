import { type FetchFunction, LogLevel, WebAPIPlatformError, WebAPIRateLimitedError, WebClient } from "@slack/web-api";
import { ChatError } from "../../ports/chat.ts";

export interface SlackOptions {
  readonly botToken: string;
  /** `https://slack.com/api/`, or another for tests. */
  readonly apiUrl: string;
}

/** One method of the Web API, called once. @throws {ChatError} */
export type CallSlack = (
  method: string,
  fields: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<unknown>;

/** Longest that any call is waited for, whatever its caller's signal says. */
const longestCallMs = 10_000;
/** How long to wait when Slack says "slow down" and not for how long. */
const defaultRetryAfterMs = 1_000;

/**
 * Calls Slack's Web API without any retry: chat.postMessage has no idempotency key, so a second try of a call whose
 * answer was lost would be a second message.
 */
export function createSlackCall({ botToken, apiUrl }: SlackOptions): CallSlack {
  return async (method, fields, signal) => {
    if (signal.aborted) throw new ChatError("slow_down", "not_sent_in_time", 0);
    // The client takes no signal a call, so each call has a client with a fetch of its own.
    const fetchUntilAborted: FetchFunction = (url, init) =>
      fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(longestCallMs)]) });
    const client = new WebClient(botToken, {
      slackApiUrl: apiUrl,
      fetch: fetchUntilAborted,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      // Its warnings repeat what is thrown.
      logLevel: LogLevel.ERROR,
    });
    try {
      return await client.apiCall(method, fields);
    } catch (error) {
      throw chatErrorOf(error);
    }
  };
}

/** Errors that Slack answers without knowing whether it has done what was asked. */
const answersOfUnknownOutcome = new Set(["internal_error", "fatal_error", "request_timeout", "service_unavailable"]);

/** What was thrown holds the request, the token with it, so nothing of it but Slack's own code is passed on. */
function chatErrorOf(error: unknown): ChatError {
  if (error instanceof WebAPIRateLimitedError) {
    return new ChatError("slow_down", "ratelimited", error.retryAfter * 1_000);
  }
  if (!(error instanceof WebAPIPlatformError)) return new ChatError("unknown", "no_answer");
  const slackError = error.data.error;
  // The client takes whatever is no JSON, such as a proxy's page, for the error's name.
  if (!/^[a-z][a-z0-9_]*$/.test(slackError)) return new ChatError("unknown", "unexpected_answer");
  if (slackError === "ratelimited") return new ChatError("slow_down", slackError, defaultRetryAfterMs);
  return new ChatError(answersOfUnknownOutcome.has(slackError) ? "unknown" : "refused", slackError);
}
