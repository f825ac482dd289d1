import { createHash } from "node:crypto";
import { HandoverError, type Problem, problem } from "../../src/domain/errors.ts";
import {
  type FreezeScope,
  type FreezeWish,
  freezeOperations,
  isInForce,
  isWholeCluster,
  scopeText,
  untilText,
  wholeCluster,
} from "../../src/domain/freeze.ts";
import { type FreezeCommand, parseFreezeCommand } from "../../src/domain/freeze-command.ts";
import { freezeAnnotation } from "../../src/domain/freeze-words.ts";
import { oldestMembershipMs } from "../../src/domain/memberships.ts";
import { judgeRequester } from "../../src/domain/policy/judging.ts";
import { decidingRule } from "../../src/domain/policy/matching.ts";
import { type AnnouncedTarget, objectKindOf, targetText } from "../../src/domain/target.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import { freezeRecordedMessage } from "../messages/freezes.ts";
import { problemMessage } from "../messages/problems.ts";
import type { EdgeServices } from "../services.ts";
import { type AnnouncedCluster, readAnnounced, seenText } from "./announced.ts";
import type { AskedCommand } from "./ask.ts";

type Kind = FreezeCommand["kind"];

/** What was named: a whole cluster, or a target of it. */
interface Named {
  readonly scope: FreezeScope;
  readonly at: AnnouncedCluster;
  readonly target: AnnouncedTarget | null;
}

/**
 * `/handover freeze` and `unfreeze`: judged by the policy, recorded with the audit, written into the cluster by a worker.
 * @throws {HandoverError} `redis_away`
 */
export async function changeFreeze(
  kind: Kind,
  text: string,
  asked: AskedCommand,
  services: EdgeServices,
): Promise<ChatMessage> {
  const parsed = parseFreezeCommand(kind, text);
  if (!parsed.ok) return problemMessage(parsed.problem);
  const { command } = parsed;
  const named = nameScope(command.scopeText, await readAnnounced(services));
  if ("code" in named) return problemMessage(named);
  const objection = (await objectionTo(kind, named, asked, services)) ?? whyNobodyCan(kind, named, services);
  if (objection !== null) {
    await auditRefusal(kind, named, asked, objection, services);
    return problemMessage(objection);
  }
  const { cluster } = named.at;
  const wish = await cluster.freezeWishes.ask((nowMs) => wishOf(command, named.scope, asked, nowMs), {
    kind: kind === "freeze" ? "freeze_asked" : "unfreeze_asked",
    requestId: null,
    by: asked.person,
    facts: { scope: scopeText(named.scope), reason: command.reason, durationMs: command.durationMs },
  });
  await wake(wish, named, services);
  return freezeRecordedMessage(wish);
}

function wishOf(command: FreezeCommand, scope: FreezeScope, asked: AskedCommand, nowMs: number): FreezeWish {
  return {
    // The same delivery again is the same wish.
    id: `freeze-${createHash("sha256").update(asked.deliveryId).digest("hex").slice(0, 16)}`,
    kind: command.kind,
    scope,
    by: asked.person,
    reason: command.reason,
    atMs: nowMs,
    untilMs: command.durationMs === null ? null : nowMs + command.durationMs,
    channelId: asked.channelId,
  };
}

/** `main` or `main/*` is a cluster; anything else a target of whatever engine. */
function nameScope(text: string, announced: readonly AnnouncedCluster[]): Named | Problem {
  const whole = announced.find(({ cluster }) => text === `${cluster.name}/*`);
  if (whole !== undefined) return ofCluster(whole);
  const targets = announced.flatMap((at) =>
    at.targets.filter((target) => isNamed(target, text)).map((target) => ({ target, at })),
  );
  const called = announced.find(({ cluster }) => text === cluster.name);
  const candidates = [
    ...targets.map(({ target }) => targetText(target)),
    ...(called === undefined ? [] : [`${text}/*`]),
  ];
  // Two workloads of one name in one namespace are frozen together.
  if (new Set(candidates).size > 1) return problem("target_ambiguous", { given: text, candidates });
  if (called !== undefined) return ofCluster(called);
  const [found] = targets;
  if (found === undefined) {
    const known = announced.flatMap((at) => [`${at.cluster.name}/*`, ...at.targets.map(targetText)]);
    return problem("scope_unknown", { given: text.slice(0, 80), known: known.sort() });
  }
  const { cluster, namespace, name, workload } = found.target;
  return { scope: { cluster, namespace, name, workload }, at: found.at, target: found.target };
}

