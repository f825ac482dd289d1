import { type Problem, problem } from "../../domain/errors.ts";
import type { OperationContext, UndoResult } from "../operation.ts";
import { describeNodes, highestEpoch } from "./assess.ts";
import type { FailoverDetails } from "./failover-details.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import { routeOnce } from "./role-labels.ts";
import { assumeRole, nodeOf } from "./server-calls.ts";
import { type CallsSent, decideUndo, mayBeOnItsWay, mayBePromoted, mayHaveTakenWrites } from "./undo-decision.ts";
import { undoUntilKnown } from "./undo-until-known.ts";

/**
 * Puts the old primary back after a step has failed, as long as nothing else can have taken a write. Looks until the
 * servers say enough to be certain, whatever fails meanwhile; only the signal ends it, and then the outcome is unknown.
 */
export async function undoFailover(
  context: OperationContext,
  details: FailoverDetails,
  failure: Problem,
  sent: CallsSent,
): Promise<UndoResult> {
  const undo = new FailoverUndo(context, details, failure, sent);
  return await undoUntilKnown(
    context,
    () => undo.tryOnce(),
    () => undo.unknown(),
  );
}

class FailoverUndo {
  readonly #context: OperationContext;
  readonly #details: FailoverDetails;
  readonly #failure: Problem;
  readonly #sent: CallsSent;
  #view: DoltView | null = null;
  #putBackTried = false;

  constructor(context: OperationContext, details: FailoverDetails, failure: Problem, sent: CallsSent) {
    this.#context = context;
    this.#details = details;
    this.#failure = failure;
    this.#sent = sent;
  }

  /** Looks once, and does what that look allows. Null: look again. */
  async tryOnce(): Promise<UndoResult | null> {
    const { primary, candidate } = this.#details;
    const view = await lookAtDolt(this.#context);
    // What an aborted look says of the servers is its own end, not theirs.
    if (this.#context.signal.aborted) return this.unknown();
    this.#view = view;
    switch (decideUndo(view, this.#details, this.#sent, this.#putBackTried)) {
      case "stop":
        return this.unknown();
      case "finish": {
        await this.#route(candidate.name, view);
        const note = `${candidate.name} is primary and routed; ${primary.name} is not primary any more.`;
        return { kind: "finished", note };
      }
      case "put_back":
        await this.#putBack(view);
        return null;
      case "nothing_changed":
        await this.#route(primary.name, view);
        return { kind: "nothing_changed", problem: this.#failure };
      case "undone": {
        await this.#route(primary.name, view);
        const epoch = nodeOf(view, primary.name)?.answer?.epoch ?? this.#details.epoch;
        return {
          kind: "undone",
          problem: problem("dolt_undone", { pod: primary.name, epoch, why: this.#failure.what }),
        };
      }
      case "route_old":
        await this.#route(primary.name, view);
        return null;
      case "wait":
        return null;
    }
  }

  unknown(): UndoResult {
    const view = this.#view;
    const { primary, candidate } = this.#details;
    const target = this.#context.targetName;
    const now = view === null ? "the cluster does not answer" : describeNodes(view).join("; ");
    // A failure of this very kind says itself what is, at a time that is over.
    const why = this.#failure.code === "dolt_outcome_unknown" ? "" : `${this.#failure.what} `;
    const state = `${why}Now: ${now}.`;
    const hasWrites =
      !this.#putBackTried &&
      mayHaveTakenWrites(view === null ? null : nodeOf(view, candidate.name), this.#details, this.#sent);
    const todo = hasWrites
      ? `Do not promote ${primary.name}: ${candidate.name} was promoted, or may have been, and can hold acknowledged writes that no other server has. Bring ${candidate.name} back, and see that it alone is primary and carries the primary's label: npx handover dolt status ${target} tells. Only if its volume is lost, promote the standby that holds most: npx handover dolt promote ${target} --avoid ${candidate.name} --reason "…".`
      : `Find out whether ${primary.name} or ${candidate.name} is primary before anything else is promoted, and see that only that pod carries the primary's label: npx handover dolt status ${target} tells what contradicts, and what mends it.`;
    return { kind: "unknown", problem: problem("dolt_outcome_unknown", { state, todo }) };
  }

  /**
   * Promotes the old primary above every call that may be on its way: one that nobody answered can still wait in a frozen
   * server, so the standbys that answer are raised first, which makes a promotion among them fail (design: “Epochs only
   * grow”), and the old primary goes above that, which makes its own demotion fail.
   */
  async #putBack(view: DoltView): Promise<void> {
    const fence = highestEpoch(view) + 1;
    if (mayBePromoted(this.#sent)) {
      const standbys = view.nodes.filter((node) => node.answer?.role === "standby");
      await Promise.all(standbys.map((node) => assumeRole(this.#context, view, node.name, "standby", fence)));
    }
    this.#putBackTried = true;
    const epoch = mayBeOnItsWay(this.#sent) ? fence + 1 : fence;
    await assumeRole(this.#context, view, this.#details.primary.name, "primary", epoch);
  }

  async #route(name: string, view: DoltView): Promise<void> {
    const uid = nodeOf(view, name)?.pod?.uid ?? "";
    await routeOnce({ name, uid }, this.#context, view.workload);
  }
}
