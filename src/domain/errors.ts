/**
 * The one table of everything that can go wrong. Each entry says what happened and in what state things are (`what`),
 * and what a person does next (`next`). `docs/errors.md` names every code; a test holds that.
 */

import { emptyPrimaryAdvice } from "./empty-primary-advice.ts";
import { nearestWord } from "./nearest-word.ts";

/** How a problem ends for the one who asked; the command line turns it into its exit code. */
export type ProblemKind = "usage" | "refused" | "failed" | "unknown" | "locked" | "frozen";

interface Entry<Details> {
  readonly kind: ProblemKind;
  readonly what: (details: Details) => string;
  readonly next: (details: Details) => string;
}

function entry<Details>(
  kind: ProblemKind,
  what: (details: Details) => string,
  next: (details: Details) => string,
): Entry<Details> {
  return { kind, what, next };
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const list = (items: readonly string[]) => (items.length === 0 ? "none" : items.join(", "));

/** For a slip of the fingers; names of targets are compared whole and without their namespace. */
function didYouMean(given: string, known: readonly string[]): string {
  const names = known.flatMap((name) => [name, name.slice(name.lastIndexOf("/") + 1)]);
  const nearest = nearestWord(given, names);
  return nearest === null ? "" : `Did you mean ${nearest}? `;
}

/** What can be wrong with TLS to a server (`TlsTrouble` of the port). */
type TlsTroubleCode = "untrusted" | "expired" | "name" | "unsupported" | "required" | "failed";

const tlsAdvice: Readonly<Record<TlsTroubleCode, string>> = {
  untrusted:
    "Name the CA that signed it: the annotation handover.dev/tls-ca on the StatefulSet, or --tls-ca FILE on the command line.",
  expired: "Renew the server's certificate, and compare the clocks.",
  name: "Have the certificate made for one of these names, or say which it has: the annotation handover.dev/tls-server-name, or --tls-server-name NAME on the command line.",
  unsupported:
    "Give the server tls_cert and tls_key under listener, or connect without TLS: the annotation handover.dev/tls=off, and no --tls option.",
  required:
    "Turn TLS on: the annotation handover.dev/tls=required (with handover.dev/tls-ca), or --tls-ca FILE on the command line.",
  failed: "Look at the server's log; docs/connecting.md says what Handover expects.",
};

/** Scope is opt-in: what somebody types once for each workload. */
function optInLine(namespace: string, workload: string, engine: string, overwrite = false): string {
  return `kubectl annotate statefulset ${workload} -n ${namespace} handover.dev/engine=${engine}${overwrite ? " --overwrite" : ""}`;
}

/** For a name that nobody announces: the same, as far as the name tells. */
function optInAdvice(given: string): string {
  const [workload = "NAME", namespace = "NAMESPACE"] = given.split("/").reverse();
  const isName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(workload);
  return `A StatefulSet becomes a target by an annotation, in a namespace that the worker watches: ${optInLine(namespace, isName ? workload : "NAME", "dolt")}`;
}

export const problemTable = {
  // What a person typed.
  command_unknown: entry<{ given: string; known: readonly string[]; nearest: string | null }>(
    "usage",
    (d) => `There is no operation “${d.given}”. Nothing was done.`,
    (d) => (d.nearest === null ? `Known operations: ${list(d.known)}.` : `Did you mean: ${d.nearest}`),
  ),
  flag_unknown: entry<{ given: string; known: readonly string[]; nearest: string | null }>(
    "usage",
    (d) => `There is no option “${d.given}”. Nothing was done.`,
    (d) => (d.nearest === null ? `Known options: ${list(d.known)}.` : `Did you mean: ${d.nearest}`),
  ),
  flag_value: entry<{ flag: string; given: string; expected: string }>(
    "usage",
    (d) => `${d.flag} cannot be “${d.given}”. Nothing was done.`,
    (d) => `${d.flag} takes ${d.expected}.`,
  ),
  flags_exclude: entry<{ one: string; other: string; why: string }>(
    "usage",
    (d) => `${d.one} and ${d.other} exclude each other: ${d.why}. Nothing was done.`,
    (d) => `Give ${d.one} or ${d.other}.`,
  ),
  flag_repeated: entry<{ flag: string }>(
    "usage",
    (d) => `${d.flag} was given twice. Nothing was done.`,
    (d) => `Give ${d.flag} once.`,
  ),
  target_missing: entry<{ usage: string }>(
    "usage",
    () => "No target was named. Nothing was done.",
    (d) => `Type: ${d.usage}`,
  ),
  words_left_over: entry<{ words: string; usage: string }>(
    "usage",
    (d) => `“${d.words}” is not understood here. Nothing was done.`,
    (d) => `Type: ${d.usage}`,
  ),
  quote_open: entry<{ usage: string }>(
    "usage",
    () => "A quotation mark is never closed. Nothing was done.",
    (d) => `Type: ${d.usage}`,
  ),
  target_unknown: entry<{ given: string; known: readonly string[] }>(
    "usage",
    (d) => `There is no target “${d.given}” here. Nothing was done.`,
    (d) =>
      `${didYouMean(d.given, d.known)}${d.known.length === 0 ? "" : `Known targets: ${list(d.known)}. `}${optInAdvice(d.given)}`,
  ),
  target_not_opted_in: entry<{ namespace: string; workload: string; engine: string; given: string | null }>(
    "refused",
    (d) =>
      `The StatefulSet ${d.namespace}/${d.workload} is there, and ${d.given === null ? "nobody has said yet that Handover may touch it" : `its annotation handover.dev/engine says “${d.given}”, which is no engine`}. Nothing was done.`,
    (d) =>
      `Say so once, then type the command again: ${optInLine(d.namespace, d.workload, d.engine, d.given !== null)}`,
  ),
  target_not_annotated: entry<{ workload: string; target: string }>(
    "refused",
    (d) => `The workload ${d.workload} is not annotated as the target ${d.target} (any more). Nothing was changed.`,
    (d) => {
      const [namespace = "NAMESPACE", workload = "NAME"] = d.workload.split("/");
      return `Handover touches only workloads that are annotated: ${optInLine(namespace, workload, "dolt")} handover.dev/name=${d.target}`;
    },
  ),
  target_ambiguous: entry<{ given: string; candidates: readonly string[] }>(
    "usage",
    (d) => `“${d.given}” names several targets: ${list(d.candidates)}. Nothing was done.`,
    (d) => `Write one of them in full: ${list(d.candidates)}.`,
  ),
  reason_missing: entry<{ usage: string }>(
    "usage",
    () => "A reason is required, because this changes something and is kept on record. Nothing was done.",
    (d) => `Type: ${d.usage} --reason "why"`,
  ),
  confirmation_missing: entry<{ usage: string }>(
    "usage",
    () => "The plan was not confirmed. Nothing was done.",
    (d) => `Type the command in a terminal and answer yes, or add --yes: ${d.usage} --yes`,
  ),
  configuration_invalid: entry<{ file: string; issues: readonly string[] }>(
    "usage",
    (d) => `${d.file} is not a valid configuration: ${d.issues.join("; ")}. Nothing was started.`,
    () => "Correct the lines named; docs/configuration.md lists every key.",
  ),

  // Who may do what.
  requester_not_allowed: entry<{ operation: string; target: string }>(
    "refused",
    (d) => `The policy does not let you ask for ${d.operation} on ${d.target}. Nothing was done.`,
    () => "Ask somebody whom the policy names as a requester, or have the policy in handover.yaml changed.",
  ),
  approver_is_requester: entry<Record<never, never>>(
    "refused",
    () => "You asked for this, so you cannot approve it. Your click changed nothing.",
    () => "Another person whom the policy names as an approver has to click Approve.",
  ),
  approver_not_allowed: entry<{ approvers: readonly string[] }>(
    "refused",
    () => "The policy does not name you as an approver here. Your click changed nothing.",
    (d) => `Approvers: ${list(d.approvers)}.`,
  ),
  approver_twice: entry<Record<never, never>>(
    "refused",
    () => "You have approved this already; one person counts once. Your click changed nothing.",
    () => "Another approver has to click Approve.",
  ),
  approver_no_longer_stands: entry<{ approver: string; why: string }>(
    "refused",
    (d) => `The approval of ${d.approver} does not stand any more: ${d.why}. Nothing was changed.`,
    () => "Ask for a new plan and have it approved by somebody who may.",
  ),
  person_not_trusted: entry<{ why: string }>(
    "refused",
    (d) => `This account cannot use Handover: ${d.why}. Nothing was done.`,
    () => "Use a full account of this workspace; docs/threat-model.md says why others are refused.",
  ),
  people_lookup_failed: entry<{ person: string; why: string }>(
    "refused",
    (d) => `Slack did not say whether ${d.person} may still approve (${d.why}); no answer is no. Nothing was changed.`,
    () => "Try again when Slack answers, or use the command line named in the runbook.",
  ),

  // The request itself.
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
  request_expired: entry<{ requestId: string; minutes: number }>(
    "refused",
    (d) =>
      `Request ${d.requestId} expired: it was not settled, or not begun, within ${d.minutes} min, and no answer is no. Nothing was changed.`,
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
  plan_stale: entry<{ changes: readonly string[] }>(
    "refused",
    (d) => `The cluster is not as it was when the plan was approved: ${d.changes.join("; ")}. Nothing was changed.`,
    () => "Type the command again: the new plan shows what is now.",
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
  modal_not_opened: entry<{ slackError: string }>(
    "refused",
    (d) => `Slack did not show you what you have to accept (${d.slackError}), so nothing was approved.`,
    () => "Click Approve once more.",
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
  operation_unavailable: entry<{ operation: string; known: readonly string[] }>(
    "refused",
    (d) => `This worker does not know the operation ${d.operation}. Nothing was done.`,
    (d) => `Upgrade the worker to the edge's version. It knows: ${list(d.known)}.`,
  ),

  channel_closed: entry<{ requestId: string; slackError: string }>(
    "refused",
    (d) =>
      `Slack does not let Handover post in this channel (${d.slackError}), so nobody could see or approve the plan. Request ${d.requestId} is withdrawn; nothing was changed.`,
    () => "Invite the app to this channel (/invite), or type the command in a channel where it is.",
  ),

  // The surroundings.
  worker_away: entry<{ cluster: string; lastSeen: string; commandLine: string; runbook: string | null }>(
    "refused",
    (d) => `No worker of cluster ${d.cluster} is alive (last seen: ${d.lastSeen}), so nothing was asked of it.`,
    (d) => `Without it: ${d.commandLine}${d.runbook === null ? "" : ` · runbook: ${d.runbook}`}`,
  ),
  redis_away: entry<{ why: string }>(
    "refused",
    (d) =>
      `Handover cannot reach its Redis (${d.why}). Whether this was recorded is not known; nothing runs without its record.`,
    () => "Look at the request's message before trying again; `npx handover` works without Redis.",
  ),
  redis_unfit: entry<{ reasons: readonly string[] }>(
    "refused",
    (d) => `This Redis cannot keep Handover's records: ${d.reasons.join("; ")}. Nothing was started.`,
    () =>
      "Set maxmemory-policy noeviction and appendonly yes on Redis 6.2 or newer. Where the service has replicas instead of an append-only file, state redis.durability: replicated in handover.yaml.",
  ),
  record_unreadable: entry<{ key: string; why: string }>(
    "failed",
    (d) => `What Redis holds at ${d.key} cannot be read (${d.why}), so nothing was done with it.`,
    () =>
      "Another version of Handover wrote it, or somebody changed it by hand: run edge and workers of one version, and see docs/threat-model.md.",
  ),
  kubernetes_away: entry<{ doing: string; why: string }>(
    "failed",
    (d) => `The Kubernetes API did not answer while ${d.doing}: ${d.why}.`,
    () => "Look whether the API server is healthy, then try again.",
  ),
  kubernetes_refused: entry<{ doing: string; why: string }>(
    "failed",
    (d) => `The Kubernetes API refused ${d.doing}: ${d.why}.`,
    () => "Compare the worker's Role with the chart's (deploy/), which names each rule it needs.",
  ),
  target_locked: entry<{ target: string; holder: string; executionId: string }>(
    "locked",
    (d) => `${d.target} is locked by ${d.holder} (execution ${d.executionId}). Nothing was changed.`,
    () => "Wait until it ends: `kubectl get lease` shows the holder; its thread shows the progress.",
  ),
  target_frozen: entry<{ target: string; by: string; reason: string; until: string }>(
    "frozen",
    (d) => `${d.target} is frozen by ${d.by} until ${d.until}: ${d.reason}. Nothing was changed.`,
    () => "Wait, or have the freeze lifted (annotation handover.dev/freeze).",
  ),
  lease_lost: entry<{ target: string; holder: string; state: string }>(
    "unknown",
    (d) => `The lease of ${d.target} went to ${d.holder} in the middle of this execution. ${d.state}`,
    () => "The new holder finishes or undoes it from the cluster's own record; look at the target's status.",
  ),
  execution_unfinished: entry<{ target: string; holder: string; executionId: string; commandLine: string }>(
    "unknown",
    (d) => `Execution ${d.executionId} on ${d.target} was begun by ${d.holder} and never ended.`,
    (d) => `Finish it: ${d.commandLine}`,
  ),
  execution_lost: entry<{ target: string; executionId: string }>(
    "unknown",
    (d) =>
      `The cluster holds no record of execution ${d.executionId} on ${d.target} any more: somebody deleted its lease. What it did is not known.`,
    () =>
      "Look at the target's status: which server is primary, and whether its pod alone carries the primary's label.",
  ),
  step_timed_out: entry<{ step: string; seconds: number; state: string }>(
    "failed",
    (d) => `“${d.step}” did not end within ${d.seconds} s. ${d.state}`,
    () => "Look at the target's status before trying again.",
  ),
  unexpected: entry<{ doing: string; why: string }>(
    "failed",
    (d) => `Something unexpected happened while ${d.doing}: ${d.why}.`,
    () => "This is a defect of Handover: report it with the lines of the log around it.",
  ),

  // Dolt.
  dolt_no_primary: entry<{ roles: readonly string[] }>(
    "refused",
    (d) => `No server is primary: ${list(d.roles)}. Nothing was changed.`,
    () =>
      "A planned failover needs a working primary. If it is gone and does not come back, the operation promote makes a standby primary, and says what that loses.",
  ),
  dolt_many_primaries: entry<{ roles: readonly string[] }>(
    "refused",
    (d) => `More than one server says it is primary: ${list(d.roles)}. Nothing was changed.`,
    () =>
      "Stop writes now: the servers will overwrite one another. The operation repair shows what each holds, saves one side and makes the other primary.",
  ),
  dolt_broken_config: entry<{ pods: readonly string[] }>(
    "refused",
    (d) => `${list(d.pods)} say detected_broken_config: two primaries met at one epoch. Nothing was changed.`,
    () => "The operation repair shows what each server holds, and makes the one you choose primary.",
  ),
  dolt_other_primary_possible: entry<{ pods: readonly string[] }>(
    "refused",
    (d) =>
      `${list(d.pods)} do not answer, and no container of theirs was seen ended: one of them could be a primary, and silence is no proof. Nothing was changed.`,
    () => "Find out why they are silent. Try again when each of them answers, or its container was seen ended.",
  ),
  dolt_epochs_apart: entry<{ epochs: readonly string[] }>(
    "refused",
    (d) => `A server is at a higher epoch than the primary: ${list(d.epochs)}. Nothing was changed.`,
    () =>
      "A newer primary has been. The operation repair shows what each server holds, and makes the one you choose primary.",
  ),
  dolt_primary_not_expected: entry<{ expected: string; primary: string }>(
    "refused",
    (d) => `The primary is ${d.primary}, not ${d.expected} as you expected. Nothing was changed.`,
    () => "Look at the status and ask again.",
  ),
  dolt_no_candidate: entry<{ rejected: readonly string[] }>(
    "refused",
    (d) => `No standby can take over: ${d.rejected.join("; ")}. Nothing was changed.`,
    () =>
      "Mend one of them first; each reason says what is wrong with it. All servers at once: /dolt status, or npx handover dolt status.",
  ),
  dolt_candidate_unknown: entry<{ given: string; pods: readonly string[] }>(
    "usage",
    (d) => `${d.given} is not a pod of this target. Nothing was changed.`,
    (d) => `Pods: ${list(d.pods)}.`,
  ),
  dolt_candidate_is_primary: entry<{ pod: string }>(
    "refused",
    (d) => `${d.pod} is the primary already. Nothing was changed.`,
    () => "Nothing to do.",
  ),
  dolt_too_few_standbys: entry<{
    wanted: string;
    possible: number;
    reasons: readonly string[];
    commandLine: string | null;
  }>(
    "refused",
    (d) =>
      `${d.wanted} standbys must be caught up, and only ${d.possible} can be. ${d.reasons.join("; ")}. A demotion now would stop writes for 10 s and fail. Nothing was changed.`,
    (d) =>
      d.commandLine === null
        ? "Mend what is named."
        : `Mend what is named, or ask with a lower bound: ${d.commandLine}`,
  ),
  dolt_too_old: entry<{ pod: string; version: string }>(
    "refused",
    (d) =>
      `${d.pod} runs Dolt ${d.version}, which has no dolt_cluster_transition_to_standby: nothing could tell who caught up. Nothing was changed.`,
    () => "Upgrade Dolt to 1.6.0 or newer.",
  ),
  dolt_bound_too_high: entry<{ wanted: number; standbys: number; commandLine: string }>(
    "refused",
    (d) =>
      `${d.wanted} standbys must be caught up, and this target has only ${d.standbys}, so that can never be. Nothing was changed.`,
    (d) => `Ask with a lower bound: ${d.commandLine}`,
  ),
  dolt_no_databases: entry<{ pod: string; others: readonly string[] }>(
    "refused",
    (d) =>
      `The primary ${d.pod} holds no database, and ${list(d.others)} do not say what they hold: its volume may be empty. Nothing was changed.`,
    (d) =>
      `If ${d.pod} should hold data, stop it before a client connects. Else ask again when every server of the target answers.`,
  ),
  dolt_primary_lacks: entry<{ namespace: string; pod: string; missing: readonly string[] }>(
    "refused",
    (d) =>
      `The primary ${d.pod} lacks what its standbys hold: ${list(d.missing)}. Its volume may be empty, and it will empty the standbys too. Nothing was changed.`,
    (d) => sentence(emptyPrimaryAdvice(d.namespace, d.pod)),
  ),
  dolt_labels_undecided: entry<{ contradiction: string; advice: string }>(
    "refused",
    (d) => `Which pod is to carry which label cannot be told: ${d.contradiction}. Nothing was changed.`,
    (d) => `First ${d.advice}.`,
  ),
  dolt_credentials: entry<{ pod: string; why: string }>(
    "refused",
    (d) => `${d.pod} answers, but refuses Handover's login: ${d.why}. Nothing was changed.`,
    () =>
      "Correct it there. A login comes from --username and --password-file, the Secret that handover.dev/credentials-secret names, DOLT_USERNAME and DOLT_PASSWORD, in this order.",
  ),
  dolt_tls: entry<{ pods: readonly string[]; first: string; why: string; trouble: TlsTroubleCode }>(
    "refused",
    (d) =>
      `No connection to ${list(d.pods)} can be trusted or made. ${d.first} is there, but ${d.why}. Nothing was changed.`,
    (d) => tlsAdvice[d.trouble],
  ),
  dolt_access_invalid: entry<{ where: string; why: string }>(
    "refused",
    (d) => `What is set about connecting makes no sense: ${d.where}: ${d.why}. Nothing was changed.`,
    () => "Correct it; docs/connecting.md lists what can be set, and which place wins.",
  ),
  dolt_rollout_running: entry<{ namespace: string; workload: string }>(
    "refused",
    (d) =>
      `The StatefulSet ${d.workload} is being rolled out: its controller may still delete the pod that becomes primary. Nothing was changed.`,
    (d) =>
      `Wait until it has ended (kubectl -n ${d.namespace} rollout status statefulset ${d.workload}), or take the controller's hands off (updateStrategy OnDelete), and ask again.`,
  ),
  dolt_out_of_bounds: entry<{ what: string }>(
    "failed",
    (d) => `Just before the switch the cluster was outside the plan's bounds: ${d.what}. Nothing was changed.`,
    () => "Look at the target's status, mend what it names or wait until it has passed, then type the command again.",
  ),
  dolt_demotion_refused: entry<{ pod: string; why: string }>(
    "failed",
    (d) => `${d.pod} could not be demoted and is primary as before: ${d.why}. Its connections were cut once.`,
    () => "Find the standby that does not keep up, then try again.",
  ),
  dolt_not_caught_up: entry<{ pod: string; missing: readonly string[] }>(
    "failed",
    (d) => `${d.pod} had not caught up (${list(d.missing)}), so it was not promoted.`,
    () => "Find out why this standby is behind, then try again.",
  ),
  dolt_undone: entry<{ pod: string; epoch: number; why: string }>(
    "failed",
    (d) => `The failover was undone: ${d.pod} is primary again, at epoch ${d.epoch}. Why: ${d.why}`,
    () => "No write was lost. Mend what is named, then try again.",
  ),
  dolt_outcome_unknown: entry<{ state: string; todo: string }>(
    "unknown",
    (d) => `Whether this ended well is not known: ${d.state}`,
    (d) => d.todo,
  ),
  dolt_silent: entry<{ pod: string; doing: string; why: string }>(
    "failed",
    (d) => `${d.pod} did not answer while ${d.doing}: ${d.why}.`,
    () => "Look at the target's status.",
  ),
  dolt_not_promoted: entry<{ pod: string; why: string }>(
    "failed",
    (d) => `${d.pod} was not promoted: ${d.why}.`,
    () => "Look at the target's status, mend what is named, then try again.",
  ),
  dolt_primary_answers: entry<{ pod: string; epoch: number; commandLine: string }>(
    "refused",
    (d) => `${d.pod} answers and is primary at epoch ${d.epoch}, so no write has to be lost. Nothing was changed.`,
    (d) => `Hand over while it lives: ${d.commandLine}`,
  ),
  dolt_primary_lives: entry<{ reached: readonly string[]; silent: readonly string[]; commandLine: string }>(
    "refused",
    (d) =>
      `A primary lives: it reached ${list(d.reached)} just now, though Handover gets no answer from ${list(d.silent)}. Nothing was changed.`,
    (d) =>
      `A second primary would cost the writes of one of them. If it only comes and goes, keep its pod from starting, and promote then. Otherwise find out why Handover cannot reach it (network, address, login), and hand over: ${d.commandLine}`,
  ),
  dolt_nobody_answers: entry<{ roles: readonly string[] }>(
    "refused",
    (d) => `No server of this target answers, so none can be made primary: ${d.roles.join("; ")}. Nothing was changed.`,
    () => "Bring one of them back first; each reason says what is wrong with it.",
  ),
  dolt_newest_unclear: entry<{ why: readonly string[]; commandLines: readonly string[] }>(
    "refused",
    (d) => `Which standby holds the newest data cannot be told: ${d.why.join("; ")}. Nothing was changed.`,
    (d) => `Decide by what each of them holds, and type one of: ${d.commandLines.join(" · ")}`,
  ),
  dolt_promotion_undone: entry<{ pod: string; state: string; why: string }>(
    "failed",
    (d) => `${d.pod} was not promoted, and no other was. ${d.state} Why: ${d.why}`,
    () => "Nothing was lost by it. Mend what is named, then try again.",
  ),
  dolt_pod_missing: entry<{ pod: string; doing: string }>(
    "failed",
    (d) => `The pod ${d.pod} is missing, or is another one than before, while ${d.doing}.`,
    () => "Look at the target's status.",
  ),

  // The rolling restart.
  dolt_controller_restarts: entry<{ workload: string; partition: number; commandLine: string }>(
    "refused",
    (d) =>
      `The StatefulSet ${d.workload} is set to RollingUpdate from place ${d.partition} on: its controller may delete pods by itself, a primary that was not demoted among them. Nothing was changed.`,
    (d) => `Take its hands off, then ask again: ${d.commandLine}`,
  ),
  dolt_partition_keeps_revision: entry<{ workload: string; pods: readonly string[]; commandLine: string }>(
    "refused",
    (d) =>
      `${list(d.pods)} are not of the newest revision of the StatefulSet ${d.workload}, and its partition would bring them back as they are. Nothing was changed.`,
    (d) => `With OnDelete they come back with the new template: ${d.commandLine}`,
  ),
  dolt_nothing_to_restart: entry<{ skipped: readonly string[] }>(
    "refused",
    (d) => `No pod is left to restart: ${d.skipped.join("; ")}. Nothing was changed.`,
    () => "Nothing to do. Without --only, --before and --outdated every pod is restarted.",
  ),
  dolt_no_standby: entry<{ pod: string }>(
    "refused",
    (d) =>
      `${d.pod} is the only server, so nothing can take over: while it restarts, nobody could write or read. Nothing was changed.`,
    () => "Add a standby first, or restart the pod by hand in a quiet hour.",
  ),
  dolt_restart_unfit: entry<{ reasons: readonly string[] }>(
    "refused",
    (d) =>
      `No pod may be restarted now, because the others could not stand in for it: ${d.reasons.join("; ")}. Nothing was changed.`,
    () => "Mend what is named, or ask with a lower --min-caught-up, then ask again.",
  ),
  dolt_restart_held: entry<{ pods: readonly string[]; seconds: number; reasons: readonly string[] }>(
    "failed",
    (d) =>
      `${list(d.pods)} could not be restarted, because the rest of the target did not become fit for it within ${d.seconds} s: ${d.reasons.join("; ")}.`,
    () => "Mend what is named, then go on.",
  ),
  dolt_pod_not_evicted: entry<{ pod: string; seconds: number; times: number; why: string }>(
    "failed",
    (d) =>
      `${d.pod} could not be evicted within ${d.seconds} s, and runs as before. Refused ${d.times} times: ${d.why}`,
    () => "Look at the PodDisruptionBudgets of this namespace (kubectl get pdb): they have to allow one disruption.",
  ),
  dolt_pod_not_back: entry<{ pod: string; seconds: number; why: string; told: readonly string[] }>(
    "failed",
    (d) => `${d.pod} was restarted and did not come back within ${d.seconds} s: ${d.why}.`,
    (d) => `Mend ${d.pod}. ${d.told.join(" ")}`.trim(),
  ),
  dolt_restart_stopped: entry<{ done: readonly string[]; left: readonly string[]; state: string; before: string }>(
    "failed",
    (d) => `The restart stopped. Restarted: ${list(d.done)}. Not restarted: ${list(d.left)}. ${d.state}`,
    (d) =>
      `Mend what is named, then type the same command with --before ${d.before}: it goes on with the pods that are left.`,
  ),
  dolt_scale_number: entry<{ given: number | null; now: number }>(
    "usage",
    (d) =>
      `${d.given === null ? "How many servers there shall be was not said" : `${d.given} server is not enough: a primary needs a standby`}. Now there are ${d.now}. Nothing was done.`,
    (d) => `Add --replicas N, such as --replicas ${d.now + 1}; the primary counts.`,
  ),
  dolt_scale_empty: entry<{ pod: string }>(
    "refused",
    (d) =>
      `The primary ${d.pod} holds no database, and Dolt then does not tell to whom it replicates. Nothing was changed.`,
    () =>
      "If it should hold data, stop that pod now, before a client connects. Else create a database, then ask again.",
  ),
  dolt_scale_done: entry<{ replicas: number; nodes: readonly string[] }>(
    "refused",
    (d) =>
      `There are ${d.replicas} servers already, each configured for all others: ${d.nodes.join("; ")}. Nothing was changed.`,
    () => "Nothing is to be done.",
  ),
  dolt_scale_not_ours: entry<{ owners: readonly string[]; yaml: string; replicas: number | null; line: string }>(
    "refused",
    (d) =>
      `What has to be changed belongs to somebody else, who would write it back: ${d.owners.join("; ")}. Nothing was changed.`,
    (d) =>
      `Change it where it is kept${d.replicas === null ? "" : `, and set replicas to ${d.replicas} there`}; then type ${d.line}, which does the rest.${d.yaml === "" ? "" : ` These are the keys to change:\n${d.yaml}`}`,
  ),
  dolt_scale_hidden: entry<{ why: string; yaml: string | null; replicas: number; line: string }>(
    "refused",
    (d) => `The servers' configuration is nowhere that Handover could change it: ${d.why}. Nothing was changed.`,
    (d) =>
      `Change it by hand so that each server has every other one among its standby_remotes, set replicas to ${d.replicas}, then type ${d.line}. A new server needs bootstrap_role: standby; left empty, it starts as a second primary.${d.yaml === null ? "" : ` By what the servers say, it has to be:\n${d.yaml}`}`,
  ),
  dolt_scale_rights: entry<{ rights: readonly string[] }>(
    "refused",
    (d) => `Handover may not do what this takes: ${d.rights.join(", ")}. Nothing was changed.`,
    () =>
      "Apply deploy/role-scale.yaml in this namespace, or name the ConfigMap under scaleConfigMaps in the chart; then ask again.",
  ),
  dolt_scale_config_changed: entry<{ why: string }>(
    "failed",
    (d) => `The servers' configuration is not as it has to be: ${d.why}.`,
    () => "See who changes it, then ask again.",
  ),
  dolt_scale_replicas_changed: entry<{ from: number; to: number }>(
    "failed",
    (d) => `Somebody else changed the number of pods: it is neither ${d.from} nor ${d.to} any more.`,
    () => "See who changes it (an autoscaler?), then ask again.",
  ),
  dolt_scale_not_up: entry<{ pod: string; seconds: number; why: string; told: readonly string[] }>(
    "failed",
    (d) => `The new pod ${d.pod} did not come up within ${d.seconds} s: ${d.why}.`,
    (d) => `Mend what keeps ${d.pod} from starting. ${d.told.join(" ")}`.trim(),
  ),
  dolt_scale_not_standby: entry<{ pod: string; role: string }>(
    "failed",
    (d) => `The new pod ${d.pod} came up as ${d.role} instead of standby: its volume is from before.`,
    (d) => `Save what is on the volume of ${d.pod} if you need it, delete its volume claim, then ask again.`,
  ),
  dolt_scale_not_gone: entry<{ pods: readonly string[]; seconds: number }>(
    "failed",
    (d) => `${list(d.pods)} have not ended within ${d.seconds} s.`,
    () => "See what keeps them from ending (kubectl describe pod).",
  ),
  dolt_scale_primary_leaves: entry<{ pods: readonly string[] }>(
    "failed",
    (d) => `The primary is not seen among the pods that stay, so ${list(d.pods)} were not stopped.`,
    () => "Look at the status.",
  ),
  dolt_scale_not_joined: entry<{ seconds: number; reasons: readonly string[] }>(
    "failed",
    (d) => `Within ${d.seconds} s not every new server came to hold everything: ${d.reasons.join("; ")}.`,
    () => "They go on copying; a larger --wait-for-ready waits longer.",
  ),
  dolt_scale_not_as_configured: entry<{ reasons: readonly string[] }>(
    "failed",
    (d) => `Not every server replicates as configured: ${d.reasons.join("; ")}.`,
    () =>
      "A remote that led elsewhere before keeps its old address: give it a new name in the configuration, then restart.",
  ),
  dolt_scale_undone: entry<{ replicas: number; why: string }>(
    "failed",
    (d) =>
      `It did not work out, and was undone: ${d.replicas} servers with the configuration they had. Volumes and Services that were made stay. Why: ${d.why}`,
    () => "Mend what is named, then ask again.",
  ),
  dolt_scale_stopped: entry<{ why: string; state: string; line: string }>(
    "failed",
    (d) => `The scaling stopped on its way. ${d.state} ${d.why}`.trim(),
    (d) => `Mend what is named, then type ${d.line}: it goes on with what is left.`,
  ),
  dolt_nothing_to_repair: entry<{ nodes: readonly string[] }>(
    "refused",
    (d) => `Nothing here is to be repaired: ${d.nodes.join("; ")}. Nothing was changed.`,
    () => "To move the primary use failover; to put labels right use relabel. Neither loses a write.",
  ),
  dolt_chosen_silent: entry<{ pod: string; why: string }>(
    "refused",
    (d) => `${d.pod} does not answer (${d.why}), so it cannot be made primary. Nothing was changed.`,
    () => "Bring it back first, or choose a server that answers.",
  ),
  dolt_restore_name_taken: entry<{ pod: string; databases: readonly string[] }>(
    "refused",
    (d) =>
      `${d.pod} holds ${list(d.databases)} already, so nothing can be restored under that name. Nothing was changed.`,
    () => "Give another suffix with --restore-as.",
  ),
  dolt_repair_changed: entry<{ now: string }>(
    "failed",
    (d) => `The servers are not as they were when this was approved: ${d.now}. Nothing was overwritten.`,
    () => "Ask again: the new plan shows what each server holds now.",
  ),
  dolt_save_failed: entry<{ pod: string; database: string; url: string; why: string }>(
    "failed",
    (d) => `${d.database} of ${d.pod} could not be saved to ${d.url}: ${d.why}. Nothing was overwritten.`,
    () => "Give a URL with --save-to that this server can write to, such as file:///… on a volume that all pods mount.",
  ),
  dolt_restore_failed: entry<{ pod: string; database: string; url: string; why: string }>(
    "failed",
    (d) =>
      `${d.pod} is primary, but ${d.database} could not be restored from ${d.url}: ${d.why}. The save is still there.`,
    (d) =>
      `By hand, on ${d.pod}: CALL dolt_backup('restore', '${d.url}', '${d.database}'), and then one write in it, or the standbys keep an empty one.`,
  ),
  dolt_not_rejoined: entry<{ chosen: string; waiting: readonly string[] }>(
    "failed",
    (d) => `${d.chosen} is primary and takes writes, but not everybody follows it yet: ${d.waiting.join("; ")}.`,
    (d) =>
      `Let them reach ${d.chosen}: a NetworkPolicy that keeps them apart has to go. They join at first contact; the status shows it.`,
  ),
  dolt_repair_undone: entry<{ routed: readonly string[]; why: string }>(
    "failed",
    (d) => `The repair was not done, and the primary's label is on ${list(d.routed)} again. Why: ${d.why}`,
    () => "Nothing was overwritten. Mend what is named, then ask again.",
  ),
} as const;

export type ProblemCode = keyof typeof problemTable;
export type ProblemDetails<Code extends ProblemCode> =
  (typeof problemTable)[Code] extends Entry<infer Details> ? Details : never;

/** A problem as it is kept in a record and shown to people: plain text, no secret, no stack. */
export interface Problem {
  readonly code: ProblemCode;
  readonly kind: ProblemKind;
  /** What happened and in what state things are. */
  readonly what: string;
  /** What to do next. */
  readonly next: string;
}

export function problem<Code extends ProblemCode>(code: Code, details: ProblemDetails<Code>): Problem {
  const row: Entry<never> = problemTable[code];
  const typed = row as Entry<ProblemDetails<Code>>;
  return { code, kind: typed.kind, what: typed.what(details), next: typed.next(details) };
}

/** A problem on its way up the stack. `cause` keeps the original, for logs only. */
export class HandoverError extends Error {
  override readonly name = "HandoverError";
  readonly problem: Problem;

  constructor(theProblem: Problem, options?: { cause?: unknown }) {
    super(theProblem.what, options);
    this.problem = theProblem;
  }
}

export function fail<Code extends ProblemCode>(
  code: Code,
  details: ProblemDetails<Code>,
  options?: { cause?: unknown },
): HandoverError {
  return new HandoverError(problem(code, details), options);
}

/** The problem behind anything that was thrown; what is not a HandoverError is unexpected, and says so. */
export function problemOf(thrown: unknown, doing: string): Problem {
  if (thrown instanceof HandoverError) return thrown.problem;
  return problem("unexpected", { doing, why: thrown instanceof Error ? thrown.message : String(thrown) });
}
