import { operationWords } from "../../src/domain/operation-words.ts";
import type { Plan } from "../../src/domain/plan.ts";
import { standingOf } from "../../src/domain/policy/standing.ts";
import {
  isPaused,
  isSettled,
  type RequestRecord,
  type RequestState,
  type StepProgress,
} from "../../src/domain/request.ts";
import { scheduleText } from "../../src/domain/schedule.ts";
import { approvalsOf, shownPlan } from "../../src/domain/transitions/reading.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { type Block, context, limits, longList, notification, section } from "./blocks.ts";
import { faceButtons } from "./buttons.ts";
import { linksOf, linkTexts } from "./links.ts";
import { clip, fromNow, mention, mrkdwn, timeOfDay, utcTime } from "./mrkdwn.ts";
import { problemText } from "./problems.ts";

export interface FaceOptions {
  /** The message was posted a second time, because Slack never confirmed the first. */
  readonly postedAgain: boolean;
  /** The same revision is drawn once more, at this time. */
  readonly redrawnAtMs?: number;
}

/** The one message that is a request's face, drawn from its record alone. */
export function faceMessage(record: RequestRecord, options: FaceOptions = { postedAgain: false }): ChatMessage {
  const links = linksOf(record);
  const head = [
    section(`${title(record)}\n${isHolding(record) ? "⏸️" : signs[record.state]} ${statusText(record)}`),
    context(askedText(record)),
    ...aroundBlocks(record),
  ];
  const tail = [
    ...faceButtons(record, links, options.redrawnAtMs === undefined ? "" : `-${options.redrawnAtMs}`),
    ...linkTexts(links),
    ...(options.postedAgain
      ? [context("Posted again, because Slack did not confirm the first message. Only this one counts.")]
      : []),
  ];
  const body = fitted(bodyOf(record), limits.blocks - head.length - tail.length);
  return { text: fallbackText(record), blocks: [...head, ...body, ...tail] };
}

/** What goes between head and buttons: how it ended or will go in full, and as much of what is now as fits beside it. */
interface Body {
  readonly first: readonly Block[];
  readonly now: readonly Block[];
  readonly last: readonly Block[];
}

/** The buttons always stay; what did not fit is said to be missing, so that nobody takes a part for the whole. */
function fitted({ first, now, last }: Body, most: number): readonly Block[] {
  const all = [...first, ...now, ...last];
  if (all.length <= most) return all;
  const missing = context("⚠️ There is more than one message can hold; it is not all shown here.");
  const room = Math.max(0, most - 1 - first.length - last.length);
  return [...first, ...now.slice(0, room), ...last].slice(0, most - 1).concat(missing);
}

/** Scope first: what, of which target, where. */
export function title(record: RequestRecord): string {
  const { cluster, namespace, name } = record.target;
  const what = operationWords(record.operation);
  return `*${mrkdwn(what)} of ${named(name)}* · namespace *${named(namespace)}* · cluster *${named(cluster)}*`;
}

/** No name leaves the state without room in the first block. */
function named(name: string): string {
  return clip(mrkdwn(name), 255);
}

/** How a state looks in a list. */
export const signs: Readonly<Record<RequestState, string>> = {
  planning: "🔎",
  awaiting_approval: "✋",
  approved: "👍",
  running: "⏳",
  unknown: "❓",
  refused: "🚫",
  denied: "🚫",
  withdrawn: "↩️",
  expired: "⌛",
  stale: "♻️",
  succeeded: "✅",
  failed: "❌",
  cancelled: "🛑",
};

