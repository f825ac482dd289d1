import { entry, list } from "./entry.ts";

/** CrateDB: restarting, suspending, resuming. */
export const crateLifecycleProblems = {
  crate_part_unknown: entry<{ given: readonly string[]; known: readonly string[] }>(
    "usage",
    (d) => `${list(d.given)} is neither a group nor a pod of this cluster. Nothing was done.`,
    (d) => `It has ${list(d.known)}.`,
  ),
  crate_nothing_to_restart: entry<{ skipped: readonly string[] }>(
    "refused",
    (d) => `No pod is left to restart: ${d.skipped.join("; ")}. Nothing was changed.`,
    () => "Nothing to do. Without --only, --before and --outdated every pod is restarted.",
  ),
  crate_checks_failed: entry<{ checks: readonly string[]; ids: readonly number[] }>(
    "refused",
    (d) => `CrateDB's own checks fail: ${d.checks.join("; ")}. Nothing was changed.`,
    (d) =>
      `Mend what they name. What is meant to be so: UPDATE sys.node_checks SET acknowledged = TRUE WHERE id IN (${d.ids.join(", ")}), then ask again.`,
  ),
  crate_partition_keeps_revision: entry<{ set: string; pods: readonly string[]; commandLine: string }>(
    "refused",
    (d) =>
      `${list(d.pods)} are not of the newest revision of the StatefulSet ${d.set}, and its partition would bring them back as they are. Nothing was changed.`,
    (d) => `With OnDelete they come back with the new template: ${d.commandLine}`,
  ),
  crate_backup_runs: entry<{ backups: readonly string[]; seconds: number }>(
    "failed",
    (d) =>
      d.seconds === 0
        ? `A backup is running, and it would break: ${d.backups.join("; ")}.`
        : `A backup was still running after ${d.seconds} s, and it would break: ${d.backups.join("; ")}.`,
    () => "Wait for its end, or ask again with a longer --wait-for-backup.",
  ),
  crate_restart_held: entry<{ pod: string; seconds: number; reasons: readonly string[] }>(
    "failed",
    (d) =>
      `${d.pod} was not restarted, because the cluster did not become fit for it within ${d.seconds} s: ${d.reasons.join("; ")}.`,
    () => "Mend what is named, then go on.",
  ),
  crate_pod_not_evicted: entry<{ pod: string; seconds: number; times: number; why: string }>(
    "failed",
    (d) =>
      `${d.pod} could not be evicted within ${d.seconds} s, and runs as before. Refused ${d.times} times: ${d.why}`,
    () => "Look at the PodDisruptionBudgets of this namespace (kubectl get pdb): they have to allow one disruption.",
  ),
  crate_node_not_back: entry<{ pod: string; seconds: number; why: string; told: readonly string[] }>(
    "failed",
    (d) => `${d.pod} was restarted, and the cluster was not well again within ${d.seconds} s: ${d.why}.`,
    (d) => `Mend ${d.pod}. ${d.told.join(" ")}`.trim(),
  ),
  crate_restart_stopped: entry<{ done: readonly string[]; left: readonly string[]; state: string; before: string }>(
    "failed",
    (d) => `The restart stopped. Restarted: ${list(d.done)}. Not restarted: ${list(d.left)}. ${d.state}`,
    (d) =>
      `Mend what is named, then type the same command with --before ${d.before}: it goes on with the pods that are left.`,
  ),
  crate_not_put_back: entry<{ failure: string; left: readonly string[]; todo: readonly string[] }>(
    "unknown",
    (d) => `${d.failure} What was set for this could not be taken back: ${d.left.join("; ")}.`,
    (d) => `When the cluster answers: ${d.todo.join("; ")}.`,
  ),
  crate_suspended: entry<{ target: string; line: string }>(
    "refused",
    (d) => `${d.target} is suspended: it has no pods. Nothing was changed.`,
    (d) => `Start it with: ${d.line}`,
  ),
  crate_halfway: entry<{ stopped: readonly string[]; resume: string; suspend: string }>(
    "refused",
    (d) =>
      `A suspend or a resume of this cluster did not reach its end: ${list(d.stopped)} still at zero. Nothing was changed.`,
    (d) => `Bring it back with: ${d.resume} – or stop it altogether with: ${d.suspend}`,
  ),
  crate_not_suspended: entry<{ target: string; groups: readonly string[] }>(
    "refused",
    (d) => `${d.target} is not suspended: ${list(d.groups)}. Nothing was changed.`,
    () => "Nothing to do.",
  ),
  crate_counts_unknown: entry<{ sets: readonly string[]; annotation: string }>(
    "refused",
    (d) =>
      `Nobody wrote down how many pods ${list(d.sets)} had: the cluster was not stopped by suspend. Nothing was changed.`,
    (d) =>
      `Write it down on each, then ask again: kubectl annotate statefulset NAME ${d.annotation}='{"replicas":3,"dependents":[]}'`,
  ),
  crate_volumes_would_go: entry<{ sets: readonly string[] }>(
    "refused",
    (d) =>
      `${list(d.sets)} would delete its volumes, and the data with them, when its pods go (persistentVolumeClaimRetentionPolicy.whenScaled: Delete). Nothing was changed.`,
    (d) =>
      `Keep them first: ${d.sets.map((set) => `kubectl patch statefulset ${set} --type=merge -p '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Retain"}}}'`).join("; ")}`,
  ),
  crate_suspend_held: entry<{ seconds: number; reasons: readonly string[] }>(
    "failed",
    (d) =>
      `The cluster was not suspended, because it did not become healthy within ${d.seconds} s: ${d.reasons.join("; ")}.`,
    () => "Mend what is named, then ask again: what is missing now may be missing for good when it starts again.",
  ),
  crate_would_not_recover: entry<{ sets: readonly string[]; nodes: number; needs: number }>(
    "refused",
    (d) =>
      `After a full stop the cluster would wait for ${d.needs} data nodes (gateway.recover_after… in the start-up arguments of ${list(d.sets)}), and it has ${d.nodes}: it would never come back. Nothing was changed.`,
    () => "Correct that argument, then ask again.",
  ),
  crate_pods_not_gone: entry<{ pods: readonly string[]; seconds: number }>(
    "failed",
    (d) => `${list(d.pods)} did not end within ${d.seconds} s.`,
    () => "See what holds them up (kubectl describe pod).",
  ),
  crate_not_up: entry<{ seconds: number; why: string }>(
    "failed",
    (d) => `The cluster was not up within ${d.seconds} s: ${d.why}.`,
    () => "See what keeps its pods from starting (kubectl describe pod, kubectl logs).",
  ),
  crate_changed_meanwhile: entry<{ what: string }>(
    "failed",
    (d) => `Somebody else changed it meanwhile: ${d.what}.`,
    () => "See who changes it, then ask again.",
  ),
  crate_suspend_stopped: entry<{ state: string; suspend: string; resume: string }>(
    "failed",
    (d) => `The suspend stopped halfway. ${d.state} Its data and its size are kept.`,
    (d) => `Go on with: ${d.suspend} – or bring everything back with: ${d.resume}`,
  ),
  crate_resume_stopped: entry<{ state: string; resume: string }>(
    "failed",
    (d) => `The resume stopped halfway. ${d.state} What was started goes on running.`,
    (d) => `Mend what is named, then type: ${d.resume}`,
  ),
} as const;
