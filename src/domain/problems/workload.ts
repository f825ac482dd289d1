import { entry, list } from "./entry.ts";

/** Ordinary workloads: restarting, scaling. */
export const workloadProblems = {
  workload_operator: entry<{ workload: string; manager: string }>(
    "refused",
    (d) =>
      `${d.workload} belongs to ${d.manager}: an operator sees to it, and would take a change for a mistake. Nothing was changed.`,
    (d) => `Restart or scale it through ${d.manager}.`,
  ),
  workload_gitops: entry<{ workload: string; manager: string; sign: string; replicas: number }>(
    "refused",
    (d) =>
      `${d.manager} writes ${d.workload} from a repository (${d.sign}), and would put the number of pods back. Nothing was changed.`,
    (d) => `Set ${d.replicas} in that repository; ${d.manager} brings it here.`,
  ),
  workload_autoscaled: entry<{ workload: string; autoscalers: readonly string[] }>(
    "refused",
    (d) =>
      `${list(d.autoscalers)} decides how many pods ${d.workload} has, and would change the number back. Nothing was changed.`,
    () => "Change its lowest and highest number instead, or take it away first.",
  ),
  workload_paused: entry<{ workload: string; commandLine: string }>(
    "refused",
    (d) => `${d.workload} is paused: its controller replaces no pod until somebody lets it. Nothing was changed.`,
    (d) => `Find out who paused it and why, then let it go on: ${d.commandLine}`,
  ),
  workload_rolling: entry<{ workload: string; state: string; holders: readonly string[]; undoLine: string }>(
    "refused",
    (d) =>
      `A roll-out of ${d.workload} is under way: ${d.state}.${d.holders.length === 0 ? "" : ` What it waits for: ${d.holders.join("; ")}.`} Nothing was changed.`,
    (d) => `Wait until it ends. To go back to what ran before it: ${d.undoLine}`,
  ),
  workload_no_pods: entry<{ workload: string }>(
    "refused",
    (d) => `${d.workload} is to have no pods, so there is nothing to restart. Nothing was changed.`,
    () => "Scale it up instead.",
  ),
  workload_no_former: entry<{ workload: string }>(
    "refused",
    (d) => `No former version of ${d.workload} is kept, so there is nothing to go back to. Nothing was changed.`,
    () => "Deploy the version that you want. spec.revisionHistoryLimit says how many are kept.",
  ),
  workload_budget: entry<{ workload: string; budgets: readonly string[] }>(
    "refused",
    (d) =>
      `The pods of ${d.workload} can only be restarted one by one, and ${list(d.budgets)} never allows that one of them is missing. Nothing was changed.`,
    () => "Change the PodDisruptionBudget so that one pod may be missing, or add a pod first.",
  ),
  workload_quota: entry<{ workload: string; pods: number; quotas: readonly string[] }>(
    "refused",
    (d) =>
      `${d.pods === 1 ? "One more pod" : `${d.pods} more pods`} of ${d.workload} would not fit: ${d.quotas.join("; ")}. Nothing was changed.`,
    () => "Raise the ResourceQuota, or make room in this namespace, then ask again.",
  ),
  workload_rights: entry<{ workload: string; actions: readonly string[]; operation: string; namespace: string }>(
    "refused",
    (d) => `Handover may not ${d.actions.join(" and ")} ${d.workload}. Nothing was changed.`,
    (d) =>
      `Give its account the rule: npx handover rbac --namespace ${d.namespace} --engine kubernetes --operations ${d.operation} prints the Role.`,
  ),
  workload_not_scalable: entry<{ workload: string }>(
    "refused",
    (d) => `${d.workload} has one pod on each node, so its number of pods cannot be set. Nothing was changed.`,
    () => "Change on which nodes it runs (nodeSelector) where it is deployed from.",
  ),
  workload_number: entry<{ now: number }>(
    "usage",
    (d) => `How many pods there shall be was not said. Now there are ${d.now}. Nothing was done.`,
    () => "Add --replicas N.",
  ),
  workload_scaled: entry<{ workload: string; replicas: number }>(
    "refused",
    (d) => `${d.workload} is set to ${d.replicas} pods already. Nothing was changed.`,
    () => "Nothing to do; its status says whether all of them are ready.",
  ),
  workload_gone: entry<{ workload: string }>(
    "failed",
    (d) => `${d.workload} is not there any more, or another one has its name.`,
    () => "Find out who deleted it.",
  ),
  workload_changed: entry<{ workload: string; doing: string }>(
    "failed",
    (d) => `Somebody else changed ${d.workload} while it was being ${d.doing}.`,
    () => "See who else works on it (a deployment?), and type the command again when they are done.",
  ),
  workload_pod_failing: entry<{ pod: string; trouble: string; told: readonly string[] }>(
    "failed",
    (d) => `The new pod ${d.pod} does not start: ${d.trouble}.`,
    (d) => `Mend what it fails on, then type the command again. ${d.told.join(" ")}`.trim(),
  ),
  workload_not_ready: entry<{ seconds: number; state: string; holders: readonly string[]; told: readonly string[] }>(
    "failed",
    (d) =>
      `Nothing moved for ${d.seconds} s: ${d.state}.${d.holders.length === 0 ? "" : ` What it waits for: ${d.holders.join("; ")}.`}`,
    (d) => `Mend what is named, then type the command again. ${d.told.join(" ")}`.trim(),
  ),
  workload_pod_not_evicted: entry<{ pod: string; seconds: number; why: string }>(
    "failed",
    (d) => `${d.pod} could not be evicted within ${d.seconds} s, and runs as before: ${d.why}`,
    () => "Look at the PodDisruptionBudgets of this namespace (kubectl get pdb): they have to allow one disruption.",
  ),
  workload_restart_undone: entry<{ workload: string; why: string; state: string }>(
    "failed",
    (d) => `The restart was stopped, and ${d.workload} runs what it ran before. ${d.why} ${d.state}`.trim(),
    () => "Mend what is named, then type the command again.",
  ),
  workload_stopped: entry<{ what: string; why: string; state: string }>(
    "failed",
    (d) => `${d.what} ${d.why} ${d.state}`.replaceAll(/ +/g, " ").trim(),
    () => "Mend what is named; the target's status says how it stands.",
  ),
  workload_scale_undone: entry<{ workload: string; replicas: number; why: string }>(
    "failed",
    (d) => `${d.workload} is set to ${d.replicas} pods again, as before. ${d.why}`,
    () => "Mend what is named, then type the command again.",
  ),
  workload_outcome_unknown: entry<{ workload: string; why: string }>(
    "unknown",
    (d) => `What ${d.workload} is now could not be seen. ${d.why}`,
    () => "Look at the target's status as soon as the Kubernetes API answers, then type the command again.",
  ),
} as const;
