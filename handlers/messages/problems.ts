import type { ChatMessage } from "../../src/ports/chat.ts";
import { type Block, notification, section } from "./blocks.ts";
import { mrkdwn } from "./mrkdwn.ts";

/** A problem as records keep it; what they keep may come from a newer version, so the code is any text. */
interface ShownProblem {
  readonly code: string;
  readonly what: string;
  readonly next: string;
}

/** What happened, unless that has been `said`, then what to do. */
export function problemText(problem: ShownProblem, said: string | null = null): string {
  const next = `→ ${mrkdwn(problem.next)}`;
  return problem.what === said ? next : `${mrkdwn(problem.what)}\n${next}`;
}

/** The answer to somebody whose command or click was not carried out. */
export function problemMessage(problem: ShownProblem, ...more: readonly Block[]): ChatMessage {
  return {
    text: notification(`${problem.what} ${problem.next}`),
    blocks: [section(`🚫 ${problemText(problem)}`), ...more],
  };
}
