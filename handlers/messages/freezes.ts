import {
  type AnnouncedFreeze,
  type FreezeScope,
  type FreezeWish,
  isWholeCluster,
  scopeText,
  typedScope,
} from "../../src/domain/freeze.ts";
import type { FreezeWords } from "../../src/domain/freeze-words.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { context, notification, section } from "./blocks.ts";
import { code, dateAndTime, mention, mrkdwn } from "./mrkdwn.ts";

/** For the channel, when a freeze holds, or was lifted. */
export function freezeMessage(wish: FreezeWish): ChatMessage {
  const { scope, by, reason } = wish;
  const what = scopeText(scope);
  const because = reason === "" ? "" : `: ${mrkdwn(reason)}`;
  if (wish.kind === "unfreeze") {
    return {
      text: notification(`Freeze lifted: ${what}.`),
      blocks: [section(`🔥 *Freeze lifted*: ${boldScope(scope)}, by ${mention(by)}${because}`)],
    };
  }
  const lines = [
    `❄️ *Frozen*: ${boldScope(scope)} ${untilWords(wish.untilMs)}, by ${mention(by)}${because}`,
    "Nothing that changes it is planned or begun, from Slack or the command line. What has begun goes on.",
  ];
  return {
    text: notification(`Frozen: ${what}${reason === "" ? "" : `: ${reason}`}.`),
    blocks: [section(lines.join("\n")), context(`Lift it: ${code(`/handover unfreeze ${typedScope(scope)}`)}`)],
  };
}

/** To the person who asked, until the worker has written it. */
export function freezeRecordedMessage(wish: FreezeWish): ChatMessage {
  const what = scopeText(wish.scope);
  const said =
    wish.kind === "freeze"
      ? `Recorded: freeze ${what}. From now on nothing new begins there; a worker writes it into the cluster within seconds, and says so here.`
      : `Recorded: lift the freeze of ${what}. A worker takes it out of the cluster within seconds, and says so here.`;
  return { text: notification(said), blocks: [section(mrkdwn(said))] };
}

/** One freeze of a list, in a line. */
export function freezeLine(freeze: AnnouncedFreeze): string {
  const { scope, by, reason, untilMs } = freeze;
  return `❄️ ${boldScope(scope)} ${untilWords(untilMs)}, by ${mrkdwn(by)}: ${mrkdwn(reason)}`;
}

function untilWords(untilMs: FreezeWords["untilMs"]): string {
  return untilMs === null ? "until it is lifted" : `until ${dateAndTime(untilMs)}`;
}

function boldScope(scope: FreezeScope): string {
  if (isWholeCluster(scope)) return `all of cluster *${mrkdwn(scope.cluster)}*`;
  return `*${mrkdwn(scope.name)}* · namespace *${mrkdwn(scope.namespace)}* · cluster *${mrkdwn(scope.cluster)}*`;
}
