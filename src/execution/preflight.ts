import { fail, problem } from "../domain/errors.ts";
import type { Person } from "../domain/people.ts";
import { fingerprintOf, type Parameters, type Plan, type PlanDraft } from "../domain/plan.ts";
import { engineAnnotation, nameAnnotation, type TargetKey } from "../domain/target.ts";
import type { Operation, OperationContext, PlanResult } from "../operations/operation.ts";
import type { WorkloadView } from "../ports/workloads.ts";
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
  const workload = await context.workloads.look(context.target, context.signal);
  if (workload === null) throw fail("target_unknown", { given: context.targetName, known: [] });
  if (!isTarget(workload, operation, context.targetName)) {
    const { namespace, name } = workload;
    const why = problem("target_not_annotated", { workload: `${namespace}/${name}`, target: context.targetName });
    return { kind: "refused", problems: [why] };
  }
  const result = await operation.plan(context, parameters, options.approved);
  if (result.kind === "refused" || result.draft.steps.length === 0 || options.overrideFreeze) return result;
  const frozen = freezeOf(context.targetName, workload.annotations, context.clock.nowMs());
  return frozen === null ? result : { kind: "refused", problems: [frozen] };
}

/** Scope is opt-in, by the workload's own annotations as they are now, whatever discovery or a record says. */
function isTarget(workload: WorkloadView, operation: Operation, name: string): boolean {
  const { annotations } = workload;
  const engine = operation.name.slice(0, operation.name.indexOf("."));
  return annotations[engineAnnotation] === engine && (annotations[nameAnnotation] ?? workload.name) === name;
}

/** A draft made whole: what it is for, by whom, when, and its fingerprint. */
export function planFrom(
  draft: PlanDraft,
  about: {
    requestId: string;
    operation: string;
    target: TargetKey & { workload: string };
    requester: Person;
    parameters: Parameters;
  },
  nowMs: number,
): Plan {
  const { cluster, namespace, name, workload } = about.target;
  return {
    version: 1,
    requestId: about.requestId,
    operation: about.operation,
    target: { cluster, namespace, name, workload },
    requester: about.requester,
    parameters: about.parameters,
    ...draft,
    fingerprint: fingerprintOf(draft.facts, draft.warnings),
    madeAtMs: nowMs,
  };
}
