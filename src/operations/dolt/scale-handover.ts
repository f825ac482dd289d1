import { fail, type Problem } from "../../domain/errors.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext, Step, UndoResult } from "../operation.ts";
import { findOnlyPrimary } from "./assess.ts";
import type { FailoverDetails } from "./failover-details.ts";
import { FailoverRun } from "./failover-run.ts";
import { lookAtDolt } from "./look.ts";
import { isRoutedOnlyTo } from "./role-labels.ts";
import { handoverPrefix, type ScaleDetails } from "./scale-details.ts";
import { readSituation } from "./scale-situation.ts";
import { assumeRole, identityOf, nodeOf } from "./server-calls.ts";

/**
 * The failover from a primary that leaves to a server that stays, before the configuration is touched: a server takes
 * replication only from those that its own configuration names (Dolt checks their tokens with keys that it fetches there), so
 * one that has forgotten a primary cannot follow it any more.
 */
export class ScaleHandover {
  readonly #context: OperationContext;
  readonly #details: ScaleDetails;
  readonly #failover: FailoverDetails;
  readonly #resumed: boolean;
  readonly #run: FailoverRun;
  #hasBegun = false;
  #hasEnded = false;

  constructor(context: OperationContext, details: ScaleDetails, failover: FailoverDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#failover = failover;
    this.#resumed = resumed;
    this.#run = new FailoverRun(context, failover, resumed);
  }

  get steps(): Step[] {
    const { steps } = this.#run;
    const last = steps.at(-1)?.id;
    return steps.map((step) => ({
      ...step,
      id: `${handoverPrefix}${step.id}`,
      isDone: async (signal) => {
        if (await this.#endedBefore(signal)) return true;
        this.#hasBegun = true;
        return await step.isDone(signal);
      },
      act: async (signal) => {
        const note = await step.act(signal);
        if (step.id !== last) return note;
        await this.#raise(signal);
        this.#hasEnded = true;
        return note;
      },
    }));
  }

  /** What is to be undone of it; null: it had not begun, or it has ended, and nothing of it is. */
  async undo(failure: Problem, signal: AbortSignal): Promise<UndoResult | null> {
    if (this.#resumed ? await this.#endedBefore(signal) : this.#hasEnded) return null;
    return this.#hasBegun || this.#resumed ? await this.#run.undo(failure, signal) : null;
  }

  result() {
    return this.#run.result();
  }

  async close(): Promise<void> {
    await this.#run.close();
  }

  /**
   * The new primary's epoch becomes the one that the plan names for what follows: at which it was promoted depends on how
   * many workers it took, and nobody could tell later. The same role at a higher epoch keeps its connections (dolt.md,
   * “Procedures”).
   */
  async #raise(signal: AbortSignal): Promise<void> {
    const { roll } = this.#details;
    if (roll === null) return;
    const context = { ...this.#context, signal };
    const { name } = this.#failover.candidate;
    const view = await lookAtDolt(context);
    try {
      await assumeRole(context, view, name, "primary", roll.epoch);
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      const identity = await identityOf(context, view, name);
      if (identity?.role === "primary" && identity.epoch === roll.epoch) return;
      const doing = `its epoch was raised to ${roll.epoch}`;
      throw fail("dolt_silent", { pod: name, doing, why: error.message }, { cause: error });
    }
  }

  /**
   * What comes after it has begun, or its end is plain to see. Asked of the world, because another failover follows, in
   * whose middle nothing of this one shows any more.
   */
  async #endedBefore(signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed || this.#hasEnded) return this.#hasEnded;
    const context = { ...this.#context, signal };
    const view = await lookAtDolt(context);
    const { roll, to, leaving, configures } = this.#details;
    const { change } = await readSituation(context, view, to, leaving);
    const isConfigured = configures && !("why" in change) && Object.keys(change.files).length === 0;
    const isRolling = roll?.batches.flat().some(({ name, uid }) => nodeOf(view, name)?.pod?.uid !== uid) ?? false;
    const found = findOnlyPrimary(view);
    const isHandedOver =
      "primary" in found &&
      !leaving.includes(found.primary.name) &&
      found.primary.answer.epoch >= (roll?.epoch ?? this.#failover.epoch + 1) &&
      isRoutedOnlyTo(found.primary.name, view.workload);
    this.#hasEnded = isConfigured || isRolling || isHandedOver;
    return this.#hasEnded;
  }
}
