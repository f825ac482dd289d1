import { type Problem, problem } from "../../domain/errors.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext, UndoResult } from "../operation.ts";
import { describeNodes, highestEpoch } from "./assess.ts";
import type { FailoverDetails } from "./failover-details.ts";
import { addressOf, type DoltNode, type DoltView, lookAtDolt } from "./look.ts";
import { routeTo } from "./role-labels.ts";

const callDeadlineMs = 5_000;
const lookAgainAfterMs = 300;

/**
 * Puts the old primary back after a step has failed. It holds everything that was ever acknowledged, because nothing else
 * was writable meanwhile. Looks until the servers say enough to be certain, or the signal ends it.
 *
 * `promotionMayBeSent`: a CALL that nobody answered can still be waiting in the candidate, so before the old primary is
 * promoted again, every reachable server is raised above the epoch of that CALL (design: “Epochs only grow”).
 */
export async function undoFailover(
  context: OperationContext,
  details: FailoverDetails,
  failure: Problem,
  promotionMayBeSent: boolean,
): Promise<UndoResult> {
  let view: DoltView | null = null;
  let putBack: { epoch: number } | null = null;
  try {
    for (;;) {
      view = await lookAtDolt(context);
      const old = nodeOf(view, details.primary.name);
      const candidate = nodeOf(view, details.candidate.name);
      if (view.nodes.some((node) => isStranger(node, details))) return unknown(view, details, failure);

      if (isPrimaryAfter(candidate, details.epoch) && putBack === null) {
        const fenced = old?.answer?.role === "standby" || old?.silence?.kind === "stopped";
        if (fenced) {
          await routeTo(details.candidate.name, context, view.workload);
          const note = `${details.candidate.name} is primary and routed; ${details.primary.name} is not primary any more.`;
          return { kind: "finished", note };
        }
      } else if (old?.answer?.role === "primary") {
        await routeTo(details.primary.name, context, view.workload);
        if (old.answer.epoch === details.epoch) return { kind: "nothing_changed", problem: failure };
        // A candidate that may still wake up as primary is not labelled, and nothing is called undone before it was seen.
        if (candidate?.answer?.role === "standby" || candidate?.silence?.kind === "stopped" || !promotionMayBeSent) {
          const { epoch } = old.answer;
          return {
            kind: "undone",
            problem: problem("dolt_undone", { pod: details.primary.name, epoch, why: failure.what }),
          };
        }
      } else if (old?.answer?.role === "standby" && old.answer.epoch > details.epoch) {
        putBack = await promoteAgain(context, view, details, promotionMayBeSent);
      }
      await context.clock.sleep(lookAgainAfterMs, context.signal);
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
    return unknown(view, details, failure);
  }
}

/** Raises every reachable standby, then promotes the old primary above that. A server that does not answer is looked at again. */
async function promoteAgain(
  context: OperationContext,
  view: DoltView,
  details: FailoverDetails,
  promotionMayBeSent: boolean,
): Promise<{ epoch: number } | null> {
  const fence = highestEpoch(view) + 1;
  try {
    if (promotionMayBeSent) {
      const standbys = view.nodes.filter((node) => node.answer?.role === "standby");
      await Promise.all(standbys.map((node) => assume(context, view, node.name, "standby", fence)));
    }
    const epoch = promotionMayBeSent ? fence + 1 : fence;
    await assume(context, view, details.primary.name, "primary", epoch);
    return { epoch };
  } catch (error) {
    if (error instanceof DoltError) return null;
    throw error;
  }
}

async function assume(
  context: OperationContext,
  view: DoltView,
  name: string,
  role: "primary" | "standby",
  epoch: number,
) {
  const options = { deadlineMs: callDeadlineMs, signal: context.signal };
  const pod = nodeOf(view, name)?.pod ?? null;
  const session = await context.dolt.connect(addressOf(name, pod, view.credentials), options);
  try {
    await session.assumeRole(role, epoch, options);
  } finally {
    session.close();
  }
}

function unknown(view: DoltView | null, details: FailoverDetails, failure: Problem): UndoResult {
  const state = `${failure.what} Now: ${view === null ? "the cluster does not answer" : describeNodes(view).join("; ")}.`;
  const todo = `Find out whether ${details.primary.name} or ${details.candidate.name} is primary before anything else is promoted, and see that only that pod carries the primary's label.`;
  return { kind: "unknown", problem: problem("dolt_outcome_unknown", { state, todo }) };
}

function nodeOf(view: DoltView, name: string): DoltNode | null {
  return view.nodes.find((node) => node.name === name) ?? null;
}

function isPrimaryAfter(node: DoltNode | null, epoch: number): boolean {
  return node?.answer?.role === "primary" && node.answer.epoch > epoch;
}

/** A server that is broken, or primary though it is neither of the two: nothing here may be decided by a program. */
function isStranger(node: DoltNode, details: FailoverDetails): boolean {
  if (node.answer === null) return false;
  if (node.answer.role === "detected_broken_config") return true;
  return node.answer.role === "primary" && node.name !== details.primary.name && node.name !== details.candidate.name;
}
