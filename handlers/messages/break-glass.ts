import { operationCommand } from "../../src/domain/operation-words.ts";
import type { Outcome } from "../../src/domain/request.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { context, section } from "./blocks.ts";
import { code, mrkdwn } from "./mrkdwn.ts";

/** What somebody does, or did, from the command line without an approval. */
export interface BreakGlassNews {
  /** `finishing`: `user` carries on what another process left; `finished`: that has ended. */
  readonly phase: "started" | "unfinished" | "ended" | "finishing" | "finished";
  /** The Kubernetes user. */
  readonly user: string;
  /** Who or what had begun it, in a sentence. */
  readonly begunBy: string;
  readonly reason: string;
  readonly operation: string;
  readonly target: string;
  readonly executionId: string;
  readonly outcome: Outcome | null;
  /** Whom the policy names for it, where that is not this user. */
  readonly named?: string;
  /** What its user accepted by name that it may cost. */
  readonly accepted?: string;
  /** The freeze that they went past, in a sentence. */
  readonly overrode?: string;
}

export function breakGlassMessage(news: BreakGlassNews): ChatMessage {
  const what = `${news.operation} on ${news.target}`;
  const headline = {
    started: `Break-glass: ${news.user} runs ${what} from the command line`,
    unfinished: `Break-glass: ${what}, begun by ${news.user} from the command line, was left unfinished`,
    ended: `Break-glass: ${what}, run by ${news.user} from the command line, has ended`,
    finishing: `Break-glass: ${news.user} finishes ${what} from the command line, begun by ${news.begunBy} and left unfinished`,
    finished: `Break-glass: ${what}, begun by ${news.begunBy} and finished by ${news.user} from the command line, has ended`,
  }[news.phase];
  const advice = `Finish it: ${code(`${operationCommand(news.operation)} ${news.target} --reason "…"`)}`;
  const details = news.phase === "unfinished" ? advice : mrkdwn(news.outcome?.summary ?? "");
  return {
    text: mrkdwn(`${headline}. ${news.outcome?.summary ?? ""}`),
    blocks: [
      section(`*${mrkdwn(headline)}*${details === "" ? "" : `\n${details}`}`),
      ...(news.overrode === undefined ? [] : [context(`❄️ ${mrkdwn(news.overrode)}`)]),
      ...(news.named === undefined
        ? []
        : [context(`⚠️ The policy does not name ${mrkdwn(news.user)} for this, but ${mrkdwn(news.named)}.`)]),
      ...(news.accepted === undefined ? [] : [context(`Accepted by name: ${mrkdwn(news.accepted)}`)]),
      context(`Reason: ${mrkdwn(news.reason)}`, `Execution ${mrkdwn(news.executionId)}`),
    ],
  };
}
