import { oldestRequestSeconds } from "./slack-request.ts";

/** More at once is no traffic of people; the oldest are forgotten first then. */
const mostRemembered = 10_000;

/**
 * Signatures this process has seen while they are still good. Commands do not need it: Redis knows their deliveries, for every process.
 * For clicks it is a second lock on the door: a repeated one finds its request settled or its approval counted.
 */
export class ReplayMemory {
  readonly #untilMs = new Map<string, number>();

  /** Whether this is the first time; it is remembered either way. */
  isFirst(signature: string, nowMs: number): boolean {
    this.#forget(nowMs);
    if (this.#untilMs.has(signature)) return false;
    // Twice the window: a timestamp may lie ahead of this clock.
    this.#untilMs.set(signature, nowMs + 2 * oldestRequestSeconds * 1_000);
    return true;
  }

  /** Entries stand in the order of their ends. */
  #forget(nowMs: number): void {
    for (const [signature, untilMs] of this.#untilMs) {
      if (untilMs > nowMs && this.#untilMs.size < mostRemembered) return;
      this.#untilMs.delete(signature);
    }
  }
}
