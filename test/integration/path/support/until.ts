import { setTimeout as sleep } from "node:timers/promises";

/** Longer than anything here takes: a lease that runs out, and two walks of a worker. */
const deadlineMs = 40_000;
const periodMs = 50;

/** Asks until there is an answer other than undefined or false. Throws after the deadline, with what was waited for. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = AbortSignal.timeout(deadlineMs);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (deadline.aborted) throw new Error(`waited in vain until ${what}`);
    await sleep(periodMs);
  }
}
