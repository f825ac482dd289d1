import { setTimeout as sleep } from "node:timers/promises";

const PERIOD_MS = 50;

/**
 * Asks again and again until the answer is not undefined. A question that throws counts as no answer.
 * Throws after the deadline, with what was waited for and the last error.
 */
export async function until<T>(what: string, deadlineMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  let cause: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined) {
        return answer;
      }
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(PERIOD_MS);
  }
  throw new Error(`waited ${deadlineMs} ms in vain until ${what}`, { cause });
}
