import { HandoverError } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import { describeNodes, highestEpoch } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import type { RepairDetails } from "./repair-details.ts";
import { nodeOf } from "./server-calls.ts";

const lookAgainAfterMs = 500;

/** A look, tried again while the Kubernetes API is away, until the signal ends it: what has begun is not given up for that. */
export async function lookUntilSeen(context: OperationContext): Promise<DoltView> {
  for (;;) {
    try {
      return await lookAtDolt(context);
    } catch (error) {
      const isAway = error instanceof HandoverError && error.problem.code === "kubernetes_away";
      if (!isAway || context.signal.aborted) throw error;
      await context.clock.sleep(lookAgainAfterMs, context.signal);
    }
  }
}

/** The chosen server when it is primary above everything that the plan knew and everybody who answers; null when it is not. */
export function chosenIfPromoted(view: DoltView, details: RepairDetails): AnsweringNode | null {
  const node = nodeOf(view, details.chosen.name);
  if (node === null || node.answer === null || node.answer.role !== "primary") return null;
  const { epoch } = node.answer;
  if (epoch <= details.highestEpoch || epoch < highestEpoch(view)) return null;
  return { ...node, answer: node.answer };
}

/** Whether the servers still are what the plan says; what any of them holds is looked at apart. */
export function isDescribedBy(view: DoltView, { chosen, others, highestEpoch: planned }: RepairDetails): boolean {
  const node = nodeOf(view, chosen.name);
  if (node?.pod?.uid !== chosen.uid || node.answer === null || highestEpoch(view) !== planned) return false;
  return others.every(({ name, role }) => (nodeOf(view, name)?.answer?.role ?? null) === role);
}

export function describe(view: DoltView): string {
  return describeNodes(view).join("; ");
}
