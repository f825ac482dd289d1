import type { PlanWarning } from "../../domain/plan.ts";
import type { AnsweringNode } from "./candidate.ts";

/** How long a commit waits for standbys to acknowledge; each server has its own, and it is not replicated. */
const ackTimeout = "dolt_cluster_ack_writes_timeout_secs";

/** What a failover would change about an acknowledged write, and the statement that keeps it as it is; empty when nothing. */
export function durabilityWarning(primary: AnsweringNode, candidate: AnsweringNode): PlanWarning[] {
  const before = secondsOf(primary);
  const after = secondsOf(candidate);
  if (before === after) return [];
  const change =
    Number(after) === 0
      ? "its commits will be acknowledged without waiting for any standby"
      : Number(before) === 0
        ? `its commits will wait up to ${after} s for the standbys`
        : `its commits will wait up to ${after} s instead of ${before} s for the standbys`;
  const text = `${ackTimeout} is ${before} on ${primary.name} and ${after} on ${candidate.name}: ${change}. To keep it, run on ${candidate.name} first: SET PERSIST ${ackTimeout} = ${before}`;
  return [{ code: `ack_timeout:${before}:${after}`, text }];
}

function secondsOf({ answer }: AnsweringNode): string {
  return answer.details.settings[ackTimeout] ?? "0";
}
