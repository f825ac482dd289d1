import type { Problem } from "../domain/errors.ts";
import { freezeInForce, frozenProblem, isInForce } from "../domain/freeze.ts";
import { freezeAnnotation, freezeByHand } from "../domain/freeze-words.ts";
import type { OperationContext } from "../operations/operation.ts";
import type { WorkloadMarks } from "../ports/workloads.ts";

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
