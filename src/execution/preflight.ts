import { fail, problem } from "../domain/errors.ts";
import type { Person } from "../domain/people.ts";
import { fingerprintOf, type Parameters, type Plan, type PlanDraft } from "../domain/plan.ts";
import type { PlannedApproval } from "../domain/policy/planned-approval.ts";
import type { Schedule } from "../domain/schedule.ts";
import { engineAnnotation, engineSchema, nameAnnotation, type TargetKey } from "../domain/target.ts";
import type { Operation, OperationContext, PlanResult } from "../operations/operation.ts";
import { type TargetReference, targetReference, type WorkloadMarks } from "../ports/workloads.ts";
import { freezeOn } from "./freeze.ts";

/** Code of the warning with which a plan goes past a freeze: it stands in what is confirmed, and on record. */
export const overriddenFreeze = "freeze_overridden";

export interface PreflightOptions {
  /** Of the command line: a freeze is no objection, but a warning. */
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
  const marks = await context.workloads.marks(context.target, context.signal);
  if (marks.length === 0)
    throw fail("target_unknown", {
      given: context.targetName,
      known: [],
      engine: engineSchema.catch("dolt").parse(engineOf(operation)),
    });
  const stranger = marks.find((workload) => !isTarget(workload, operation, context.targetName));
  if (stranger !== undefined) {
    const why = problem("target_not_annotated", {
      ...stranger,
      engine: engineOf(operation),
      target: context.targetName,
    });
    return { kind: "refused", problems: [why] };
  }
  const result = await operation.plan(context, parameters, options.approved);
  if (result.kind === "refused" || result.draft.steps.length === 0) return result;
  const frozen = await freezeOn(context, marks);
  if (frozen === null) return result;
  if (options.overrideFreeze !== true) return { kind: "refused", problems: [frozen] };
  const text = `Goes past a freeze: ${frozen.what.replace(" Nothing was changed.", "")}`;
  const warnings = [...result.draft.warnings, { code: overriddenFreeze, text }];
  return { ...result, draft: { ...result.draft, warnings } };
}

/** Scope is opt-in, by the workload's own annotations as they are now, whatever discovery or a record says. */
function isTarget(workload: WorkloadMarks, operation: Operation, name: string): boolean {
  const { annotations } = workload;
  const isOfEngine = annotations[engineAnnotation] === engineOf(operation);
  return isOfEngine && (annotations[nameAnnotation] ?? workload.name) === name;
}

const engineOf = ({ name }: Operation) => name.slice(0, name.indexOf("."));

/** A draft made whole: what it is for, by whom, when, and its fingerprint. */
export function planFrom(
  draft: PlanDraft,
  about: {
    requestId: string;
    operation: string;
    target: TargetKey & TargetReference;
    requester: Person;
    parameters: Parameters;
    schedule?: Schedule | undefined;
    dryRun?: true | undefined;
    approval?: PlannedApproval | undefined;
  },
  nowMs: number,
): Plan {
  const { cluster, name } = about.target;
  return {
    version: 1,
    requestId: about.requestId,
    operation: about.operation,
    target: { cluster, name, ...targetReference(about.target) },
    requester: about.requester,
    parameters: about.parameters,
    ...(about.schedule === undefined ? {} : { schedule: about.schedule }),
    ...(about.dryRun === undefined ? {} : { dryRun: about.dryRun }),
    ...(about.approval === undefined ? {} : { approval: about.approval }),
    ...draft,
    fingerprint: fingerprintOf(draft.facts, draft.warnings),
    madeAtMs: nowMs,
  };
}
