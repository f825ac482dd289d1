import { fail } from "../domain/errors.ts";
import type { Person } from "../domain/people.ts";
import { fingerprintOf, type Parameters, type Plan, type PlanDraft } from "../domain/plan.ts";
import type { TargetKey } from "../domain/target.ts";
import type { Operation, OperationContext, PlanResult } from "../operations/operation.ts";
import { freezeOf } from "./freeze.ts";

export interface PreflightOptions {
  readonly overrideFreeze?: boolean;
  /** The plan that people approved, when the facts are looked at again for it. */
  readonly approved?: Plan;
}

/** The preflight of an operation, and what holds for each one: the workload is there, and nothing that changes it runs while it is frozen. */
export async function preflight(
  operation: Operation,
  context: OperationContext,
  parameters: Parameters,
  options: PreflightOptions = {},
): Promise<PlanResult> {
  const result = await operation.plan(context, parameters, options.approved);
  if (result.kind === "refused" || result.draft.steps.length === 0 || options.overrideFreeze) return result;
  const workload = await context.workloads.look(context.target, context.signal);
  if (workload === null) throw fail("target_unknown", { given: context.targetName, known: [] });
  const frozen = freezeOf(context.targetName, workload.annotations, context.clock.nowMs());
  return frozen === null ? result : { kind: "refused", problems: [frozen] };
}

/** A draft made whole: what it is for, by whom, when, and its fingerprint. */
export function planFrom(
  draft: PlanDraft,
  about: { requestId: string; operation: string; target: TargetKey; requester: Person; parameters: Parameters },
  nowMs: number,
): Plan {
  const { cluster, namespace, name } = about.target;
  return {
    version: 1,
    requestId: about.requestId,
    operation: about.operation,
    target: { cluster, namespace, name },
    requester: about.requester,
    parameters: about.parameters,
    ...draft,
    fingerprint: fingerprintOf(draft.facts, draft.warnings),
    madeAtMs: nowMs,
  };
}
