import { type ParsedCommand, parseCommandText, printCommand } from "../../src/domain/command-line.ts";
import { type Problem, problem } from "../../src/domain/errors.ts";
import type { Person } from "../../src/domain/people.ts";
import { severalTargets } from "../../src/domain/several-targets.ts";
import { type AnnouncedTarget, type Engine, findTargets, runbookFor, targetText } from "../../src/domain/target.ts";
import type { OperationDefinition } from "../../src/operations/catalogue.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import type { Budget } from "../budget.ts";
import { judgeRequest } from "../judge-request.ts";
import { actions } from "../messages/blocks.ts";
import { isLinkable, runbookButton } from "../messages/buttons.ts";
import { problemMessage } from "../messages/problems.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";
import { type AnnouncedCluster, readAnnounced } from "./announced.ts";
import { slackGrammar, terminalPrefix } from "./grammars.ts";
import { recordRequest } from "./record-request.ts";
import { whenAsked } from "./when-asked.ts";

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
  const defaultTarget = services.defaultTargets[asked.channelId]?.[asked.engine];
  const parsed = parseCommandText(asked.text, {
    ...slackGrammar(asked.engine),
    ...(defaultTarget === undefined ? {} : { defaultTarget }),
  });
  if (!parsed.ok) return problemMessage(parsed.problem);
  const { command } = parsed;
  const announced = await readAnnounced(services);
  const found = findOne(asked.engine, command, announced);
  if (!found.ok) return problemMessage(found.problem);
  const { target, at } = found;

  const { definition: operation, reason } = command;
  const when = await whenAsked(command, asked.person, at.cluster, services, budget);
  if (!when.ok) return problemMessage(when.problem);
  const isDryRun = operation.changesTarget && command.extras["dry-run"] === true;
  const wanted = {
    person: asked.person,
    // What is only looked at needs nobody's approval.
    operation: { name: operation.name, changesTarget: operation.changesTarget && !isDryRun },
    target,
    reason,
    line: printCommand(command, slackGrammar(asked.engine)),
    startAtMs: when.value?.startAtMs ?? null,
  };
  const judged = await judgeRequest(wanted, at.cluster, services);
  const away = whyNobodyCanDoIt(asked.engine, command, target, at);
  const runbook = runbookFor(target, command.definition.name);
  if (!judged.ok) {
    // Nobody knows who is in a group when the workers that ask for it are away: then that is what there is to tell.
    if (away !== null && judged.problem.code === "people_lookup_failed") return awayMessage(away, runbook);
    await auditRefusal(asked, target, judged.problem, at.cluster, services);
    return problemMessage(judged.problem);
  }
  if (away !== null) return awayMessage(away, runbook);
  const { parameters } = command;
  const schedule = when.value === null ? {} : { schedule: when.value };
  const dryRun = isDryRun ? { dryRun: true as const } : {};
  const { rule, membershipAsOfMs } = judged;
  const about = { operation, parameters, reason, target, rule, membershipAsOfMs };
  const submission = { ...asked, ...about, ...schedule, ...dryRun };
  return (await recordRequest(submission, at, services, budget)).message;
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

/** No worker that lives, or none that can do this; null: somebody can. */
export function whyNobodyCanDoIt(
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
  // A terminal has no other time than now.
  const extras = command.extras["dry-run"] === true ? { plan: true as const } : {};
  const line = { ...command, extras, targetText: targetOnCommandLine };
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
