import type { Clock } from "../src/ports/clock.ts";

/** Slack waits 3 s for an answer; a warm edge is done in half of that. */
const wholeMs = 1_500;
/** Longest that one call of Slack's is waited for. */
const slackCallMs = 800;

/** The time left for answering one command or click. */
export class Budget {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #endsAtMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.#endsAtMs = clock.monotonicMs() + wholeMs;
  }

  /** How long a call of Slack's may still take; 0 when nothing is left. */
  slackMs(): number {
    return Math.round(Math.max(0, Math.min(slackCallMs, this.#endsAtMs - this.#clock.monotonicMs())));
  }

  slackSignal(): AbortSignal {
    return AbortSignal.timeout(this.slackMs());
  }
}
