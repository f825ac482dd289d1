import { setTimeout as sleep } from "node:timers/promises";

const DEADLINE_MS = 20_000;
const POLL_MS = 20;

/** Asks until there is an answer. Throws after the deadline, with what was waited for. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) {
      return answer;
    }
    if (signal.aborted) {
      throw new Error(`waited in vain until ${what}`);
    }
    await sleep(POLL_MS);
  }
}
