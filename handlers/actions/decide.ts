import { type Approval, approvalSchema } from "../../src/domain/approval.ts";
import { longestReason } from "../../src/domain/command-line.ts";
import { type Problem, problem } from "../../src/domain/errors.ts";
import type { Memberships } from "../../src/domain/memberships.ts";
import { newStatements } from "../../src/domain/new-statements.ts";
import { type Person, samePerson } from "../../src/domain/people.ts";
import { type Acceptance, needsAcceptance, planSchema } from "../../src/domain/plan.ts";
import { policyHashOf } from "../../src/domain/policy/hash.ts";
import { type ApproverJudgement, rightText } from "../../src/domain/policy/judging.ts";
import type { RequestRecord, WishKind } from "../../src/domain/request.ts";
import { digestOf, openSigned, type Signed, signStatement } from "../../src/domain/signing.ts";
import { approve, deny, objectionToApproval, objectionToDenial } from "../../src/domain/transitions/approving.ts";
import type { Transition } from "../../src/domain/transitions/change.ts";
import { judgeExpiry, objectionToWithdrawal, takenBack } from "../../src/domain/transitions/ending-early.ts";
import { shownPlan } from "../../src/domain/transitions/reading.ts";
import { objectionToWish, wished } from "../../src/domain/transitions/wishing.ts";
import type { Budget } from "../budget.ts";
import { type FullAccount, fullAccount } from "../full-account.ts";
import type { ButtonValue } from "../messages/buttons.ts";
import { replacedMessage } from "../messages/notices.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";
import { judgeClicker, readMemberships } from "./judge-clicker.ts";

/** What a button of a face decides. */
export type Decision = "approve" | "deny" | "withdraw" | WishKind;

/** A click by a person of this workspace, on a button that names a known cluster. */
export interface DecidingClick {
  readonly decision: Decision;
  readonly person: Person;
  readonly channelId: string;
  readonly messageTs: string;
  readonly value: ButtonValue;
  /** The person has read what the plan may cost, and accepted it by name. */
  readonly accepted: boolean;
  /** Why, in the person's own words; null: not said yet. */
  readonly reason: string | null;
}

export type DecisionResult =
  | { readonly ok: true; readonly record: RequestRecord }
  /** Nothing stands against it but what the person has to say first. */
  | { readonly ok: "ask"; readonly record: RequestRecord; readonly asked: Asked }
  | { readonly ok: false; readonly problem: Problem };

/** What is asked of a person in a modal: to accept by name what the plan may cost, or why it is denied. */
export type Asked = { readonly kind: "acceptance"; readonly acceptance: Acceptance } | { readonly kind: "reason" };

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
  let account: FullAccount | null = null;
  let memberships: Memberships | null = null;
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
    const members: Memberships = memberships ?? (await readMemberships(services.policy, cluster.memberships));
    memberships = members;
    const judge: Judge = (person) => judgeClicker(person, record, services.policy, members, found.nowMs);
    const objection = objectionTo(click, record, judge);
    if (objection !== null) return no(objection);
    const looked: FullAccount = account ?? (await fullAccount(click.person, services, budget));
    if (!looked.ok) return no(looked.problem);
    account = looked;
    // Only now it is known whether this is another account of somebody who asked, or approved, already.
    const known = { ...click, person: looked.person };
    const twin = objectionTo(known, record, judge);
    if (twin !== null) return no(twin);
    const asked = askedOf(click, record);
    if (asked !== null) return { ok: "ask", record, asked };
    const next = transition(known, record, judge, found.nowMs, cluster, services);
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
        ...(click.reason === null ? {} : { reason: click.reason }),
        ...policyFacts(judge(looked.person), services),
      },
      statements: newStatements(record, next.record),
    };
    if (await cluster.requests.compareAndSet(next.record, audit)) return next;
  }
  return no(problem("request_not_awaiting", { requestId, state: "being changed by others at this very moment" }));
}

/** Slack's modal asks for no less; what comes from elsewhere is held to it too. */
function objectionToReason(reason: string | null): Problem | null {
  const isGood = reason === null || (reason !== "" && reason.length <= longestReason);
  return isGood ? null : problem("denial_without_reason", { most: longestReason });
}

function askedOf({ decision, accepted, reason }: DecidingClick, record: RequestRecord): Asked | null {
  if (decision === "deny") return reason === null ? { kind: "reason" } : null;
  if (decision !== "approve" || accepted) return null;
  const acceptance = acceptanceAskedOf(record);
  return acceptance === null ? null : { kind: "acceptance", acceptance };
}

function acceptanceAskedOf(record: RequestRecord): Acceptance | null {
  const plan = shownPlan(record);
  return plan?.acceptance !== undefined && needsAcceptance(plan) ? plan.acceptance : null;
}

const auditKinds: Readonly<Record<Decision, string>> = {
  approve: "approval_given",
  deny: "denied",
  withdraw: "withdrawn",
  cancel: "cancel_wished",
  pause: "pause_wished",
  resume: "resume_wished",
};

/** What the policy says of a person, for this record at this moment. */
type Judge = (person: Person) => ApproverJudgement;

/** By which policy, and as whom the person counted, with the age of what is known about that. */
function policyFacts(judged: ApproverJudgement, services: EdgeServices): Readonly<Record<string, string>> {
  const rights = judged.kind === "may" ? judged.rights : [];
  return {
    policy: policyHashOf(services.policy),
    ...(rights.length === 0 ? {} : { as: rights.map(rightText).join(", ") }),
  };
}

function objectionTo(click: DecidingClick, record: RequestRecord, judge: Judge): Problem | null {
  const { decision, person, value } = click;
  switch (decision) {
    case "approve":
      return objectionToApproval(record, judge(person), person, value.fingerprint);
    case "deny":
      return objectionToDenial(record, judge(person), person, value.fingerprint) ?? objectionToReason(click.reason);
    case "withdraw":
      return objectionToWithdrawal(record, judge(person).kind === "may", person);
    case "cancel":
    case "pause":
    case "resume":
      return objectionToWish(record, judge(person), person, decision, value.fingerprint);
  }
}

function transition(
  click: DecidingClick,
  record: RequestRecord,
  judge: Judge,
  nowMs: number,
  cluster: ClusterServices,
  services: EdgeServices,
): Transition {
  const { decision, person, value } = click;
  switch (decision) {
    case "approve":
      return approval(click, record, judge(person), nowMs, cluster, services);
    case "deny":
      return deny(record, person, value.fingerprint, click.reason ?? "", nowMs);
    case "withdraw":
      return takenBack(record, person, nowMs);
    case "cancel":
    case "pause":
    case "resume":
      return wished(record, decision, person, nowMs);
  }
}

function approval(
  click: DecidingClick,
  record: RequestRecord,
  judged: ApproverJudgement,
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
    rights: judged.kind === "may" ? judged.rights : [],
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

/** A message that is not the record's own face counts for nothing, and is redrawn as replaced. */
export async function objectionToMessage(
  click: Pick<DecidingClick, "channelId" | "messageTs">,
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

function no(why: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: why };
}
