import type { RequestRecord } from "../../src/domain/request.ts";
import { judgeExpiry } from "../../src/domain/transitions/ending-early.ts";
import { type Chat, ChatError } from "../../src/ports/chat.ts";
import type { Face, FaceLock } from "../../src/ports/request-store.ts";
import { faceMessage } from "../messages/face.ts";
import { replacedMessage } from "../messages/notices.ts";
import { threadMessage } from "../messages/thread.ts";

/** Slack advises at most one update of a message in 3 s; only progress waits for it, never a change that somebody waits for. */
export const progressPauseMs = 3_000;
/** How long what was sent without an answer may still turn up: a post is then posted again and marked so, an update drawn once more. */
export const unknownPostPauseMs = 10_000;

export type DrawResult =
  /** The message shows the record as it is. */
  | { readonly kind: "drawn"; readonly channelId: string; readonly ts: string }
  /** Not now: Slack asked for a pause, or an answer may still come. */
  | { readonly kind: "later"; readonly inMs: number; readonly why: string }
  /** Another drawer is at it, and looks again when it has ended. */
  | { readonly kind: "busy" }
  /** There is no such request. */
  | { readonly kind: "gone" }
  /** Slack will not have it: `not_in_channel`, `is_archived` … */
  | { readonly kind: "refused"; readonly slackError: string };

/** The `why` of a pause that holds for every message. */
export const slowDown = "Slack asked for a pause";

/** What Slack answers when the message is not there any more, or not the app's to change: it is posted anew. */
const messageLost = new Set(["message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"]);

/** One draw of one message under its lock. */
export class Draw {
  readonly #chat: Chat;
  readonly #lock: FaceLock;
  readonly #record: RequestRecord;
  /** Noted as drawn; the record as judged may be one ahead of the stored one. */
  readonly #revision: number;
  /** When the record was read; by the store's clock, like all times of a face. */
  readonly #nowMs: number;
  /** How long ago that is. */
  readonly #elapsedMs: () => number;
  readonly #signal: AbortSignal;

  constructor(
    chat: Chat,
    lock: FaceLock,
    found: { record: RequestRecord; nowMs: number },
    elapsedMs: () => number,
    signal: AbortSignal,
  ) {
    this.#chat = chat;
    this.#lock = lock;
    this.#record = judgeExpiry(found.record, found.nowMs);
    this.#revision = found.record.revision;
    this.#nowMs = found.nowMs;
    this.#elapsedMs = elapsedMs;
    this.#signal = signal;
  }

  /** @param pauseMs how long Slack still wants to be left alone */
  async run(pauseMs: number): Promise<DrawResult> {
    const { face } = this.#lock;
    if (face !== null && this.#isDrawn(face)) return drawnAs(face);
    if (pauseMs > 0) return { kind: "later", inMs: pauseMs, why: slowDown };
    try {
      const shown = face === null || face.ts === null ? await this.#post(face) : await this.#update(face);
      if (isResult(shown)) return shown;
      return await this.#tell(shown);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      return resultOf(error);
    }
  }

  #isDrawn(face: Face): boolean {
    const { story } = this.#record;
    const isShown = face.ts !== null && face.drawnRevision >= this.#revision && face.unsureSinceMs === undefined;
    return isShown && face.toldEntries >= story.length;
  }

