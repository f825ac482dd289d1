import { entry } from "./entry.ts";

/** What is around: Slack, Redis, Kubernetes, the configuration. */
export const surroundingsProblems = {
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
  target_frozen: entry<{ target: string; by: string; reason: string; until: string; lift: string }>(
    "frozen",
    (d) => `${d.target} is frozen by ${d.by} until ${d.until}: ${d.reason}. Nothing was changed.`,
    (d) => `Wait, or have it lifted: ${d.lift}. From the command line, --override-freeze goes past it, on record.`,
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
} as const;
