import { type Problem, problem } from "../domain/errors.ts";
import { mention, type Person } from "../domain/people.ts";
import { whyNobodyCanApprove } from "../domain/policy/candidates.ts";
import { activeFreeze } from "../domain/policy/freeze-windows.ts";
import { policyHashOf } from "../domain/policy/hash.ts";
import { approvingPrincipals, judgeRequester, requestersToLookUp } from "../domain/policy/judging.ts";
import { commonLabels } from "../domain/policy/labels.ts";
import { decidingRule } from "../domain/policy/matching.ts";
import { type PlannedApproval, plannedApproval } from "../domain/policy/planned-approval.ts";
import type { Policy, PolicyRule } from "../domain/policy/rule.ts";
import { frozenByPolicy } from "../domain/policy/said.ts";
import { distinctPrincipals } from "../domain/principals.ts";
import type { RequestRecord } from "../domain/request.ts";
import type { OperationContext } from "../operations/operation.ts";
import type { People } from "../ports/chat.ts";
import type { MembershipSource } from "../ports/memberships.ts";
import { lookAtPerson, objectionToAsker } from "./look-at-person.ts";

export interface PlanRules {
  readonly policy: Policy;
  readonly people: People;
  readonly memberships: MembershipSource;
}

export type JudgedPlan =
  /** `requester`: with what else Slack knows them by, so that no second account of theirs can approve. */
  | { readonly ok: true; readonly approval: PlannedApproval; readonly requester: Person }
  | { readonly ok: false; readonly problem: Problem };

/**
 * The policy as this worker has it, before a plan is made: whether the person may ask, with a full account of this workspace; whether
 * a freeze stands against it; and who could approve it, for the plan to list. Whoever could not be found out is listed as unknown.
 * @param changesTarget what only reads needs nobody's leave but the policy's, and is never frozen
 * @throws {HandoverError} `kubernetes_away`, `kubernetes_refused`
 */
export async function judgePlan(
  record: Pick<RequestRecord, "operation" | "target" | "requester" | "schedule" | "dryRun">,
  changesTarget: boolean,
  context: OperationContext,
  { policy, people, memberships }: PlanRules,
): Promise<JudgedPlan> {
  const { operation, target, requester } = record;
  const rule = decidingRule(policy, operation, { ...target, labels: await labelsNow(context) });
  if (rule === null) return no(problem("requester_not_allowed", { operation, target: target.name }));
  const approvedBy = changesTarget ? rule : { ...rule, requirements: [], escalation: [] };
  const principals = [...requestersToLookUp(rule, requester), ...approvingPrincipals(approvedBy)];
  const [known, looked] = await Promise.all([
    memberships.look(distinctPrincipals(principals), context.signal),
    lookAtPerson(requester, people, context.signal),
  ]);
  const untrusted = objectionToAsker(requester, looked);
  if (untrusted !== null) return no(untrusted);
  const asks = judgeRequester(rule, requester, { memberships: known, notBeforeMs: null });
  if (asks.kind === "no") return no(problem("requester_not_allowed", { operation, target: target.name }));
  if (asks.kind === "unknown") {
    return no(
      problem("people_lookup_failed", { person: mention(requester), why: `${rule.requesters.text}: ${asks.why}` }),
    );
  }
  if (changesTarget && record.dryRun !== true) {
    const objection =
      frozenAt(rule, target.name, record.schedule?.startAtMs ?? context.clock.nowMs()) ??
      whyNobodyCanApprove(rule, requester, known);
    if (objection !== null) return no(objection);
  }
  return {
    ok: true,
    approval: plannedApproval(approvedBy, policyHashOf(policy), known, context.clock.nowMs()),
    requester: looked.kind === "trusted" ? looked.person : requester,
  };
}

/** What the policy's freeze windows say against a start at this time; null: nothing. */
export function frozenAt(rule: Pick<PolicyRule, "freeze">, target: string, atMs: number): Problem | null {
  const frozen = activeFreeze(rule.freeze, atMs);
  return frozen === null ? null : frozenByPolicy(target, frozen);
}

/** The labels of the workloads behind the target, from the cluster and not from what was announced. */
export async function labelsNow({ workloads, target, signal }: OperationContext): Promise<Record<string, string>> {
  const marks = await workloads.marks(target, signal);
  return { ...commonLabels(marks.map(({ labels }) => labels ?? {})) };
}

function no(why: Problem): JudgedPlan {
  return { ok: false, problem: why };
}
