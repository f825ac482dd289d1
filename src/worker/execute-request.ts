import { problem, problemOf } from "../domain/errors.ts";
import type { Plan } from "../domain/plan.ts";
import type { RequestRecord } from "../domain/request.ts";
import { isTooEarly } from "../domain/schedule.ts";
import type { Transition } from "../domain/transitions/change.ts";
import { wentStale } from "../domain/transitions/ending-early.ts";
import { refused } from "../domain/transitions/planning.ts";
import { admit } from "../execution/admission.ts";
import { changeRecord } from "../execution/change-record.ts";
import { execute } from "../execution/execute.ts";
import type { JudgedBy } from "../execution/judge-grant.ts";
import { type LedgerExecution, readExecution } from "../execution/ledger.ts";
import type { OperationContext } from "../operations/operation.ts";
import type { AuditEvent } from "../ports/request-store.ts";
import { contextFor } from "./operation-context.ts";
import { RecordAudience } from "./record-audience.ts";
import { RecordKeeper } from "./record-keeper.ts";
import type { WorkerServices } from "./services.ts";
import { announceStart } from "./start-news.ts";

const drawDeadlineMs = 10_000;

/** Executes an approved request: admission once, then the steps under the target's lease. */
export async function executeRequest(
  services: WorkerServices,
  requestId: string,
  shutdown: AbortSignal,
): Promise<void> {
  const found = await services.store.read(requestId);
  if (found === null || found.record.state !== "approved") return;
  const { record, nowMs } = found;
  // Woken before its time, as it was approved; whoever walks the requests wakes it when the time has come.
  if (isTooEarly(record.schedule, nowMs)) return;
  const operation = services.operations.find((candidate) => candidate.name === record.operation);
  if (operation === undefined) {
    const known = services.operations.map((candidate) => candidate.name);
    const why = problem("operation_unavailable", { operation: record.operation, known });
    return await settle(services, requestId, (current, nowMs) => refused(current, [why], nowMs));
  }
  const context = contextFor(services, record.target, shutdown);
  const admission = await admit(record, nowMs, operation, context, services);
  if (shutdown.aborted) return;
  switch (admission.kind) {
    case "refused":
      return await settle(services, requestId, (current, nowMs) => refused(current, admission.problems, nowMs));
    case "stale":
      return await settle(services, requestId, (current, nowMs) => wentStale(current, admission.changes, nowMs));
    case "admitted":
      break;
  }
  const execution = await newExecution(services, record, admission.plan);
  try {
    const audience = audienceFor(services, record.id, factsOf(admission.by));
    // What has begun must be able to end, so the steps do not hang on the shutdown of this process.
    const surroundings = {
      ...services,
      operation,
      context: { ...context, signal: neverAborted },
      holder: services.workerId,
      shutdown,
    };
    const result = await execute(surroundings, admission.plan, execution, admission.expiresAtMs, audience);
    services.log.info({ requestId, executionId: execution.id, state: result.state }, "execution ended");
  } catch (error) {
    const why = problemOf(error, `executing ${record.operation}`);
    services.log.warn(
      { requestId, executionId: execution.id, problem: why.code, why: why.what },
      "execution did not begin",
    );
    // Another worker has this very request in hand (or will take it up): it settles it, not this one.
    if (await isInHand(services, context, requestId)) return;
    await settle(services, requestId, (current, nowMs) => refused(current, [why], nowMs));
  }
}

async function isInHand(services: WorkerServices, context: OperationContext, requestId: string): Promise<boolean> {
  const lease = await services.leases.read(context.target, AbortSignal.timeout(10_000));
  const open = readExecution(lease?.state.execution ?? null);
  return open?.authority.kind === "grant" && open.authority.record.id === requestId;
}

const neverAborted = new AbortController().signal;

function factsOf({ policyHash, rule, approvers }: JudgedBy): AuditEvent["facts"] {
  return { policy: policyHash, rule, approvers: approvers.join("; ") || null };
}

/** @param admittedBy by which policy it was let in, where this process has just judged that */
export function audienceFor(
  services: WorkerServices,
  requestId: string,
  admittedBy: AuditEvent["facts"] = {},
): RecordAudience {
  const { store, faces, workerId } = services;
  return new RecordAudience({
    store,
    keeper: new RecordKeeper(store, faces, workerId),
    requestId,
    worker: workerId,
    clock: services.clock,
    admittedBy,
    announce: (execution) => announceStart(services, execution),
    draw: (id) => services.draw.drawOnce(id, { deadlineMs: drawDeadlineMs }),
  });
}

async function newExecution(services: WorkerServices, record: RequestRecord, plan: Plan): Promise<LedgerExecution> {
  const face = await services.faces.read(record.id);
  return {
    version: 1,
    id: `x-${services.newId()}`,
    authority: {
      kind: "grant",
      record,
      face: face === null || face.ts === null ? null : { channelId: face.channelId, ts: face.ts },
    },
    startedBy: services.workerId,
    startedAtMs: services.clock.nowMs(),
    committed: false,
    steps: plan.steps.map((step) => ({ ...step, state: "pending" })),
  };
}

async function settle(
  services: WorkerServices,
  requestId: string,
  decide: (record: RequestRecord, nowMs: number) => Transition,
): Promise<void> {
  await changeRecord(services.store, requestId, { worker: services.workerId }, decide);
  await services.draw.drawOnce(requestId, { deadlineMs: drawDeadlineMs });
}
