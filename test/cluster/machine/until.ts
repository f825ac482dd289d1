import { setTimeout as delay } from "node:timers/promises";

export interface UntilOptions {
  /** What is waited for, as it shall stand in the error: "the API server answers". */
  readonly what: string;
  readonly deadlineMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
  /** Ends the wait at once by throwing, when what is waited for can no longer come. */
  readonly check?: () => void;
  /** Appended to the error: a log's end, a state last seen. */
  readonly explain?: () => Promise<string>;
}

/** Polls until `probe` gives something other than null or undefined, and gives that. An error of the probe is "not yet". */
export async function until<T>(probe: () => Promise<T | null | undefined>, options: UntilOptions): Promise<T> {
  const { what, deadlineMs, everyMs = 50, signal } = options;
  const giveUpAt = performance.now() + deadlineMs;
  let lastError: unknown;
  while (performance.now() < giveUpAt) {
    signal?.throwIfAborted();
    options.check?.();
    try {
      const found = await probe();
      if (found !== null && found !== undefined) {
        return found;
      }
    } catch (error) {
      lastError = error;
    }
    await delay(everyMs, undefined, signal === undefined ? {} : { signal });
  }
  const reason = lastError === undefined ? "" : `; last error: ${String(lastError)}`;
  const explanation = options.explain === undefined ? "" : `\n${await options.explain()}`;
  throw new Error(`gave up after ${deadlineMs / 1000} s waiting until ${what}${reason}${explanation}`, {
    cause: lastError,
  });
}