function statusText(record: RequestRecord): string {
  switch (record.state) {
    case "planning":
      return "*Planning*: the worker looks at the cluster. Nothing is changed.";
    case "awaiting_approval":
      return `*Waiting for approval*: ${waitingText(record)}${expiryText(record)}`;
    case "approved":
      return record.schedule === undefined
        ? "*Approved*: about to start."
        : `*Approved*: begins ${mrkdwn(scheduleText(record.schedule))}`;
    case "running":
      return runningText(record);
    case "succeeded":
      if (record.dryRun === true) return "*Dry run*: this is what would be done. Nothing was changed.";
      return isAnswer(record) ? "*Answered*: nothing was changed." : "*Succeeded*";
    case "unknown":
      return "*Outcome unknown*: somebody has to look.";
    case "expired":
      return `*Expired*${record.expiresAtMs === null ? "" : ` at ${timeOfDay(record.expiresAtMs)}`}: not settled in time, and no answer is no. Nothing was changed.`;
    default:
      return `*${record.state[0]?.toUpperCase()}${record.state.slice(1)}*`;
  }
}

/** What was only asked about has an answer, and no outcome that would say more. */
function isAnswer(record: RequestRecord): boolean {
  return record.state === "succeeded" && record.execution === undefined;
}

/** Longest that it is told whose approvals are missing: the first line is what a phone shows. */
const longestMissing = 400;

/** `1 of 2 approvals · needs 1 of @dba-oncall` */
function waitingText(record: RequestRecord): string {
  const { given, needed, missingText } = standingOf(record.rule, approvalsOf(record));
  const needs = missingText === "" ? "" : ` · needs ${clip(mrkdwn(missingText), longestMissing)}`;
  return `${given} of ${needed} approvals${needs}`;
}

function expiryText(record: RequestRecord): string {
  return record.expiresAtMs === null ? "" : ` · expires ${fromNow(record.expiresAtMs)}`;
}

/** A wish is shown from the click on, and what it waits for. */
function runningText(record: RequestRecord): string {
  const { wish } = record;
  const progress = progressText(record);
  if (wish === undefined || wish.kind === "resume") return `*Running*: ${progress}`;
  const by = `by ${mention(wish.by)} at ${timeOfDay(wish.atMs)}`;
  if (wish.kind === "pause") return `*${isHolding(record) ? "Paused" : "Pausing"}* ${by}: ${progress}`;
  return `*${record.execution?.committed === true ? "Stopping" : "Cancelling"}*, wished ${by}: ${progress}`;
}

/** Whether it has come to where the pause holds it. */
function isHolding(record: RequestRecord): boolean {
  return isPaused(record) && record.execution?.steps.some((step) => step.state === "running") === false;
}

function progressText(record: RequestRecord): string {
  const steps = record.execution?.steps ?? [];
  const ended = steps.filter((step) => step.state !== "pending" && step.state !== "running").length;
  const current = steps.find((step) => step.state === "running");
  const count = `${ended} of ${steps.length} steps done`;
  return current === undefined ? count : `${count} · now: ${mrkdwn(current.title)}`;
}

function askedText(record: RequestRecord): string {
  const reason = record.reason === undefined ? "" : ` · reason: ${mrkdwn(record.reason)}`;
  return `Asked by ${mention(record.requester)} at ${timeOfDay(record.createdAtMs)} · request ${mrkdwn(record.id)}${reason}`;
}

/** When it is to begin, and which requests came before and after it. */
function aroundBlocks({ schedule, state, follows, followedBy }: RequestRecord): readonly Block[] {
  const isAhead = state === "planning" || state === "awaiting_approval";
  const before = follows?.kind === "retry" ? "Tries request" : "Plans request";
  return [
    ...(schedule !== undefined && isAhead ? [section(`🕑 To begin *${mrkdwn(scheduleText(schedule))}*`)] : []),
    ...(follows === undefined
      ? []
      : [context(`${before} ${mrkdwn(follows.requestId)} ${follows.kind === "retry" ? "again" : "anew"}.`)]),
    ...(followedBy === undefined ? [] : [context(`➡️ Request ${mrkdwn(followedBy)} took its place.`)]),
  ];
}

