import type { AnnouncedFreeze } from "../../src/domain/freeze.ts";
import { operationWords } from "../../src/domain/operation-words.ts";
import { isPaused, type RequestRecord } from "../../src/domain/request.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { type Block, context, limits, longList, notification, section } from "./blocks.ts";
import { signs } from "./face.ts";
import { freezeLine } from "./freezes.ts";
import { clip, code, dateAndTime, mention, mrkdwn } from "./mrkdwn.ts";

/** How many requests a list shows. */
export const shownInLists = 15;
/** Longest that one line of a list may be, so that the list fits. */
const longestLine = 400;
/** How many freezes of a cluster are shown one by one. */
const shownFreezes = 10;

export interface ListedRequest {
  readonly record: RequestRecord;
  /** Where its message stands; null: not known. */
  readonly link: string | null;
}

/** A cluster as the edge knows it. */
export interface ClusterState {
  readonly name: string;
  readonly isAlive: boolean;
  readonly seenAgoMs: number | null;
  /** How many targets its workers announce. */
  readonly targets: number;
  readonly freezes: readonly AnnouncedFreeze[];
  readonly open: readonly RequestRecord[];
}

/** `about`: the target or cluster that was named; null: everything. */
export function historyMessage(about: string | null, requests: readonly ListedRequest[]): ChatMessage {
  const heading = about === null ? "The newest requests" : `The newest requests of ${about}`;
  const none = `Nothing was asked for in the last 30 days${about === null ? "" : ` of ${about}`}.`;
  return {
    text: notification(requests.length === 0 ? none : `${heading}: ${requests.length}`),
    blocks:
      requests.length === 0
        ? [section(mrkdwn(none))]
        : longList(
            mrkdwn(heading),
            requests.map(({ record, link }) => requestLine(record, link)),
          ),
  };
}

/** The answer to `/handover status`. */
export function statusMessage(clusters: readonly ClusterState[]): ChatMessage {
  const blocks = clusters.flatMap(clusterBlocks);
  const hint = `${code("/handover history [TARGET]")} what was done · ${code("/handover help")} what can be typed`;
  return {
    text: notification(clusters.map(({ name, isAlive }) => `${name}: ${isAlive ? "alive" : "away"}`).join(", ")),
    blocks: [...blocks.slice(0, limits.blocks - 1), context(hint)],
  };
}

function clusterBlocks(cluster: ClusterState): Block[] {
  const open = cluster.open.map((record) => requestLine(record, null));
  return [
    section(clusterLine(cluster)),
    ...(cluster.freezes.length === 0 ? [] : longList("Frozen", freezeLines(cluster.freezes))),
    ...(open.length === 0 ? [] : longList("Under way", open)),
  ];
}

/** Whether a cluster's worker lives, and what it sees. */
export function clusterLine({ name, isAlive, seenAgoMs, targets }: ClusterState): string {
  const bold = `*${mrkdwn(name)}*`;
  const seen = seenAgoMs === null ? "never seen" : `last seen ${agoText(seenAgoMs)}`;
  if (!isAlive) return `🔴 ${bold} · no worker alive, ${seen}: nothing can be asked of it from here`;
  return `🟢 ${bold} · worker alive, ${seen} · ${targets} ${targets === 1 ? "target" : "targets"}`;
}

/** As many freezes as can be shown, each in a line; the rest counted. */
export function freezeLines(freezes: readonly AnnouncedFreeze[]): string[] {
  const shown = freezes.slice(0, shownFreezes).map((freeze) => clip(freezeLine(freeze), longestLine));
  const more = freezes.length - shown.length;
  return more === 0 ? shown : [...shown, `… and ${more} more`];
}

/** One request of a list, in a line: how it stands, what it is, who asked, when, how it ended. */
export function requestLine(record: RequestRecord, link: string | null): string {
  const { name, namespace, cluster } = record.target;
  const what = `${operationWords(record.operation)} of ${name}`;
  const title =
    link === null ? `*${mrkdwn(clip(what, 120))}*` : `*<${link}|${mrkdwn(clip(what, 120)).replaceAll("|", "¦")}>*`;
  const words = isPaused(record) ? "paused" : record.state.replaceAll("_", " ");
  const where = mrkdwn(clip(`${namespace} · ${cluster}`, 120));
  const parts = [
    `${signs[record.state]} ${title}`,
    where,
    words,
    mention(record.requester),
    dateAndTime(record.createdAtMs),
  ];
  const ended = endText(record);
  const end = ended === "" ? "" : `\n      ${clip(mrkdwn(ended), 200)}`;
  return `${parts.join(" · ")}${end}`;
}

/** How it ended, in a sentence; of a refusal the first reason, because “Refused.” says nothing. */
function endText({ outcome, state }: RequestRecord): string {
  if (outcome === undefined) return "";
  return (state === "refused" ? outcome.problems[0]?.what : undefined) ?? outcome.summary;
}

function agoText(agoMs: number): string {
  const seconds = Math.round(agoMs / 1_000);
  if (seconds < 2) return "just now";
  if (seconds < 120) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}
