import { printCommand } from "../../src/domain/command-line.ts";
import { type Problem, problem } from "../../src/domain/errors.ts";
import type { Person } from "../../src/domain/people.ts";
import type { Follows, RequestRecord } from "../../src/domain/request.ts";
import type { Schedule } from "../../src/domain/schedule.ts";
import { targetText } from "../../src/domain/target.ts";
import { judgeExpiry } from "../../src/domain/transitions/ending-early.ts";
import { followed, followKind, objectionToFollowing } from "../../src/domain/transitions/following.ts";
import { catalogue } from "../../src/operations/catalogue.ts";
import { flagsOf } from "../../src/operations/command-of-plan.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import type { Budget } from "../budget.ts";
import { changeRequest } from "../change-request.ts";
import { readAnnounced } from "../commands/announced.ts";
import { whyNobodyCanDoIt } from "../commands/ask.ts";
import { slackGrammar } from "../commands/grammars.ts";
import { type Recorded, recordRequest } from "../commands/record-request.ts";
import { drawInTime } from "../draw-in-time.ts";
import { judgeRequest } from "../judge-request.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";
import { objectionToMessage } from "./decide.ts";

/** A click on Re-plan or Retry by a person of this workspace. */
export interface FollowingClick {
  readonly kind: Follows["kind"];
  readonly person: Person;
  readonly requestId: string;
  readonly channelId: string;
  readonly messageTs: string;
  readonly triggerId: string | null;
}

export type AskedAgain =
  | { readonly ok: true; readonly message: ChatMessage }
  | { readonly ok: false; readonly problem: Problem };

/**
 * Asks for the same as a request that came to nothing, by who clicked: judged like any command, and planned anew. The two requests name
 * each other.
 * @throws {HandoverError} `redis_away`
 */
export async function askAgain(
  click: FollowingClick,
  cluster: ClusterServices,
  services: EdgeServices,
  budget: Budget,
): Promise<AskedAgain> {
  const { requestId, person } = click;
  const found = await cluster.requests.read(requestId);
  if (found === null) return no(problem("request_unknown", { requestId }));
  const record = judgeExpiry(found.record, found.nowMs);
  const objection =
    (await objectionToMessage(click, record, cluster, services, budget)) ?? objectionToFollowing(record);
  if (objection !== null) return no(objection);
  const recorded = await submit(click, record, scheduleLeft(record, found.nowMs), cluster, services, budget);
  if ("problem" in recorded) return no(recorded.problem);
  if (recorded.kind !== "withdrawn" && recorded.record.follows?.requestId === record.id) {
    const followedBy = recorded.record.id;
    const audit = { kind: "followed", by: person, facts: { followedBy } };
    // Another click may have named it meanwhile.
    await changeRequest(cluster, record.id, audit, (current, nowMs) => followed(current, followedBy, nowMs));
    await drawInTime(cluster, record.id, budget, services);
  }
  return { ok: true, message: recorded.message };
}

async function submit(
  { kind, person, channelId, triggerId }: FollowingClick,
  record: RequestRecord,
  schedule: Schedule | null,
  cluster: ClusterServices,
  services: EdgeServices,
  budget: Budget,
): Promise<Recorded | { readonly problem: Problem }> {
  const { engine } = record.target;
  const operation = catalogue.find(({ name }) => name === record.operation);
  const [at] = await readAnnounced({ clusters: [cluster] });
  if (operation === undefined || at === undefined) {
    return { problem: problem("operation_unavailable", { operation: record.operation, known: [] }) };
  }
  const given = targetText(record.target);
  const target = at.targets.find((one) => one.engine === engine && targetText(one) === given);
  if (target === undefined) {
    const known = at.targets.filter((one) => one.engine === engine).map(targetText);
    return { problem: problem("target_unknown", { given, known: known.sort(), engine }) };
  }
  const { parameters, reason = null } = record;
  const flags = flagsOf(operation, parameters);
  const command = { definition: operation, targetText: given, parameters, given: flags, reason, extras: {} };
  const line = printCommand(command, slackGrammar(engine));
  const startAtMs = schedule?.startAtMs ?? null;
  const judged = await judgeRequest({ person, operation, target, reason, line, startAtMs }, cluster, services);
  if (!judged.ok) return { problem: judged.problem };
  const away = whyNobodyCanDoIt(engine, command, target, at);
  if (away !== null) return { problem: away };
  const follows = { requestId: record.id, kind: followKind(record) ?? kind };
  const deliveryId = `follow:${record.id}:${triggerId ?? services.newRequestId()}`;
  const { rule, membershipAsOfMs } = judged;
  const about = { operation, parameters, reason, target, rule, membershipAsOfMs };
  const asked = { person, channelId, deliveryId, ...about, follows };
  return recordRequest(schedule === null ? asked : { ...asked, schedule }, at, services, budget);
}

/** A time that is over is not asked for again: what is planned anew then begins as soon as it is approved. */
function scheduleLeft({ schedule }: RequestRecord, nowMs: number): Schedule | null {
  return schedule !== undefined && nowMs < schedule.endsAtMs ? schedule : null;
}

function no(why: Problem): AskedAgain {
  return { ok: false, problem: why };
}
