import type { ChatMessage } from "../../src/ports/chat.ts";
import { type Block, notification, section } from "./blocks.ts";
import { mrkdwn } from "./mrkdwn.ts";

/** A problem as records keep it; what they keep may come from a newer version, so the code is any text. */
interface ShownProblem {
  readonly code: string;
  readonly what: string;
  readonly next: string;
}

/** What happened, then what to do. */
export function problemText(problem: ShownProblem): string {
  return `${mrkdwn(problem.what)}\n→ ${mrkdwn(problem.next)}`;
}

/** The answer to somebody whose command or click was not carried out. */
export function problemMessage(problem: ShownProblem, ...more: readonly Block[]): ChatMessage {
  return {
    text: notification(`${problem.what} ${problem.next}`),
    blocks: [section(`🚫 ${problemText(problem)}`), ...more],
  };
}
