import { type ParsedCommand, parseCommandText, printCommand } from "../../src/domain/command-line.ts";
import { HandoverError, type Problem, problem } from "../../src/domain/errors.ts";
import type { Person } from "../../src/domain/people.ts";
import { decidingRule, mayRequest, type PolicyRule } from "../../src/domain/policy.ts";
import { newRequestRecord, type RequestRecord } from "../../src/domain/request.ts";
import { severalTargets } from "../../src/domain/several-targets.ts";
import { type AnnouncedTarget, type Engine, findTargets, runbookFor, targetText } from "../../src/domain/target.ts";
import { withdrawn } from "../../src/domain/transitions/ending-early.ts";
import type { OperationDefinition } from "../../src/operations/catalogue.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import type { Budget } from "../budget.ts";
import { drawInTime } from "../draw-in-time.ts";
import { actions } from "../messages/blocks.ts";
import { isLinkable, runbookButton } from "../messages/buttons.ts";
import { existingMessage, recordedMessage } from "../messages/notices.ts";
import { problemMessage } from "../messages/problems.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";
import { type AnnouncedCluster, readAnnounced } from "./announced.ts";
import { slackGrammar, terminalPrefix } from "./grammars.ts";

/** A command by a person of this workspace. */
export interface AskedCommand {
  readonly engine: Engine;
  readonly person: Person;
  readonly channelId: string;
  /** What was typed behind `/dolt`. */
  readonly text: string;
  /** Slack's `trigger_id`: the same again is the same delivery. */
  readonly deliveryId: string;
}

type Command = ParsedCommand<OperationDefinition>;

/**
 * Records what was asked for, once, wakes the worker and shows the request's message; or says why not.
 * @returns what only the person who asked sees
 * @throws {HandoverError} `redis_away`
 */
export async function ask(asked: AskedCommand, services: EdgeServices, budget: Budget): Promise<ChatMessage> {
  const parsed = parseCommandText(asked.text, slackGrammar(asked.engine));
  if (!parsed.ok) return problemMessage(parsed.problem);
  const { command } = parsed;
  const announced = await readAnnounced(services);
  const found = findOne(asked.engine, command, announced);
  if (!found.ok) return problemMessage(found.problem);
  const { target, at } = found;

  const rule = decidingRule(services.policy, command.definition.name, target);
  if (rule === null || !mayRequest(rule, asked.person)) {
    const why = problem("requester_not_allowed", { operation: command.definition.name, target: targetText(target) });
    await auditRefusal(asked, target, why, at.cluster, services);
    return problemMessage(why);
  }
  const away = whyNobodyCanDoIt(asked.engine, command, target, at);
  if (away !== null) return awayMessage(away, runbookFor(target, command.definition.name));
  return record(asked, command, target, rule, at, services, budget);
}

async function record(
  asked: AskedCommand,
  command: Command,
  target: AnnouncedTarget,
  rule: PolicyRule,
  at: AnnouncedCluster,
  services: EdgeServices,
  budget: Budget,
): Promise<ChatMessage> {
  const { cluster } = at;
  const id = services.newRequestId();
  const created = await cluster.requests.create({
    build: (nowMs) => newRequestRecord(newRequest(id, asked, command, target, rule), nowMs),
    deliveryId: asked.deliveryId,
    audit: {
      kind: "requested",
      requestId: id,
      by: asked.person,
      facts: { operation: command.definition.name, target: targetText(target), rule: rule.name },
    },
  });
  if (created.kind === "existing") {
    return existingMessage(created.record, await permalinkOf(created.record, cluster, services, budget));
  }
  const [drawn] = await Promise.all([
    drawInTime(cluster, id, budget, services),
    wakeForPlan(created.record, cluster, services),
  ]);
  if (drawn.kind === "refused") return withdraw(created.record, drawn.slackError, cluster);
  return recordedMessage(created.record, at.seenAgoMs ?? 0);
}

