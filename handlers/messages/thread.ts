import type { StoryEntry } from "../../src/domain/request.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { context, limits, section } from "./blocks.ts";
import { clip, mrkdwn } from "./mrkdwn.ts";

/** Longest that one entry is told; several have to fit into a message. */
const longestEntry = 1_000;

/**
 * One message for the thread that tells as many of these entries as it can hold, from the first.
 * `told` says how many those are; at least one.
 */
export function threadMessage(
  entries: readonly StoryEntry[],
  options: { readonly postedAgain: boolean },
): { message: ChatMessage; told: number } {
  let text = "";
  let told = 0;
  for (const entry of entries) {
    const line = clip(mrkdwn(entry.text), longestEntry);
    const longer = told === 0 ? line : `${text}\n${line}`;
    if (longer.length > limits.sectionText) break;
    text = longer;
    told += 1;
  }
  const note = "Told again, because Slack did not confirm the first message.";
  const blocks = [section(text), ...(options.postedAgain ? [context(note)] : [])];
  return { message: { text: text || " ", blocks }, told };
}
