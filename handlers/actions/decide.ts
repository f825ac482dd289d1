import { type Approval, approvalSchema } from "../../src/domain/approval.ts";
import { type Problem, problem } from "../../src/domain/errors.ts";
import { newStatements } from "../../src/domain/new-statements.ts";
import { mention, type Person, samePerson } from "../../src/domain/people.ts";
import { type Acceptance, needsAcceptance, planSchema } from "../../src/domain/plan.ts";
import { decidingRule, type PolicyRule } from "../../src/domain/policy.ts";
import type { RequestRecord, WishKind } from "../../src/domain/request.ts";
import { digestOf, openSigned, type Signed, signStatement } from "../../src/domain/signing.ts";
import { approve, deny, objectionToApproval, objectionToDenial } from "../../src/domain/transitions/approving.ts";
import type { Transition } from "../../src/domain/transitions/change.ts";
import { judgeExpiry } from "../../src/domain/transitions/ending-early.ts";
import { shownPlan } from "../../src/domain/transitions/reading.ts";
import { objectionToWish, wished } from "../../src/domain/transitions/wishing.ts";
import { type Account, ChatError } from "../../src/ports/chat.ts";
import type { Budget } from "../budget.ts";
import type { ButtonValue } from "../messages/buttons.ts";
import { replacedMessage } from "../messages/notices.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";

/** What a button of a face decides. */
export type Decision = "approve" | "deny" | WishKind;

/** A click by a person of this workspace, on a button that names a known cluster. */
export interface DecidingClick {
  readonly decision: Decision;
  readonly person: Person;
  readonly channelId: string;
  readonly messageTs: string;
  readonly value: ButtonValue;
  /** The person has read what the plan may cost, and accepted it by name. */
  readonly accepted: boolean;
}

export type DecisionResult =
  | { readonly ok: true; readonly record: RequestRecord }
  /** Nothing stands against it but that the person has to accept first what the plan may cost. */
  | { readonly ok: "ask"; readonly record: RequestRecord; readonly acceptance: Acceptance }
  | { readonly ok: false; readonly problem: Problem };

/** How often the click is judged anew when somebody else changes the record at the same moment. */
const mostAttempts = 5;

/**
 * Judges one click by the record as it is now, and writes down what follows from it.
 * @throws {HandoverError} `redis_away`
 */
export async function decide(
  click: DecidingClick,
  cluster: ClusterServices,
  services: EdgeServices,
  budget: Budget,
): Promise<DecisionResult> {
  const { requestId, fingerprint } = click.value;
  let account: Account | null = null;
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const found = await cluster.requests.read(requestId);
    if (found === null) return no(problem("request_unknown", { requestId }));
    const record = judgeExpiry(found.record, found.nowMs);
    if (record !== found.record) {
      const audit = { kind: "expired", requestId, by: click.person, facts: { before: found.record.state } };
      if (!(await cluster.requests.compareAndSet(record, audit))) continue;
    }
    const stray = await objectionToMessage(click, record, cluster, services, budget);
    if (stray !== null) return no(stray);
    const rule = ruleThenAndNow(record, services);
    const objection = objectionTo(click, record, rule);
    if (objection !== null) return no(objection);
    const looked: Account | Problem = account ?? (await accountOf(click.person, services, budget));
    if ("code" in looked) return no(looked);
    if (looked.objection !== null) return no(problem("person_not_trusted", { why: looked.objection }));
    account = looked;
    // Only now it is known whether this is another account of somebody who asked, or approved, already.
    const known = { ...click, person: looked.person };
    const twin = objectionTo(known, record, rule);
    if (twin !== null) return no(twin);
    const acceptance = click.decision === "approve" && !click.accepted ? acceptanceAskedOf(record) : null;
    if (acceptance !== null) return { ok: "ask", record, acceptance };
    const next = transition(known, record, found.nowMs, cluster, services);
    if (!next.ok) return next;
    const audit = {
      kind: auditKinds[click.decision],
      requestId,
      by: looked.person,
      facts: {
        before: record.state,
        after: next.record.state,
        fingerprint,
        message: click.messageTs,
        ...(click.accepted ? { accepted: acceptanceAskedOf(record)?.title ?? null } : {}),
      },
      statements: newStatements(record, next.record),
    };
    if (await cluster.requests.compareAndSet(next.record, audit)) return next;
  }
  return no(problem("request_not_awaiting", { requestId, state: "being changed by others at this very moment" }));
}

