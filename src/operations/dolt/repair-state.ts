import { describeNodes, highestEpoch } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import type { DoltView } from "./look.ts";
import type { RepairDetails } from "./repair-details.ts";
import { nodeOf } from "./server-calls.ts";

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
