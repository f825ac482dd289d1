import type { Clock } from "../src/ports/clock.ts";

/** Slack waits 3 s for an answer; a warm edge is done in half of that. */
const wholeMs = 1_500;
/** Longest that one call of Slack's is waited for. */
const slackCallMs = 800;

/** The time left for answering one command or click. */
export class Budget {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #endsAtMs: number;

  /** @param forMs of what takes two calls of Slack's one after the other, it may be longer; Slack's 3 s are the end of it */
  constructor(clock: Pick<Clock, "monotonicMs">, forMs: number = wholeMs) {
    this.#clock = clock;
    this.#endsAtMs = clock.monotonicMs() + forMs;
  }

  /** How long a call of Slack's may still take; 0 when nothing is left. */
  slackMs(): number {
    return Math.round(Math.max(0, Math.min(slackCallMs, this.#endsAtMs - this.#clock.monotonicMs())));
  }

  slackSignal(): AbortSignal {
    return AbortSignal.timeout(this.slackMs());
  }
}
