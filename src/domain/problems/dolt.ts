import { emptyPrimaryAdvice } from "../empty-primary-advice.ts";
import { entry, list, sentence } from "./entry.ts";

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

/** Dolt. */
export const doltProblems = {
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
} as const;