function bodyOf(record: RequestRecord): Body {
  const plan = shownPlan(record);
  const { execution } = record;
  const isPlanShown = execution === undefined && plan !== null;
  const isPlanWanted = isPlanShown && (!isSettled(record) || record.dryRun === true);
  return {
    // How it ended comes first: of a long message a phone shows the first lines.
    first: outcomeBlocks(record),
    now: isPlanShown ? longList("Now", plan.now.map(mrkdwn)) : [],
    last: [
      ...(isPlanWanted ? planBlocks(plan) : []),
      ...(execution === undefined ? [] : longList("Steps", execution.steps.map(stepLine))),
      ...approvalsBlock(record),
    ],
  };
}

function planBlocks({ steps, cost, warnings, acceptance, bounds }: Plan): readonly Block[] {
  const accepted = acceptance?.given
    ? `Accepted with --${acceptance.flag}`
    : "To be accepted by name with the approval";
  const numbered = steps.map((step, index) => `${index + 1}. ${mrkdwn(step.title)}`);
  const figures = acceptance === undefined ? [] : [acceptance.title, ...acceptance.figures];
  return [
    ...longList("Steps", numbered),
    ...(cost === "" ? [] : [section(`*Cost*\n${mrkdwn(cost)}`)]),
    ...longList(
      "Warnings",
      warnings.map((warning) => `⚠️ ${mrkdwn(warning.text)}`),
    ),
    ...longList(mrkdwn(accepted), figures.map(mrkdwn)),
    ...(bounds.length === 0
      ? []
      : [context(`Looked at again just before the switch: ${bounds.map(mrkdwn).join(" · ")}`)]),
  ];
}

function stepLine(step: StepProgress): string {
  const marks = { pending: "▫️", running: "⏳", done: "✅", failed: "❌", undone: "↩️", skipped: "⏭️" } as const;
  return `${marks[step.state]} ${mrkdwn(step.title)}${step.note === undefined ? "" : ` — ${mrkdwn(step.note)}`}`;
}

function approvalsBlock(record: RequestRecord): readonly Block[] {
  const people = approvalsOf(record).map(({ approver, atMs }) => `${mention(approver)} at ${timeOfDay(atMs)}`);
  return people.length === 0 ? [] : [context(`Approved by ${people.join(", ")}`)];
}

/** As many problems as fit beside the rest; the thread tells them all. */
const problemsShown = 10;

function outcomeBlocks(record: RequestRecord): readonly Block[] {
  const { outcome } = record;
  if (outcome === undefined || isAnswer(record)) return [];
  const stopped = outcome.writesStoppedMs === null ? "" : `\nWrites stopped for ${duration(outcome.writesStoppedMs)}.`;
  // “Refused.” is what the first line says already.
  const saysMore = outcome.summary.toLowerCase() !== `${record.state}.` || stopped !== "";
  return [
    ...(saysMore ? [section(`${mrkdwn(outcome.summary)}${stopped}`)] : []),
    ...outcome.problems.slice(0, problemsShown).map((problem) => section(problemText(problem, outcome.summary))),
  ];
}

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** For notifications, watches and screen readers, the most important first: no formatting, no mention. */
function fallbackText(record: RequestRecord): string {
  const { namespace, cluster, name } = record.target;
  const what = `${operationWords(record.operation)} of ${name} (${cluster}/${namespace})`;
  if (record.state === "awaiting_approval") return notification(`Approve? ${what}: ${askingText(record)}`);
  const words = isPaused(record) ? "paused" : record.state.replace("_", " ");
  const summary = record.outcome === undefined ? "" : ` ${record.outcome.summary}`;
  return notification(`${what}: ${words}.${summary}`);
}

function askingText(record: RequestRecord): string {
  const { given, needed } = standingOf(record.rule, approvalsOf(record));
  const expiry = record.expiresAtMs === null ? "" : `, expires ${utcTime(record.expiresAtMs)}`;
  return `${given} of ${needed} approvals${expiry}. ${shownPlan(record)?.cost ?? ""}`.trim();
}
