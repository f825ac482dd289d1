import type { Person } from "../domain/people.ts";

/** A message, ready to send: Block Kit blocks with a fallback text for notifications. */
export interface ChatMessage {
  readonly text: string;
  readonly blocks: readonly MessageBlock[];
}

/** A block of Block Kit; what more it holds depends on its type. */
export interface MessageBlock {
  readonly type: string;
}

/**
 * The Slack Web API as far as Handover speaks to it. Never retries by itself.
 * Throws ChatError.
 */
export interface Chat {
  post(channelId: string, message: ChatMessage, threadTs: string | null, signal: AbortSignal): Promise<{ ts: string }>;
  update(channelId: string, ts: string, message: ChatMessage, signal: AbortSignal): Promise<void>;
  ephemeral(channelId: string, person: Person, message: ChatMessage, signal: AbortSignal): Promise<void>;
  permalink(channelId: string, ts: string, signal: AbortSignal): Promise<string>;
}

/** Private answers where the app cannot post. Throws ChatError. */
export interface Replies {
  /** @param responseUrl as it came with a click; a secret, good for five answers within half an hour */
  reply(responseUrl: string, message: ChatMessage, signal: AbortSignal): Promise<void>;
}

/** A modal's view (https://docs.slack.dev/reference/views/modal-views), ready to send. */
export interface ModalView {
  readonly type: "modal";
  readonly callback_id: string;
  /** Comes back with the submission; at most 3000 characters, and people can read it. */
  readonly private_metadata: string;
  readonly blocks: readonly MessageBlock[];
  readonly [field: string]: unknown;
}

/** Modals. Throws ChatError. */
export interface Modals {
  /** Opens one for whoever caused the trigger, which works once and within 3 s. */
  open(triggerId: string, view: ModalView, signal: AbortSignal): Promise<{ readonly viewId: string }>;
  /** Shows something else in one that is open; `refused` with `not_found` when the person has closed it. */
  update(viewId: string, view: ModalView, signal: AbortSignal): Promise<void>;
}

/** A person's Home tab (https://docs.slack.dev/surfaces/app-home), ready to send. */
export interface HomeView {
  readonly type: "home";
  readonly blocks: readonly MessageBlock[];
}

/** Home tabs. Throws ChatError. */
export interface HomeTabs {
  /** Shows this to that one person, in place of what was there. */
  publish(userId: string, view: HomeView, signal: AbortSignal): Promise<void>;
}

/**
 * - `refused`: Slack answered no; `slackError` is its code (`channel_not_found`, `message_not_found` …).
 * - `slow_down`: Slack asks to wait `retryAfterMs`; nothing was sent.
 * - `unknown`: no answer; whether it was done is not known.
 */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly outcome: "refused" | "slow_down" | "unknown";
  readonly slackError: string;
  readonly retryAfterMs: number | null;

  constructor(outcome: "refused" | "slow_down" | "unknown", slackError: string, retryAfterMs: number | null = null) {
    super(`Slack: ${slackError}`);
    this.outcome = outcome;
    this.slackError = slackError;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An account, as Slack knows it now. */
export interface Account {
  /** Null: a full, active, human account of this workspace. Otherwise why it is not trusted, in words: “it is a guest”. */
  readonly objection: string | null;
  /** The person who was asked about, now with `aliases`: with them a second account of the same person is known. */
  readonly person: Person;
  /** Of their profile, as IANA names it; missing where Slack does not say. */
  readonly timeZone?: string;
}

/** Who the people behind accounts are, and whether they may take part at all. */
export interface People {
  /** Throws ChatError when Slack does not say; no answer is no. */
  look(person: Person, signal: AbortSignal): Promise<Account>;
}
