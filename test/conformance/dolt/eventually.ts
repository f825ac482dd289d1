import { setTimeout as delay } from "node:timers/promises";

/** Long enough for a real server on a busy machine; a healthy one needs a second or two at most. */
const DEADLINE_MS = 45_000;
const PERIOD_MS = 25;

/** Asks until `isRight` says so, and gives that answer. Rejects after the deadline with the last answer or error. */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  isRight: (answer: Answer) => boolean,
): Promise<Answer> {
  const deadline = performance.now() + DEADLINE_MS;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (isRight(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await delay(PERIOD_MS);
  } while (performance.now() < deadline);
  throw new Error(`Waited ${DEADLINE_MS / 1000} s in vain: ${what}. The last answer: ${JSON.stringify(last)}`, {
    cause: last,
  });
}
