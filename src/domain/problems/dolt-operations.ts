import { entry, list } from "./entry.ts";

/** Dolt: restarting, promoting, repairing, scaling. */
export const doltOperationProblems = {
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
  dolt_nothing_to_repair: entry<{ nodes: readonly string[]; labels: "right" | "wrong" | "undecided"; line: string }>(
    "refused",
    (d) => `Nothing here is to be repaired: ${d.nodes.join("; ")}. Nothing was changed.`,
    ({ labels, line }) => {
      if (labels === "wrong") return `Only labels are wrong; this puts them right, and loses no write: ${line}`;
      if (labels === "undecided")
        return `Which label belongs where cannot be told now; look again, it says what to do: ${line}`;
      return `To move the primary, which loses no write: ${line}`;
    },
  ),
  dolt_chosen_silent: entry<{ pod: string; why: string }>(
    "refused",
    (d) => `${d.pod} does not answer (${d.why}), so it cannot be made primary. Nothing was changed.`,
    () => "Bring it back first, or choose a server that answers.",
  ),
  dolt_chosen_is_empty: entry<{ pod: string; databases: readonly string[]; commandLines: readonly string[] }>(
    "refused",
    (d) =>
      `${d.pod} holds no database at all, as after the loss of its volume; made primary, it would have ${list(d.databases)} dropped everywhere. Nothing was changed.`,
    (d) =>
      `Choose a server that holds the data: ${d.commandLines.join(" or ")}. What only it held before is not there any more.`,
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
