import { type DataState, DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext } from "../operation.ts";
import { findOnlyPrimary } from "./assess.ts";
import { type AnsweringNode, hasUnknownLag } from "./candidate.ts";
import { differences } from "./data-states.ts";
import { type DoltView, type LookOptions, lookAtDolt, type StateComparison } from "./look.ts";
import { dataStateOf } from "./server-calls.ts";

/** For all of it: reading a state takes a few questions a branch. */
const comparisonDeadlineMs = 5_000;

/**
 * A look, and for each standby of which the only primary cannot say the lag a comparison of both states. Dolt says no lag
 * after a restart or a promotion until somebody writes (dolt.md, “Seen on real servers”); while nobody does, the states
 * stand still and can be compared.
 */
export async function lookAndCompare(context: OperationContext, options: LookOptions = {}): Promise<DoltView> {
  const view = await lookAtDolt(context, options);
  const found = findOnlyPrimary(view);
  return "problems" in found ? view : await compareUnknown(context, view, found.primary);
}

/** The view, and for each standby of which this primary cannot say the lag a comparison of both states. */
export async function compareUnknown(
  context: OperationContext,
  view: DoltView,
  primary: AnsweringNode,
): Promise<DoltView> {
  const unknown = view.nodes.filter((node) => hasUnknownLag(node, primary, view));
  if (unknown.length === 0) return view;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(comparisonDeadlineMs)]);
  const read = (name: string) => stateOrWhyNot({ ...context, signal }, view, name);
  const [reference, ...states] = await Promise.all([primary, ...unknown].map(({ name }) => read(name)));
  const comparisons = unknown.map(({ name }, index) => [name, compare(reference, states[index])] as const);
  return { ...view, comparisons: new Map(comparisons) };
}

async function stateOrWhyNot(context: OperationContext, view: DoltView, name: string): Promise<DataState | string> {
  try {
    return await dataStateOf(context, view, name, comparisonDeadlineMs);
  } catch (error) {
    if (error instanceof DoltError) return `${name}: ${error.message}`;
    throw error;
  }
}

function compare(one: DataState | string | undefined, other: DataState | string | undefined): StateComparison {
  if (one === undefined || other === undefined) return { kind: "failed", why: "nothing was read" };
  if (typeof one === "string") return { kind: "failed", why: one };
  if (typeof other === "string") return { kind: "failed", why: other };
  const found = differences(one, other);
  return found.length === 0 ? { kind: "equal" } : { kind: "unequal", differences: found };
}
