import { setTimeout as sleep } from "node:timers/promises";

/** Longer than anything takes that is not told to take longer. */
const DEADLINE_MS = 20_000;
const POLL_MS = 20;

/** Resolves to the first answer of `ask` that is neither undefined nor false. */
export type Until = <T>(what: string, ask: () => Promise<T | undefined | false>) => Promise<T>;

/** Waits with the deadline of what needs no real server. */
export const until: Until = untilWithin(DEADLINE_MS);

/**
 * Asks again and again, within a deadline. A question that throws counts as no answer.
 * Throws after the deadline, with what was waited for and the last error.
 */
export function untilWithin(deadlineMs: number): Until {
  return async (what, ask) => {
    const deadline = AbortSignal.timeout(deadlineMs);
    for (;;) {
      let cause: unknown;
      try {
        const answer = await ask();
        if (answer !== undefined && answer !== false) {
          return answer;
        }
      } catch (error) {
        cause = error;
      }
      if (deadline.aborted) {
        throw new Error(`waited ${deadlineMs} ms in vain until ${what}`, { cause });
      }
      await sleep(POLL_MS);
    }
  };
}
