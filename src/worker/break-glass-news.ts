import { breakGlassMessage } from "../../handlers/messages/break-glass.ts";
import type { Outcome } from "../domain/request.ts";
import type { LedgerExecution } from "../execution/ledger.ts";
import { ChatError } from "../ports/chat.ts";
import type { TargetReference } from "../ports/workloads.ts";
import type { WorkerServices } from "./services.ts";

const postDeadlineMs = 5_000;

/** What this process has told already. After a restart it may tell once more: better twice than never. */
const told = new WeakMap<WorkerServices, Set<string>>();

/** Announces in the cluster's channel what somebody does from the command line: that it began, that it was left unfinished, how it ended. */
export async function announceBreakGlass(
  services: WorkerServices,
  target: TargetReference,
  execution: LedgerExecution,
  abandoned: boolean,
  end: { state: string; outcome: Outcome } | null = null,
): Promise<void> {
  if (execution.authority.kind !== "break_glass") return;
  const phase = end !== null ? "ended" : abandoned ? "unfinished" : "started";
  const key = `${execution.id}/${phase}`;
  const known = told.get(services) ?? new Set<string>();
  told.set(services, known);
  if (known.has(key)) return;
  const { user, reason, plan } = execution.authority;
  const message = breakGlassMessage({
    phase,
    user,
    reason,
    operation: plan.operation,
    target: `${target.namespace}/${target.workload}`,
    executionId: execution.id,
    outcome: end?.outcome ?? null,
  });
  try {
    await services.chat.post(services.channelId, message, null, AbortSignal.timeout(postDeadlineMs));
    known.add(key);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    services.log.warn({ executionId: execution.id, slack: error.slackError }, "break-glass use not announced yet");
    if (end !== null) throw error;
  }
}
