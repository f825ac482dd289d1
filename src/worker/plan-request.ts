import { objectionToChannel } from "../../handlers/judge-channel.ts";
import { problem, problemOf } from "../domain/errors.ts";
import { needsAcceptance } from "../domain/plan.ts";
import type { RequestRecord } from "../domain/request.ts";
import { signStatement } from "../domain/signing.ts";
import type { Transition } from "../domain/transitions/change.ts";
import { followed } from "../domain/transitions/following.ts";
import { answered, planned, planningFailed, refused } from "../domain/transitions/planning.ts";
import { changeRecord } from "../execution/change-record.ts";
import { judgePlan } from "../execution/judge-plan.ts";
import { planFrom, preflight } from "../execution/preflight.ts";
import { catalogue, definitionOf } from "../operations/catalogue.ts";
import type { Operation } from "../operations/operation.ts";
import { contextFor } from "./operation-context.ts";
import type { WorkerServices } from "./services.ts";

/** A preflight that takes longer has failed: somebody waits for its plan. */
const planningDeadlineMs = 30_000;
const drawDeadlineMs = 10_000;

/** Plans a request that waits for its plan: looks at the cluster, signs what it would do, and records it. */
export async function planRequest(services: WorkerServices, requestId: string, shutdown: AbortSignal): Promise<void> {
  const found = await services.store.read(requestId);
  if (found === null || found.record.state !== "planning") return;
  await nameFollower(services, found.record);
  const signal = AbortSignal.any([shutdown, AbortSignal.timeout(planningDeadlineMs)]);
  const decide = await decisionOn(services, found.record, signal);
  // A worker that is shutting down leaves the request to the next one, instead of failing it.
  if (shutdown.aborted) return;
  const change = await changeRecord(services.store, requestId, { worker: services.workerId }, decide);
  await services.draw.drawOnce(requestId, { deadlineMs: drawDeadlineMs });
  if (change.ok && change.record.state === "approved") {
    await services.wakeUp.wake("execute", requestId, change.record.revision);
  }
}

/** The edge that recorded it may have died before the request whose place it takes was told so. */
async function nameFollower({ store, workerId }: WorkerServices, { id, follows }: RequestRecord): Promise<void> {
  if (follows === undefined) return;
  const before = await store.read(follows.requestId);
  if (before === null || before.record.followedBy !== undefined) return;
  await changeRecord(store, follows.requestId, { worker: workerId }, (record, nowMs) => followed(record, id, nowMs));
}

async function decisionOn(
  services: WorkerServices,
  record: RequestRecord,
  signal: AbortSignal,
): Promise<(record: RequestRecord, nowMs: number) => Transition> {
  const operation = services.operations.find((candidate) => candidate.name === record.operation);
  if (operation === undefined) {
    const known = services.operations.map((candidate) => candidate.name);
    const why = problem("operation_unavailable", { operation: record.operation, known });
    return (current, nowMs) => refused(current, [why], nowMs);
  }
  try {
    const context = contextFor(services, record.target, signal);
    const [closed, judged, result] = await Promise.all([
      objectionToChannel(record.channelId, services, signal),
      judgePlan(record, changesTarget(operation), context, { ...services, memberships: services.recentMemberships }),
      preflight(operation, context, record.parameters),
    ]);
    if (closed !== null) return (current, nowMs) => refused(current, [closed], nowMs);
    if (!judged.ok) return (current, nowMs) => refused(current, [judged.problem], nowMs);
    if (result.kind === "refused") return (current, nowMs) => refused(current, result.problems, nowMs);
    const about = {
      requestId: record.id,
      operation: record.operation,
      target: { ...record.target, cluster: services.cluster },
      requester: judged.requester,
      parameters: record.parameters,
      schedule: record.schedule,
      dryRun: record.dryRun,
      approval: judged.approval,
    };
    const plan = planFrom(result.draft, about, services.clock.nowMs());
    if (plan.acceptance !== undefined && needsAcceptance(plan) && record.rule.approvals === 0 && !record.dryRun) {
      // Nobody will click Approve, so nobody could accept it there.
      const { title, figures, flag } = plan.acceptance;
      const why = problem("acceptance_missing", { title, figures, commandLine: acceptingLine(record, flag) });
      return (current, nowMs) => refused(current, [why], nowMs);
    }
    const signed = signStatement(plan, services.clusterKey);
    return plan.steps.length === 0 || plan.dryRun
      ? (current, nowMs) => answered(current, signed, nowMs)
      : (current, nowMs) => planned(current, signed, plan, nowMs);
  } catch (error) {
    const why = problemOf(error, `planning ${record.operation}`);
    services.log.warn({ requestId: record.id, problem: why.code }, "planning failed");
    return (current, nowMs) => planningFailed(current, why, nowMs);
  }
}

/** What only reads is in the catalogue as that; everything else changes something. */
function changesTarget({ name }: Operation): boolean {
  return catalogue.find((definition) => definition.name === name)?.changesTarget ?? true;
}

/** The command as it was asked for, with the switch that accepts. Only texts and switches can be told again. */
function acceptingLine({ operation, target, parameters }: RequestRecord, flag: string): string {
  const [engine = "", verb = ""] = operation.split(".");
  const flags = definitionOf(target.engine, verb)?.flags ?? [];
  const words = flags.flatMap(({ name, parameter }) => {
    const value = parameters[parameter];
    if (value === true) return [`--${name}`];
    return typeof value === "string" ? [`--${name} ${value}`] : [];
  });
  return [`/${engine} ${verb} ${target.name}`, ...words, `--${flag}`].join(" ");
}
