import { problem } from "../domain/errors.ts";
import type { RequestRecord } from "../domain/request.ts";
import { targetText } from "../domain/target.ts";
import { ended } from "../domain/transitions/running.ts";
import { changeRecord } from "../execution/change-record.ts";
import { readEnded, readExecution } from "../execution/ledger.ts";
import { targetReference } from "../ports/workloads.ts";
import type { WorkerServices } from "./services.ts";

/** A running request whose execution stands beside no lease will never be ended by anybody: it is unknown, and says so. */
export async function settleIfNobodyRuns(services: WorkerServices, record: RequestRecord): Promise<void> {
  const { execution } = record;
  if (execution === undefined) return;
  const lease = await services.leases.read(targetReference(record.target), AbortSignal.timeout(10_000));
  const isOpen = readExecution(lease?.state.execution ?? null)?.id === execution.id;
  const hasEnded = readEnded(lease?.state.usedGrants ?? null).some((entry) => entry.executionId === execution.id);
  if (isOpen || hasEnded) return;
  const why = problem("execution_lost", { target: targetText(record.target), executionId: execution.id });
  await changeRecord(services.store, record.id, { worker: services.workerId }, (current, nowMs) =>
    ended(
      current,
      "unknown",
      { atMs: nowMs, summary: why.what, writesStoppedMs: null, problems: [why] },
      execution.steps,
      nowMs,
    ),
  );
}