function ofCluster(at: AnnouncedCluster): Named {
  return { scope: wholeCluster(at.cluster.name), at, target: null };
}

function isNamed(target: AnnouncedTarget, text: string): boolean {
  return [target.name, `${target.namespace}/${target.name}`, targetText(target)].includes(text);
}

/** The policy's word on it. A freeze waits for nobody, so a rule that asks for approvals allows none. */
async function objectionTo(
  kind: Kind,
  { scope, at, target }: Named,
  asked: AskedCommand,
  services: EdgeServices,
): Promise<Problem | null> {
  const operation = freezeOperations[kind];
  const rule = decidingRule(services.policy, operation, target ?? scope);
  const notAllowed = problem("freeze_not_allowed", { operation, scope: scopeText(scope) });
  if (rule === null) return notAllowed;
  const { memberships, nowMs } = await at.cluster.memberships.read();
  const asks = judgeRequester(rule, asked.person, { memberships, notBeforeMs: nowMs - oldestMembershipMs });
  if (asks.kind === "unknown") {
    return problem("people_lookup_failed", { person: `<@${asked.person.userId}>`, why: asks.why });
  }
  if (asks.kind === "no") return notAllowed;
  return rule.requirements.length === 0 ? null : problem("freeze_needs_no_approval", { operation, rule: rule.name });
}

function whyNobodyCan(kind: Kind, { scope, at, target }: Named, services: Pick<EdgeServices, "clock">): Problem | null {
  if (!at.isAlive) {
    const lastSeen = seenText(at.seenAgoMs);
    return problem("freeze_away", {
      cluster: at.cluster.name,
      lastSeen,
      commandLines: linesByHand(kind, scope, target),
    });
  }
  const byHand = target?.freeze;
  const isHeld = byHand !== undefined && isInForce(byHand, services.clock.nowMs());
  if (kind === "freeze" || target === null || !isHeld) return null;
  const freeze = `by ${byHand.by} until ${untilText(byHand.untilMs)}: ${byHand.reason}`;
  return problem("frozen_by_hand", { scope: scopeText(scope), freeze, lift: lineByHand("unfreeze", target) });
}

function linesByHand(kind: Kind, scope: FreezeScope, target: AnnouncedTarget | null): string[] {
  if (target !== null) return [lineByHand(kind, target)];
  const all = isWholeCluster(scope) ? "each workload of it" : scope.name;
  const value = kind === "freeze" ? '="by hand: YOUR NAME"' : "-";
  return [`for ${all}: kubectl annotate statefulset NAME -n NAMESPACE --overwrite ${freezeAnnotation}${value}`];
}

function lineByHand(kind: Kind, target: AnnouncedTarget): string {
  const on = `kubectl annotate ${objectKindOf(target).toLowerCase()} ${target.workload} -n ${target.namespace}`;
  return kind === "freeze"
    ? `${on} --overwrite ${freezeAnnotation}="by hand: YOUR NAME"`
    : `${on} ${freezeAnnotation}-`;
}

/** Any wake-up makes a worker look at the wishes first. One that is lost costs the seconds to its next walk. */
async function wake(wish: FreezeWish, { at }: Named, services: EdgeServices): Promise<void> {
  try {
    await at.cluster.wakeUp.wake("plan", wish.id, 1);
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    services.log.warn({ wish: wish.id, problem: error.problem.code }, "the worker could not be woken");
  }
}

async function auditRefusal(
  kind: Kind,
  { scope, at }: Named,
  asked: AskedCommand,
  why: Problem,
  services: EdgeServices,
): Promise<void> {
  try {
    const facts = { operation: freezeOperations[kind], scope: scopeText(scope), problem: why.code };
    await at.cluster.requests.audit({ kind: "freeze_refused", requestId: null, by: asked.person, facts });
  } catch (error) {
    services.log.warn({ problem: why.code, err: error }, "a refusal could not be put on record");
  }
}
