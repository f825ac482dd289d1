import type { Plan } from "../../src/domain/plan.ts";
import {
  isPaused,
  isSettled,
  type RequestRecord,
  type RequestState,
  type StepProgress,
} from "../../src/domain/request.ts";
import { scheduleText } from "../../src/domain/schedule.ts";
import { runbookFor, targetText } from "../../src/domain/target.ts";
import { approvalsOf, shownPlan } from "../../src/domain/transitions/reading.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { type Block, context, limits, longList, notification, section } from "./blocks.ts";
import { faceButtons, isLinkable } from "./buttons.ts";
import { mention, mrkdwn, timeOfDay, utcTime } from "./mrkdwn.ts";
import { problemText } from "./problems.ts";

export interface FaceOptions {
  /** The message was posted a second time, because Slack never confirmed the first. */
  readonly postedAgain: boolean;
}

/** The one message that is a request's face, drawn from its record alone. */
export function faceMessage(record: RequestRecord, options: FaceOptions = { postedAgain: false }): ChatMessage {
  const runbook = runbookFor(record.target, record.operation);
  const blocks: Block[] = [
    section(`${title(record)}\n${isHolding(record) ? "⏸️" : signs[record.state]} ${statusText(record)}`),
    context(askedText(record)),
    ...aroundBlocks(record),
    ...bodyOf(record),
    ...faceButtons(record, runbook),
    ...(runbook !== null && !isLinkable(runbook) ? [context(`Runbook: ${mrkdwn(runbook)}`)] : []),
    ...(options.postedAgain
      ? [context("Posted again, because Slack did not confirm the first message. Only this one counts.")]
      : []),
  ];
  return { text: fallbackText(record), blocks: blocks.slice(0, limits.blocks) };
}

/** Scope first: what, of which target, where. */
export function title(record: RequestRecord): string {
  const { cluster, namespace, name } = record.target;
  const what = record.operation.replace(".", " ");
  return `*${mrkdwn(what)} of ${mrkdwn(name)}* · namespace *${mrkdwn(namespace)}* · cluster *${mrkdwn(cluster)}*`;
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
  const { approvals } = record.rule;
  switch (record.state) {
    case "planning":
      return "*Planning*: the worker looks at the cluster. Nothing is changed.";
    case "awaiting_approval":
      return `*Waiting for approval*: ${record.approvals.length} of ${approvals} approvals${expiryText(record)}`;
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

function expiryText(record: RequestRecord): string {
  return record.expiresAtMs === null ? "" : ` · expires ${timeOfDay(record.expiresAtMs)}`;
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

function bodyOf(record: RequestRecord): readonly Block[] {
  const plan = shownPlan(record);
  // How it ended comes first: of a long message a phone shows the first lines.
  const blocks: (Block | null)[] = [...outcomeBlocks(record)];
  if (record.execution === undefined && plan !== null) {
    blocks.push(...longList("Now", plan.now.map(mrkdwn)));
    if (!isSettled(record) || record.dryRun === true) blocks.push(...planBlocks(plan));
  }
  if (record.execution !== undefined) blocks.push(list("Steps", record.execution.steps.map(stepLine)));
  blocks.push(approvalsBlock(record));
  return blocks.filter((block) => block !== null);
}

function planBlocks(plan: Plan): readonly (Block | null)[] {
  return [
    list(
      "Steps",
      plan.steps.map((step, index) => `${index + 1}. ${mrkdwn(step.title)}`),
    ),
    plan.cost === "" ? null : section(`*Cost*\n${mrkdwn(plan.cost)}`),
    list(
      "Warnings",
      plan.warnings.map((warning) => `⚠️ ${mrkdwn(warning.text)}`),
    ),
    plan.acceptance === undefined
      ? null
      : list(
          plan.acceptance.given
            ? `Accepted with --${plan.acceptance.flag}`
            : "To be accepted by name with the approval",
          [plan.acceptance.title, ...plan.acceptance.figures].map(mrkdwn),
        ),
    plan.bounds.length === 0
      ? null
      : context(`Looked at again just before the switch: ${plan.bounds.map(mrkdwn).join(" · ")}`),
  ];
}

function stepLine(step: StepProgress): string {
  const marks = { pending: "▫️", running: "⏳", done: "✅", failed: "❌", undone: "↩️", skipped: "⏭️" } as const;
  return `${marks[step.state]} ${mrkdwn(step.title)}${step.note === undefined ? "" : ` — ${mrkdwn(step.note)}`}`;
}

function approvalsBlock(record: RequestRecord): Block | null {
  const people = approvalsOf(record).map(({ approver, atMs }) => `${mention(approver)} at ${timeOfDay(atMs)}`);
  return people.length === 0 ? null : context(`Approved by ${people.join(", ")}`);
}

/** As many problems as fit beside the rest; the thread tells them all. */
const problemsShown = 10;

function outcomeBlocks(record: RequestRecord): readonly Block[] {
  const { outcome } = record;
  if (outcome === undefined || isAnswer(record)) return [];
  const stopped = outcome.writesStoppedMs === null ? "" : `\nWrites stopped for ${duration(outcome.writesStoppedMs)}.`;
  return [
    section(`${mrkdwn(outcome.summary)}${stopped}`),
    ...outcome.problems.slice(0, problemsShown).map((problem) => section(problemText(problem, outcome.summary))),
  ];
}

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function list(heading: string, lines: readonly string[]): Block | null {
  return lines.length === 0 ? null : section(`*${heading}*\n${lines.join("\n")}`);
}

/** For notifications and screen readers: no formatting, no mention. */
function fallbackText(record: RequestRecord): string {
  const what = `${record.operation.replace(".", " ")} of ${targetText(record.target)}`;
  const expiry =
    record.state === "awaiting_approval" && record.expiresAtMs !== null
      ? ` (expires ${utcTime(record.expiresAtMs)})`
      : "";
  const words = isPaused(record) ? "paused" : record.state.replace("_", " ");
  const summary = record.outcome === undefined ? "" : ` ${record.outcome.summary}`;
  return notification(`${what}: ${words}${expiry}.${summary}`);
}
