import { HandoverError, type Problem, problem } from "../../src/domain/errors.ts";
import type { Person } from "../../src/domain/people.ts";
import type { Parameters } from "../../src/domain/plan.ts";
import type { RecordedRule } from "../../src/domain/policy/recorded-rule.ts";
import { type Follows, type NewRequest, newRequestRecord, type RequestRecord } from "../../src/domain/request.ts";
import type { Schedule } from "../../src/domain/schedule.ts";
import { type AnnouncedTarget, targetText } from "../../src/domain/target.ts";
import { withdrawn } from "../../src/domain/transitions/ending-early.ts";
import type { OperationDefinition } from "../../src/operations/catalogue.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import type { Budget } from "../budget.ts";
import { changeRequest } from "../change-request.ts";
import { drawInTime } from "../draw-in-time.ts";
import { objectionToChannel } from "../judge-channel.ts";
import { existingMessage, recordedMessage } from "../messages/notices.ts";
import { problemMessage } from "../messages/problems.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";
import type { AnnouncedCluster } from "./announced.ts";

/** What somebody asks for, judged by the policy: ready to be recorded. */
export interface Submission {
  readonly person: Person;
  readonly channelId: string;
  /** The same again is the same delivery. */
  readonly deliveryId: string;
  readonly operation: OperationDefinition;
  readonly parameters: Parameters;
  readonly reason: string | null;
  readonly target: AnnouncedTarget;
  readonly rule: RecordedRule;
  /** As of when the person was known to be one who may ask; null: the rule names them by id. */
  readonly membershipAsOfMs: number | null;
  readonly schedule?: Schedule;
  readonly dryRun?: true;
  readonly follows?: Follows;
}

/** What came of it; `message` is for the person who asked alone. */
export type Recorded =
  | { readonly kind: "created" | "existing"; readonly record: RequestRecord; readonly message: ChatMessage }
  /** Nobody could have seen it, or others than may, so it was not recorded, or taken back. */
  | { readonly kind: "withdrawn"; readonly message: ChatMessage };

/**
 * Records a request, once, wakes the worker and shows the request's message.
 * @throws {HandoverError} `redis_away`
 */
export async function recordRequest(
  submission: Submission,
  { cluster, seenAgoMs }: Pick<AnnouncedCluster, "cluster" | "seenAgoMs">,
  services: EdgeServices,
  budget: Budget,
): Promise<Recorded> {
  const { person, operation, target, rule, schedule, dryRun, follows } = submission;
  const { channels } = cluster;
  const { sharedChannels } = services;
  const closed = await objectionToChannel(submission.channelId, { channels, sharedChannels }, budget.slackSignal());
  if (closed !== null) {
    await auditRefusal(submission, closed, cluster, services);
    return { kind: "withdrawn", message: problemMessage(closed) };
  }
  const id = services.newRequestId();
  const created = await cluster.requests.create({
    build: (nowMs) => newRequestRecord(newRequest(id, submission), nowMs),
    deliveryId: submission.deliveryId,
    audit: {
      kind: "requested",
      requestId: id,
      by: person,
      facts: {
        operation: operation.name,
        target: targetText(target),
        rule: rule.name,
        policy: rule.policyHash,
        membershipAsOfMs: submission.membershipAsOfMs,
        ...(schedule === undefined ? {} : { startAtMs: schedule.startAtMs, endsAtMs: schedule.endsAtMs }),
        ...(dryRun === undefined ? {} : { dryRun }),
        ...(follows === undefined ? {} : { follows: follows.requestId }),
      },
    },
  });
  if (created.kind === "existing") {
    const link = await permalinkOf(created.record, cluster, services, budget);
    return { kind: "existing", record: created.record, message: existingMessage(created.record, link) };
  }
  const [drawn] = await Promise.all([
    drawInTime(cluster, id, budget, services),
    wakeForPlan(created.record, cluster, services),
  ]);
  if (drawn.kind === "refused") {
    return { kind: "withdrawn", message: await withdraw(created.record, drawn.slackError, cluster) };
  }
  return { kind: "created", record: created.record, message: recordedMessage(created.record, seenAgoMs ?? 0) };
}

async function auditRefusal(
  { person, channelId, target, operation }: Submission,
  why: Problem,
  cluster: ClusterServices,
  services: EdgeServices,
): Promise<void> {
  try {
    const facts = { operation: operation.name, target: targetText(target), channel: channelId, problem: why.code };
    await cluster.requests.audit({ kind: "request_refused", requestId: null, by: person, facts });
  } catch (error) {
    services.log.warn({ problem: why.code, err: error }, "a refusal could not be put on record");
  }
}

function newRequest(id: string, submission: Submission): NewRequest {
  const { person, channelId, operation, parameters, reason, target, rule, schedule, dryRun, follows } = submission;
  return {
    id,
    operation: operation.name,
    target,
    parameters,
    requester: person,
    ...(reason === null ? {} : { reason }),
    channelId,
    rule,
    ...(schedule === undefined ? {} : { schedule }),
    ...(dryRun === undefined ? {} : { dryRun }),
    ...(follows === undefined ? {} : { follows }),
  };
}

async function permalinkOf(
  found: RequestRecord,
  cluster: ClusterServices,
  services: EdgeServices,
  budget: Budget,
): Promise<string | null> {
  try {
    const face = await cluster.faces.read(found.id);
    if (face === null || face.ts === null) return null;
    return await services.chat.permalink(face.channelId, face.ts, budget.slackSignal());
  } catch (error) {
    services.log.warn({ requestId: found.id, err: error }, "no link to the first request could be had");
    return null;
  }
}

/** The record is the truth, and workers walk it: a wake-up that fails only costs time. */
async function wakeForPlan(created: RequestRecord, cluster: ClusterServices, services: EdgeServices): Promise<void> {
  try {
    await cluster.wakeUp.wake("plan", created.id, created.revision);
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    services.log.warn({ requestId: created.id, problem: error.problem.code }, "the worker could not be woken");
  }
}

/** A request that nobody can see is no request: it is taken back, and whoever asked is told. */
async function withdraw(created: RequestRecord, slackError: string, cluster: ClusterServices): Promise<ChatMessage> {
  const { id: requestId, requester: by } = created;
  const why = `its message cannot be posted in the channel (${slackError})`;
  const audit = { kind: "withdrawn", by, facts: { slackError } };
  const change = await changeRequest(cluster, requestId, audit, (record, nowMs) => withdrawn(record, why, nowMs));
  return problemMessage(change.ok ? problem("channel_closed", { requestId, slackError }) : change.problem);
}