  async #post(before: Face | null): Promise<Face | DrawResult> {
    const begunAtMs = before?.postingSinceMs ?? null;
    const waitMs = begunAtMs === null ? 0 : begunAtMs + unknownPostPauseMs - this.#nowMs;
    if (waitMs > 0) return { kind: "later", inMs: waitMs, why: "Slack may still have posted the message" };
    const { channelId } = this.#record;
    const intent: Face = {
      channelId,
      ts: null,
      drawnRevision: 0,
      toldEntries: 0,
      postingSinceMs: this.#nowMs,
    };
    if (!(await this.#lock.note(intent))) return { kind: "busy" };
    const message = faceMessage(this.#record, { postedAgain: begunAtMs !== null });
    const sent = await this.#send(intent, () => this.#chat.post(channelId, message, null, this.#signal));
    const face: Face = {
      ...intent,
      ts: sent.ts,
      drawnRevision: this.#revision,
      postingSinceMs: null,
      drawnAtMs: this.#nowMs,
    };
    if (await this.#lock.note(face)) return face;
    // Whoever took the lock meanwhile posts another one: of two only that counts.
    await this.#chat.update(channelId, sent.ts, replacedMessage(this.#record), this.#signal).catch(() => undefined);
    return { kind: "busy" };
  }

  /**
   * What is sent without an answer may still arrive, after a newer draw, and bring back buttons that are gone. So the intent is noted
   * first, and as long as an outcome is open the message is drawn once more when nothing can be on its way any longer.
   */
  async #update(before: Face): Promise<Face | DrawResult> {
    const { ts, unsureSinceMs, ...known } = before;
    const isNewer = before.drawnRevision < this.#revision;
    const isSettling = unsureSinceMs !== undefined && this.#nowMs >= unsureSinceMs + unknownPostPauseMs;
    if (ts === null || (!isNewer && !isSettling)) return before;
    const waitMs = (before.drawnAtMs ?? Number.NEGATIVE_INFINITY) + progressPauseMs - this.#nowMs;
    if (this.#record.state === "running" && waitMs > 0 && !isAwaitedNews(this.#record, before)) {
      return { kind: "later", inMs: waitMs, why: "the message was drawn a moment ago" };
    }
    const intent: Face = { ...before, unsureSinceMs: this.#nowMs };
    if (!(await this.#lock.note(intent))) return { kind: "busy" };
    const message = faceMessage(this.#record, { postedAgain: false, ...(isNewer ? {} : { redrawnAtMs: this.#nowMs }) });
    try {
      await this.#chat.update(before.channelId, ts, message, this.#signal);
    } catch (error) {
      if (isMessageLost(error)) return await this.#post(null);
      if (error instanceof ChatError) {
        // After a clear no nothing of this is on its way. Without an answer it may arrive from now on.
        const isOpen = error.outcome === "unknown";
        await this.#lock.note(isOpen ? { ...before, unsureSinceMs: this.#nowMs + this.#elapsedMs() } : before);
      }
      throw error;
    }
    const open = unsureSinceMs !== undefined && !isSettling ? { unsureSinceMs } : {};
    const face: Face = { ...known, ts, ...open, drawnRevision: this.#revision, drawnAtMs: this.#nowMs };
    return (await this.#lock.note(face)) ? face : { kind: "busy" };
  }

  /** Tells in the thread what it does not tell yet, in as few messages as it fits into. */
  async #tell(shown: Face): Promise<DrawResult> {
    let face = shown;
    while (face.ts !== null && face.toldEntries < this.#record.story.length) {
      const begunAtMs = face.postingSinceMs;
      const waitMs = begunAtMs === null ? 0 : begunAtMs + unknownPostPauseMs - this.#nowMs;
      if (waitMs > 0) return { kind: "later", inMs: waitMs, why: "Slack may still have posted in the thread" };
      const intent: Face = { ...face, postingSinceMs: this.#nowMs };
      if (!(await this.#lock.note(intent))) return { kind: "busy" };
      const entries = this.#record.story.slice(face.toldEntries);
      const { message, told } = threadMessage(entries, { postedAgain: begunAtMs !== null });
      const threadTs = face.ts;
      await this.#send({ ...intent, postingSinceMs: null }, () =>
        this.#chat.post(face.channelId, message, threadTs, this.#signal),
      );
      face = { ...face, postingSinceMs: null, toldEntries: face.toldEntries + told };
      if (!(await this.#lock.note(face))) return { kind: "busy" };
    }
    return this.#shownAs(face);
  }

  #shownAs(face: Face): DrawResult {
    if (face.unsureSinceMs === undefined) return drawnAs(face);
    const inMs = Math.max(0, face.unsureSinceMs + unknownPostPauseMs - this.#nowMs);
    return { kind: "later", inMs, why: "an earlier draw may still arrive" };
  }

  /** Posts; a clear no takes the noted intent back, because then there is nothing to wait for. Without an answer the wait begins now. */
  async #send(intent: Face, post: () => Promise<{ ts: string }>): Promise<{ ts: string }> {
    try {
      return await post();
    } catch (error) {
      if (error instanceof ChatError) {
        const isOpen = error.outcome === "unknown";
        await this.#lock.note({ ...intent, postingSinceMs: isOpen ? this.#nowMs + this.#elapsedMs() : null });
      }
      throw error;
    }
  }
}

/** Since the message was drawn somebody has clicked, and waits to see it; or it began, and has other buttons from then on. */
function isAwaitedNews({ wish, execution }: RequestRecord, { drawnAtMs }: Face): boolean {
  const since = drawnAtMs ?? Number.NEGATIVE_INFINITY;
  const isWishNewer = wish !== undefined && wish.atMs >= since;
  const isStartNewer = execution !== undefined && execution.startedAtMs > since;
  return isWishNewer || isStartNewer;
}

function drawnAs(face: Face): DrawResult {
  if (face.ts === null) return { kind: "busy" };
  return { kind: "drawn", channelId: face.channelId, ts: face.ts };
}

function isResult(shown: Face | DrawResult): shown is DrawResult {
  return "kind" in shown;
}

function isMessageLost(error: unknown): boolean {
  return error instanceof ChatError && error.outcome === "refused" && messageLost.has(error.slackError);
}

function resultOf(error: ChatError): DrawResult {
  switch (error.outcome) {
    case "slow_down":
      return { kind: "later", inMs: error.retryAfterMs ?? 1_000, why: slowDown };
    case "unknown":
      return { kind: "later", inMs: unknownPostPauseMs, why: `Slack did not answer (${error.slackError})` };
    case "refused":
      return { kind: "refused", slackError: error.slackError };
  }
}
