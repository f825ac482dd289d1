import { type Problem, problem } from "../../domain/errors.ts";
import type { OperationContext, UndoResult } from "../operation.ts";
import { describeNodes, highestEpoch } from "./assess.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import type { PromoteDetails } from "./promote-details.ts";
import { decidePromoteUndo, type PromotionSent } from "./promote-undo-decision.ts";
import { roleLabel, routedPods, routeOnce } from "./role-labels.ts";
import { assumeRole, nodeOf } from "./server-calls.ts";
import { undoUntilKnown } from "./undo-until-known.ts";

/**
 * Puts the label back where it was after a step has failed, as long as nobody was promoted; or finishes, where the candidate
 * was. Looks until the servers say enough, whatever fails meanwhile; only the signal ends it, and then the outcome is unknown.
 */
export async function undoPromotion(
  context: OperationContext,
  details: PromoteDetails,
  failure: Problem,
  sent: PromotionSent,
): Promise<UndoResult> {
  const undo = new PromoteUndo(context, details, failure, sent);
  return await undoUntilKnown(
    context,
    () => undo.tryOnce(),
    () => undo.unknown(),
  );
}

class PromoteUndo {
  readonly #context: OperationContext;
  readonly #details: PromoteDetails;
  readonly #failure: Problem;
  #sent: PromotionSent;
  #view: DoltView | null = null;
  #isLabelPutBack = false;

  constructor(context: OperationContext, details: PromoteDetails, failure: Problem, sent: PromotionSent) {
    this.#context = context;
    this.#details = details;
    this.#failure = failure;
    this.#sent = sent;
  }

  /** Looks once, and does what that look allows. Null: look again. */
  async tryOnce(): Promise<UndoResult | null> {
    const { candidate } = this.#details;
    const view = await lookAtDolt(this.#context);
    // What an aborted look says of the servers is its own end, not theirs.
    if (this.#context.signal.aborted) return this.unknown();
    this.#view = view;
    switch (decidePromoteUndo(view, this.#details, this.#sent)) {
      case "stop":
        return this.unknown();
      case "wait":
        return null;
      case "finish":
        await this.#route(candidate.name, view);
        return { kind: "finished", note: `${candidate.name} is primary and routed.` };
      case "fence":
        await assumeRole(this.#context, view, candidate.name, "standby", highestEpoch(view) + 1);
        this.#sent = "none";
        return null;
      case "route_primary": {
        const primary = view.nodes.find(({ answer }) => answer?.role === "primary")?.name ?? "";
        if (!routedPods(view.workload).includes(primary)) this.#isLabelPutBack = true;
        await this.#route(primary, view);
        return this.#undone(`${primary} answers as primary, and carries the primary's label.`);
      }
      case "restore":
        return await this.#restore(view);
    }
  }

  unknown(): UndoResult {
    const { candidate } = this.#details;
    const now = this.#view === null ? "the cluster does not answer" : describeNodes(this.#view).join("; ");
    const state = `${this.#failure.what} Now: ${now}.`;
    const todo =
      this.#sent === "none"
        ? "Find out which server is primary before anything is promoted, and see that only that pod carries the primary's label."
        : `${candidate.name} may be primary, or become it when it answers again: bring it back and look at the status. If it stays away, promote another: that raises all who answer above it first.`;
    return { kind: "unknown", problem: problem("dolt_outcome_unknown", { state, todo }) };
  }

  /** Nobody is primary: each pod that lost the label to this run gets it back, if it is still that pod. */
  async #restore(view: DoltView): Promise<UndoResult> {
    const { namespace } = this.#context.target;
    const routed = routedPods(view.workload);
    for (const { name, uid } of this.#details.labelled) {
      if (routed.includes(name) || nodeOf(view, name)?.pod?.uid !== uid) continue;
      await this.#context.workloads.labelPod({ namespace, name, uid }, roleLabel, "primary", this.#context.signal);
      this.#isLabelPutBack = true;
    }
    const names = this.#details.labelled.map(({ name }) => name).join(", ");
    return this.#undone(`There is no primary, as before${names === "" ? "" : `; its label is back on ${names}`}.`);
  }

  #undone(state: string): UndoResult {
    if (!this.#isLabelPutBack) return { kind: "nothing_changed", problem: this.#failure };
    const details = { pod: this.#details.candidate.name, state, why: this.#failure.what };
    return { kind: "undone", problem: problem("dolt_promotion_undone", details) };
  }

  async #route(name: string, view: DoltView): Promise<void> {
    const uid = nodeOf(view, name)?.pod?.uid ?? "";
    await routeOnce({ name, uid }, this.#context, view.workload);
  }
}
