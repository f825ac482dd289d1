import { entry, list } from "./entry.ts";

/** The request itself. */
export const requestProblems = {
  request_unknown: entry<{ requestId: string }>(
    "refused",
    (d) => `There is no request ${d.requestId} any more. Your click changed nothing.`,
    () => "Type the command again for a new plan.",
  ),
  request_settled: entry<{ requestId: string; state: string; by: string }>(
    "refused",
    (d) => `Request ${d.requestId} is already settled: ${d.state}${d.by}. Your click changed nothing.`,
    () => "Type the command again for a new plan.",
  ),
  request_not_awaiting: entry<{ requestId: string; state: string }>(
    "refused",
    (d) => `Request ${d.requestId} is ${d.state}, so there is nothing to approve or deny. Your click changed nothing.`,
    () => "Its message says what happens now.",
  ),
  request_expired: entry<{ requestId: string; minutes: number; when?: string }>(
    "refused",
    (d) =>
      `Request ${d.requestId} expired${d.when ?? ""}: it was not settled, or not begun, within ${d.minutes} min, and no answer is no. Nothing was changed.`,
    () => "Type the command again for a new plan.",
  ),
  plan_replaced: entry<{ requestId: string }>(
    "refused",
    (d) => `That button belongs to another plan of request ${d.requestId}. Your click changed nothing.`,
    () => "Read the plan as it stands now, and click there.",
  ),
  message_replaced: entry<{ requestId: string }>(
    "refused",
    (d) => `That message is not the one of request ${d.requestId} any more. Your click changed nothing.`,
    () => "Use the newer message of this request.",
  ),
  plan_stale: entry<{ changes: readonly string[]; line: string | null }>(
    "refused",
    (d) => `The cluster is not as it was when the plan was approved: ${d.changes.join("; ")}. Nothing was changed.`,
    (d) => `${d.line === null ? "Ask again" : `Type it again (${d.line})`}: the new plan shows what is now.`,
  ),
  grant_used: entry<{ executionId: string }>(
    "refused",
    (d) => `This approval was used already, by execution ${d.executionId}. Nothing was changed.`,
    () => "Type the command again for a new plan.",
  ),
  grant_invalid: entry<{ why: string }>(
    "refused",
    (d) => `The approval cannot be trusted: ${d.why}. Nothing was changed.`,
    () =>
      "Type the command again. If it happens again, somebody writes to Redis who should not: see docs/threat-model.md.",
  ),
  acceptance_missing: entry<{ title: string; figures: readonly string[]; commandLine: string }>(
    "refused",
    (d) => `${d.title} Nobody has accepted that by name yet. ${d.figures.join(" ")} Nothing was changed.`,
    (d) => `To accept it, type: ${d.commandLine}`,
  ),
  modal_not_opened: entry<{ slackError: string; button: string }>(
    "refused",
    (d) => `Slack did not show you what ${d.button} asks for (${d.slackError}), so your click changed nothing.`,
    (d) => `Click ${d.button} once more.`,
  ),
  form_not_opened: entry<{ slackError: string }>(
    "refused",
    (d) => `Slack did not show the form (${d.slackError}), so nothing was asked for.`,
    () => "Try once more, or type the whole command: help lists them.",
  ),
  cancelled_before_start: entry<{ by: string }>(
    "refused",
    (d) => `${d.by} cancelled before the point of no return. Nothing was changed.`,
    () => "Nothing to do.",
  ),
  stopped_by_person: entry<{ by: string; done: string }>(
    "failed",
    (d) => `${d.done} Stopped there by ${d.by}; what was done stands.`,
    () => "To go on from there, type the same command, with the option named above where there is one.",
  ),
  stopped_in_step: entry<{ by: string; step: string }>(
    "failed",
    (d) => `Stopped by ${d.by} during “${d.step}”.`,
    () => "To go on, type the same command.",
  ),
  wish_too_late: entry<{ requestId: string }>(
    "refused",
    (d) =>
      `Request ${d.requestId} is past the last place where it could be stopped or paused: it is being finished, or undone. Your click changed nothing.`,
    () => "Its thread tells how it ends.",
  ),
  wish_repeated: entry<{ requestId: string; state: string }>(
    "refused",
    (d) => `Request ${d.requestId} is ${d.state} already. Your click changed nothing.`,
    () => "Its message shows where it stands.",
  ),
  wish_not_allowed: entry<{ people: readonly string[] }>(
    "refused",
    () =>
      "Only the person who asked, and those whom the policy names as approvers here, may stop, pause or resume it. Your click changed nothing.",
    (d) => `Ask one of them: ${list(d.people)}.`,
  ),
  request_not_running: entry<{ requestId: string; state: string }>(
    "refused",
    (d) =>
      `Request ${d.requestId} is ${d.state}, so there is nothing to stop, pause or resume. Your click changed nothing.`,
    () => "Its message says what happens now.",
  ),
  withdrawn_too_late: entry<{ requestId: string }>(
    "refused",
    (d) => `Request ${d.requestId} has begun, so it cannot be withdrawn any more. Your click changed nothing.`,
    () => "Its message has a button Cancel, or Stop, as long as that can help.",
  ),
  withdrawal_not_allowed: entry<{ requester: string }>(
    "refused",
    (d) =>
      `Only ${d.requester}, who asked for this, can withdraw it; once it is approved, those who may approve it can, too. Your click changed nothing.`,
    () => "An approver denies it with Deny.",
  ),
  denial_without_reason: entry<{ most: number }>(
    "refused",
    (d) => `A denial needs a reason of at most ${d.most} characters, for whoever asked. Nothing was denied yet.`,
    () => "Click Deny once more and say why, in a word.",
  ),
  request_followed: entry<{ requestId: string; followedBy: string }>(
    "refused",
    (d) => `Request ${d.followedBy} took the place of request ${d.requestId} already. Your click changed nothing.`,
    (d) => `Go on in the message of request ${d.followedBy}.`,
  ),
  request_not_followable: entry<{ requestId: string; state: string }>(
    "refused",
    (d) =>
      `Request ${d.requestId} is ${d.state}, so there is nothing to plan anew or to try again. Your click changed nothing.`,
    () => "Its message says what happens now.",
  ),
  time_over: entry<{ when: string }>(
    "refused",
    (d) => `Its time is over: it was to begin ${d.when}. Nothing was changed.`,
    () => "Type the command again with a new time, or without one to begin as soon as it is approved.",
  ),
  operation_unavailable: entry<{ operation: string; known: readonly string[] }>(
    "refused",
    (d) => `This worker does not know the operation ${d.operation}. Nothing was done.`,
    (d) => `Upgrade the worker to the edge's version. It knows: ${list(d.known)}.`,
  ),

  channel_closed: entry<{ requestId: string | null; slackError: string }>(
    "refused",
    (d) =>
      `Slack does not let Handover post in this channel (${d.slackError}), so nobody could see or approve the plan. ${d.requestId === null ? "Nothing was done." : `Request ${d.requestId} is withdrawn; nothing was changed.`}`,
    () => "Invite the app to this channel (/invite), or type the command in a channel where it is.",
  ),
  channel_shared: entry<{ channelId: string }>(
    "refused",
    () =>
      "People of another organisation read this channel, or are invited to, so no plan is shown in it. Nothing was done.",
    (d) =>
      `Type the command in a channel of your own; or have slack.sharedChannels in handover.yaml name this one (${d.channelId}).`,
  ),
  channel_unknown: entry<{ slackError: string }>(
    "refused",
    (d) =>
      `Slack did not say whether people of another organisation read this channel (${d.slackError}); no answer is no. Nothing was done.`,
    () => "Try again in a minute, or type the command in another channel.",
  ),
} as const;