function newRequest(id: string, asked: AskedCommand, command: Command, target: AnnouncedTarget, rule: PolicyRule) {
  return {
    id,
    operation: command.definition.name,
    target,
    parameters: command.parameters,
    requester: asked.person,
    ...(command.reason === null ? {} : { reason: command.reason }),
    channelId: asked.channelId,
    rule: {
      name: rule.name,
      // What only reads needs nobody's leave but the policy's.
      approvals: command.definition.changesTarget ? rule.approvals : 0,
      approvers: rule.approvers,
      expiresAfterMinutes: rule.expiresAfterMinutes,
    },
  };
}

type Found =
  | { readonly ok: true; readonly target: AnnouncedTarget; readonly at: AnnouncedCluster }
  | { readonly ok: false; readonly problem: Problem };

function findOne(engine: Engine, command: Command, announced: readonly AnnouncedCluster[]): Found {
  const matches = announced.flatMap((at) =>
    findTargets(at.targets, engine, command.targetText).map((target) => ({ target, at })),
  );
  const [match, ...others] = matches;
  if (match !== undefined && others.length === 0) return { ok: true, ...match };
  if (match !== undefined) {
    const targets = matches.map(({ target }) => target);
    return { ok: false, problem: severalTargets(command.targetText, targets, targetText) };
  }
  // A cluster from which nothing was heard may hold the target: its silence must not read as “there is none”.
  const silent = announced.find((at) => at.seenAgoMs === null);
  if (silent !== undefined)
    return { ok: false, problem: workerAway(engine, command, command.targetText, silent, null) };
  const known = announced
    .flatMap((at) => at.targets)
    .filter((target) => target.engine === engine)
    .map(targetText)
    .sort();
  return { ok: false, problem: problem("target_unknown", { given: command.targetText, known, engine }) };
}

function whyNobodyCanDoIt(
  engine: Engine,
  command: Command,
  target: AnnouncedTarget,
  at: AnnouncedCluster,
): Problem | null {
  const runbook = runbookFor(target, command.definition.name);
  if (!at.isAlive) return workerAway(engine, command, `${target.namespace}/${target.workload}`, at, runbook);
  if (at.operations.has(command.definition.name)) return null;
  return problem("operation_unavailable", { operation: command.definition.name, known: [...at.operations].sort() });
}

function workerAway(
  engine: Engine,
  command: Command,
  targetOnCommandLine: string,
  at: AnnouncedCluster,
  runbook: string | null,
): Problem {
  const line = { ...command, targetText: targetOnCommandLine };
  const reason = command.definition.changesTarget ? (command.reason ?? "why") : command.reason;
  return problem("worker_away", {
    cluster: at.cluster.name,
    lastSeen: at.seenAgoMs === null ? "never" : `${Math.round(at.seenAgoMs / 1_000)} s ago`,
    commandLine: printCommand({ ...line, reason }, terminalPrefix(engine)),
    runbook,
  });
}

function awayMessage(why: Problem, runbook: string | null): ChatMessage {
  if (!isLinkable(runbook)) return problemMessage(why);
  return problemMessage(why, actions("handover-away", [runbookButton(runbook)]));
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

/** How often a change is tried again when the worker changes the record at the same moment. */
const mostAttempts = 5;

/** A request that nobody can see is no request: it is taken back, and whoever asked is told. */
async function withdraw(created: RequestRecord, slackError: string, cluster: ClusterServices): Promise<ChatMessage> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const found = await cluster.requests.read(created.id);
    if (found === null) break;
    const why = `its message cannot be posted in the channel (${slackError})`;
    const next = withdrawn(found.record, why, found.nowMs);
    if (!next.ok) return problemMessage(next.problem);
    const audit = {
      kind: "withdrawn",
      requestId: created.id,
      by: created.requester,
      facts: { before: found.record.state, after: next.record.state, slackError },
    };
    if (await cluster.requests.compareAndSet(next.record, audit)) break;
  }
  return problemMessage(problem("channel_closed", { requestId: created.id, slackError }));
}

async function auditRefusal(
  asked: AskedCommand,
  target: AnnouncedTarget,
  why: Problem,
  cluster: ClusterServices,
  services: EdgeServices,
): Promise<void> {
  try {
    const facts = { target: targetText(target), problem: why.code };
    await cluster.requests.audit({ kind: "request_refused", requestId: null, by: asked.person, facts });
  } catch (error) {
    services.log.warn({ problem: why.code, err: error }, "a refusal could not be put on record");
  }
}
