import { nearestWord } from "../../src/domain/nearest-word.ts";
import type { Engine } from "../../src/domain/target.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import type { Budget } from "../budget.ts";
import { fullAccount } from "../full-account.ts";
import { code } from "../messages/mrkdwn.ts";
import { problemMessage } from "../messages/problems.ts";
import type { EdgeServices } from "../services.ts";
import type { AskedCommand } from "./ask.ts";
import { changeFreeze } from "./handover-freeze.ts";
import { tellHistory } from "./handover-history.ts";
import { tellStatus } from "./handover-status.ts";

/** What `/handover` does beside the operations on workloads. No operation is called so, but for `status`, which then names a target. */
export const sideVerbs = ["freeze", "unfreeze", "history", "status"] as const;
type SideVerb = (typeof sideVerbs)[number];

/**
 * Answers `/handover freeze`, `unfreeze`, `history`, and `status` without a target.
 * @returns null: that is none of these, but an operation's command or a mistake
 * @throws {HandoverError} `redis_away`
 */
export async function answerSideCommand(
  asked: AskedCommand,
  services: EdgeServices,
  budget: Budget,
): Promise<ChatMessage | null> {
  const { verb, rest } = firstWord(asked.text);
  const side = sideVerbs.find((known) => known === verb);
  if (side === undefined || (side === "status" && rest !== "")) return null;
  // No worker looks at who asks for these, and guests shall neither freeze nor read what was done.
  const account = await fullAccount(asked.person, services, budget);
  if (!account.ok) return problemMessage(account.problem);
  switch (side) {
    case "freeze":
    case "unfreeze":
      return changeFreeze(verb === "freeze" ? "freeze" : "unfreeze", rest, asked, services);
    case "history":
      return tellHistory(rest, services, budget);
    case "status":
      return tellStatus(services);
  }
}

/** What is told of these in the help of `/handover`, line by line. */
export function sideHelp(engine: Engine): readonly string[] {
  if (engine !== "kubernetes") return [];
  const lines = [
    ['/handover freeze CLUSTER|TARGET [for 2h] "reason"', "nothing that changes it begins, until it is lifted"],
    ["/handover unfreeze CLUSTER|TARGET", "lifts it"],
    ["/handover history [TARGET]", "what was asked for last, and what became of it"],
    ["/handover status", "clusters, whether their workers live, what is frozen and under way"],
  ] as const;
  return lines.map(([typed, does]) => `• ${code(typed)} ${does}`);
}

/** The command with its first word put right, where that was most likely meant to be one of these; null otherwise. */
export function nearestSideCommand(text: string, known: readonly string[]): string | null {
  const { verb, rest } = firstWord(text);
  const near = nearestWord(verb, [...known, ...sideVerbs]);
  const isSide = (word: string | null): word is SideVerb => sideVerbs.some((side) => side === word);
  return isSide(near) && near !== verb && !known.includes(near) ? ["/handover", near, rest].join(" ").trim() : null;
}

function firstWord(text: string): { verb: string; rest: string } {
  const [verb = ""] = text.split(/\s/, 1);
  return { verb: verb.toLowerCase(), rest: text.slice(verb.length).trim() };
}
