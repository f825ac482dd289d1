import type { Clock } from "../ports/clock.ts";

/** A person who waits looks up about so often; and each note is a change of the record. */
const tellAgainAfterMs = 5_000;

/** Tells what a step waits for, when it has waited for a while: at most every 5 s, and nothing twice. */
export class WaitingNote {
  readonly #clock: Clock;
  readonly #tell: (note: string) => void;
  #told = "";
  #nextAtMs: number;

  constructor(clock: Clock, tell: (note: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#nextAtMs = clock.monotonicMs() + tellAgainAfterMs;
  }

  waitsFor(what: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (what === this.#told || nowMs < this.#nextAtMs) return;
    this.#told = what;
    this.#nextAtMs = nowMs + tellAgainAfterMs;
    this.#tell(`waiting: ${what}`);
  }
}
