import type { Chat } from "../../src/ports/chat.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { FaceStore, RequestStore } from "../../src/ports/request-store.ts";
import { Draw, type DrawResult, slowDown } from "./draw.ts";

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
        const readAtMs = this.#parts.clock.monotonicMs();
        // Times of a face are whole milliseconds, and this clock's are not.
        const elapsedMs = () => Math.round(this.#parts.clock.monotonicMs() - readAtMs);
        result = await new Draw(this.#parts.chat, lock, found, elapsedMs, signal).run(this.#pauseMs());
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

  /** What Slack does not let be shown, by request, with Slack's word for it; until its record changes. */
  get refused(): ReadonlyMap<string, string> {
    return new Map([...this.#refused].map(([id, { slackError }]) => [id, slackError]));
  }

  #pauseMs(): number {
    return Math.max(0, this.#quietUntilMs - this.#parts.clock.monotonicMs());
  }

  #learn(requestId: string, revision: number, result: DrawResult): void {
    if (result.kind === "refused") this.#refused.set(requestId, { revision, slackError: result.slackError });
    else if (result.kind === "drawn") this.#refused.delete(requestId);
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
