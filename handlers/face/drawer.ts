import type { RequestRecord } from "../../src/domain/request.ts";
import { judgeExpiry } from "../../src/domain/transitions.ts";
import { type Chat, ChatError } from "../../src/ports/chat.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Face, FaceLock, FaceStore, RequestStore } from "../../src/ports/request-store.ts";
import { faceMessage } from "../messages/face.ts";
import { threadMessage } from "../messages/thread.ts";

/** Slack advises at most one update of a message in 3 s; only progress waits for it, never a change that somebody waits for. */
export const progressPauseMs = 3_000;
/** How long a post without an answer may still turn up, before it is posted again and marked so. */
export const unknownPostPauseMs = 10_000;
/** The lock outlives the draw by this, so that a slow Redis does not lose it. */
const lockMarginMs = 2_000;
/** Rounds of one draw while the record keeps changing; what is newer still is left to the next one. */
const mostRounds = 5;

export interface DrawerParts {
  readonly requests: Pick<RequestStore, "read" | "undrawn">;
  readonly faces: FaceStore;
  readonly chat: Chat;
  readonly clock: Pick<Clock, "monotonicMs">;
}

export interface DrawOptions {
  /** For all of one draw; Slack calls are cut off at it, and what they did is then unknown. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

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

/**
 * Keeps the messages of one cluster's requests as their records are. Every change of a message happens under its lock: of two
 * processes that edit one message, the older draw could otherwise land last.
 */
export class FaceDrawer {
  readonly #parts: DrawerParts;
  /** By `monotonicMs`: nothing is sent to Slack before it. */
  #quietUntilMs = 0;
  /** Revisions that Slack refused to show; not tried again until the record changes. */
  readonly #refused = new Map<string, { readonly revision: number; readonly slackError: string }>();

  constructor(parts: DrawerParts) {
    this.#parts = parts;
  }

  /**
   * Brings the message and its thread up to the record, and looks again whether it is newer by then.
   * @throws {HandoverError} `redis_away`
   */
  async drawOnce(requestId: string, options: DrawOptions): Promise<DrawResult> {
    const deadline = AbortSignal.timeout(options.deadlineMs);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    let result: DrawResult = { kind: "later", inMs: 0, why: "the record keeps changing" };
    for (let round = 0; round < mostRounds && !signal.aborted; round += 1) {
      const lock = await this.#parts.faces.lock(requestId, options.deadlineMs + lockMarginMs);
      if (lock === null) return { kind: "busy" };
      let revision: number;
      try {
        const found = await this.#parts.requests.read(requestId);
        if (found === null) return { kind: "gone" };
        revision = found.record.revision;
        result = await new Draw(this.#parts.chat, lock, found, signal).run(this.#pauseMs());
      } finally {
        // A lock that cannot be given back now runs out by itself.
        await lock.release().catch(() => undefined);
      }
      this.#learn(requestId, revision, result);
      if (result.kind !== "drawn" && result.kind !== "later") return result;
      // After the lock is free: whoever changed the record meanwhile found it taken and relied on this look.
      const newest = await this.#parts.requests.read(requestId);
      if (newest === null || newest.record.revision <= revision) return result;
    }
    return result;
  }

  /**
   * Draws whatever is behind its record.
   * @returns in how many milliseconds something has to be tried again; null when nothing is left to do
   * @throws {HandoverError} `redis_away`
   */
  async sweep(options: DrawOptions): Promise<number | null> {
    const ids = await this.#parts.requests.undrawn();
    for (const id of this.#refused.keys()) if (!ids.includes(id)) this.#refused.delete(id);
    let soonestMs: number | null = null;
    for (const id of ids) {
      if (options.signal?.aborted) break;
      if (await this.#isRefusedStill(id)) continue;
      const result = await this.drawOnce(id, options);
      if (result.kind === "later") soonestMs = Math.min(soonestMs ?? result.inMs, result.inMs);
    }
    return soonestMs;
  }

  #pauseMs(): number {
    return Math.max(0, this.#quietUntilMs - this.#parts.clock.monotonicMs());
  }

  #learn(requestId: string, revision: number, result: DrawResult): void {
    if (result.kind === "refused") this.#refused.set(requestId, { revision, slackError: result.slackError });
    if (result.kind === "later" && result.why === slowDown) {
      this.#quietUntilMs = Math.max(this.#quietUntilMs, this.#parts.clock.monotonicMs() + result.inMs);
    }
  }

  async #isRefusedStill(requestId: string): Promise<boolean> {
    const refused = this.#refused.get(requestId);
    if (refused === undefined) return false;
    const found = await this.#parts.requests.read(requestId);
    return found !== null && found.record.revision === refused.revision;
  }
}

const slowDown = "Slack asked for a pause";

/** What Slack answers when the message is not there any more, or not the app's to change: it is posted anew. */
const messageLost = new Set(["message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"]);

/** One draw under one lock. */
class Draw {
  readonly #chat: Chat;
  readonly #lock: FaceLock;
  readonly #record: RequestRecord;
  /** Noted as drawn; the record as judged may be one ahead of the stored one. */
  readonly #revision: number;
  readonly #nowMs: number;
  readonly #signal: AbortSignal;

  constructor(chat: Chat, lock: FaceLock, found: { record: RequestRecord; nowMs: number }, signal: AbortSignal) {
    this.#chat = chat;
    this.#lock = lock;
    this.#record = judgeExpiry(found.record, found.nowMs);
    this.#revision = found.record.revision;
    this.#nowMs = found.nowMs;
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
    return face.ts !== null && face.drawnRevision >= this.#revision && face.toldEntries >= story.length;
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
    return (await this.#lock.note(face)) ? face : { kind: "busy" };
  }

  async #update(before: Face): Promise<Face | DrawResult> {
    if (before.ts === null || before.drawnRevision >= this.#revision) return before;
    const waitMs = (before.drawnAtMs ?? Number.NEGATIVE_INFINITY) + progressPauseMs - this.#nowMs;
    if (this.#record.state === "running" && waitMs > 0) {
      return { kind: "later", inMs: waitMs, why: "the message was drawn a moment ago" };
    }
    try {
      await this.#chat.update(before.channelId, before.ts, faceMessage(this.#record), this.#signal);
    } catch (error) {
      if (isMessageLost(error)) return await this.#post(null);
      throw error;
    }
    const face: Face = { ...before, drawnRevision: this.#revision, drawnAtMs: this.#nowMs };
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
    return drawnAs(face);
  }

  /** Posts; a clear no takes the noted intent back, because then there is nothing to wait for. */
  async #send(intent: Face, post: () => Promise<{ ts: string }>): Promise<{ ts: string }> {
    try {
      return await post();
    } catch (error) {
      if (error instanceof ChatError && error.outcome !== "unknown") {
        await this.#lock.note({ ...intent, postingSinceMs: null });
      }
      throw error;
    }
  }
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
