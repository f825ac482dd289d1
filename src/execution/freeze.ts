import type { Problem } from "../domain/errors.ts";
import { type FreezeWords, freezeInForce, freezeWordsSchema, frozenProblem, isInForce } from "../domain/freeze.ts";
import type { OperationContext } from "../operations/operation.ts";
import type { WorkloadMarks } from "../ports/workloads.ts";

/** Set by hand on a workload. Handover itself writes freezes beside the leases, because it may not change workloads. */
export const freezeAnnotation = "handover.dev/freeze";

/** Why nothing may change this target now; null: no freeze holds. Throws HandoverError when that cannot be read: no answer is no. */
export async function freezeOn(context: OperationContext, marks: readonly WorkloadMarks[]): Promise<Problem | null> {
  const { target, targetName, workloads, clock, signal } = context;
  const nowMs = clock.nowMs();
  for (const { kind, namespace, name, annotations } of marks) {
    const byHand = freezeByHand(annotations);
    if (byHand === null || !isInForce(byHand, nowMs)) continue;
    const lift = `kubectl annotate ${kind.toLowerCase()} ${name} -n ${namespace} ${freezeAnnotation}-`;
    return frozenProblem(targetName, byHand, lift);
  }
  const freezes = await workloads.freezes(target.namespace, signal);
  const freeze = freezeInForce(freezes, { name: targetName, workload: target.workload }, nowMs);
  return freeze === null ? null : frozenProblem(targetName, freeze, `in Slack, /handover unfreeze ${freeze.typed}`);
}

/**
 * The freeze that a workload's annotations hold: JSON `{"by", "reason", "untilMs"}` (`untilMs` null: until lifted). A text that
 * cannot be read freezes until it is lifted: an ambiguous lock blocks.
 */
export function freezeByHand(annotations: Readonly<Record<string, string>>): FreezeWords | null {
  const text = annotations[freezeAnnotation];
  if (text === undefined || text === "") return null;
  try {
    return freezeWordsSchema.parse(JSON.parse(text));
  } catch {
    return { by: "somebody", reason: text, untilMs: null };
  }
}