function acceptanceAskedOf(record: RequestRecord): Acceptance | null {
  const plan = shownPlan(record);
  return plan?.acceptance !== undefined && needsAcceptance(plan) ? plan.acceptance : null;
}

const auditKinds: Readonly<Record<Decision, string>> = {
  approve: "approval_given",
  deny: "denied",
  cancel: "cancel_wished",
  pause: "pause_wished",
  resume: "resume_wished",
};

function objectionTo(click: DecidingClick, record: RequestRecord, rule: PolicyRule | null): Problem | null {
  const { decision, person, value } = click;
  switch (decision) {
    case "approve":
      return objectionToApproval(record, rule, person, value.fingerprint);
    case "deny":
      return objectionToDenial(record, rule, person, value.fingerprint);
    case "cancel":
    case "pause":
    case "resume":
      return objectionToWish(record, rule, person, decision, value.fingerprint);
  }
}

function transition(
  click: DecidingClick,
  record: RequestRecord,
  nowMs: number,
  cluster: ClusterServices,
  services: EdgeServices,
): Transition {
  const { decision, person, value } = click;
  switch (decision) {
    case "approve":
      return approval(click, record, nowMs, cluster, services);
    case "deny":
      return deny(record, person, value.fingerprint, nowMs);
    case "cancel":
    case "pause":
    case "resume":
      return wished(record, decision, person, nowMs);
  }
}

function approval(
  click: DecidingClick,
  record: RequestRecord,
  nowMs: number,
  cluster: ClusterServices,
  services: EdgeServices,
): Transition {
  const { plan } = record;
  if (plan === undefined) return no(problem("plan_replaced", { requestId: record.id }));
  const mistrust = mistrustOf(plan, record, cluster);
  if (mistrust !== null) return no(mistrust);
  const given: Approval = approvalSchema.parse({
    version: 1,
    requestId: record.id,
    fingerprint: click.value.fingerprint,
    planDigest: digestOf(plan),
    approver: click.person,
    atMs: nowMs,
    message: { channelId: click.channelId, ts: click.messageTs },
    ...(click.accepted ? { accepted: true } : {}),
  });
  return approve(record, signStatement(given, services.edgeKey), given, nowMs);
}

/** An edge never signs for a plan that the cluster's worker did not sign for this request. */
function mistrustOf(plan: Signed, record: RequestRecord, cluster: ClusterServices): Problem | null {
  const opened = openSigned(plan, cluster.keys, planSchema);
  if (opened === null) return problem("grant_invalid", { why: "the plan is not signed by this cluster's key" });
  if (opened.requestId !== record.id) return problem("grant_invalid", { why: "the plan is another request's" });
  if (!samePerson(opened.requester, record.requester)) {
    return problem("grant_invalid", { why: "the plan was made for another requester" });
  }
  return null;
}

/** Approvers have to be named by the policy now and to have been when the request was made: joining a list does not help. */
function ruleThenAndNow(record: RequestRecord, services: EdgeServices): PolicyRule | null {
  const rule = decidingRule(services.policy, record.operation, record.target);
  if (rule === null) return null;
  return { ...rule, approvers: rule.approvers.filter((userId) => record.rule.approvers.includes(userId)) };
}

/** A message that is not the record's own face counts for nothing, and is redrawn as replaced. */
async function objectionToMessage(
  click: DecidingClick,
  record: RequestRecord,
  cluster: ClusterServices,
  services: EdgeServices,
  budget: Budget,
): Promise<Problem | null> {
  const face = await cluster.faces.read(record.id);
  if (face !== null && face.ts === click.messageTs && face.channelId === click.channelId) return null;
  try {
    await services.chat.update(click.channelId, click.messageTs, replacedMessage(record), budget.slackSignal());
  } catch (error) {
    services.log.warn({ requestId: record.id, err: error }, "a stray message could not be marked as replaced");
  }
  return problem("message_replaced", { requestId: record.id });
}

/** Who clicked, as Slack knows them now; a problem when it does not say. */
async function accountOf(person: Person, services: EdgeServices, budget: Budget): Promise<Account | Problem> {
  try {
    return await services.people.look(person, budget.slackSignal());
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    return problem("people_lookup_failed", { person: mention(person), why: error.slackError });
  }
}

function no(why: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: why };
}
