import { fail, HandoverError, type Problem } from "../../domain/errors.ts";
import type { OperationContext, Step, UndoResult } from "../operation.ts";
import { WaitingNote } from "../waiting-note.ts";
import { FailoverRun } from "./failover-run.ts";
import { lookAtDolt } from "./look.ts";
import { failoverDetailsOf, failoverPrefix, type RestartDetails } from "./restart-details.ts";
import { primaryIn } from "./restart-pods.ts";
import { isRoutedOnlyTo } from "./role-labels.ts";
import { nodeOf } from "./server-calls.ts";

/** How long the target may be outside the bounds before the switch. */
const patienceMs = 60_000;

/**
 * The failover within a restart. It is made when its first step comes: the candidate was restarted before, so only then its
 * pod is known.
 */
export class RestartFailover {
  readonly #context: OperationContext;
  readonly #details: RestartDetails;
  readonly #resumed: boolean;
  #run: FailoverRun | null = null;
  #hasEnded = false;

  constructor(context: OperationContext, details: RestartDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#resumed = resumed;
  }

  steps(titleOf: (id: string) => string): Step[] {
    // What each step is stands with the failover; its ids are the same for every failover.
    const shape = new FailoverRun(this.#context, failoverDetailsOf(this.#details, "", []), this.#resumed);
    return shape.steps.map((step) => ({
      ...step,
      id: `${failoverPrefix}${step.id}`,
      title: titleOf(step.id),
      // Before its first step all that was done are restarted standbys, and they stand by themselves.
      safePoint: step.id === shape.steps[0]?.id,
      isDone: async (signal) =>
        (await this.#endedBefore(signal)) || (await (await this.#step(step.id, signal)).isDone(signal)),
      deadlineMs: step.deadlineMs + (step.id === "check" ? patienceMs : 0),
      act: async (signal, tell) => {
        const note = await this.#act(step.id, signal, new WaitingNote(this.#context.clock, tell ?? (() => undefined)));
        this.#hasEnded = step.id === shape.steps.at(-1)?.id;
        return note;
      },
    }));
  }

  /** True from its first step on until its last one has been carried out. */
  get isUnderWay(): boolean {
    return this.#run !== null && !this.#hasEnded;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether another process may have ended in the middle of it. */
  get mayHaveBegunBefore(): boolean {
    return this.#resumed && this.#details.candidate !== null && !this.#hasEnded;
  }

  async undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    this.#run ??= await this.#begin({ ...this.#context, signal });
    return await this.#run.undo(failure, signal);
  }

  /** Null before it has ended. */
  result(): { readonly summary: string; readonly writesStoppedMs: number | null } | null {
    if (!this.#hasEnded) return null;
    return this.#run?.result() ?? { summary: `${this.#details.candidate} is primary.`, writesStoppedMs: null };
  }

  async close(): Promise<void> {
    await this.#run?.close();
  }

  /**
   * The old primary is restarted after the failover only: once that has begun, and the candidate is primary and routed, an
   * earlier process has brought the failover to its end, and the old primary's silence is no riddle.
   */
  async #endedBefore(signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed || this.#run !== null || this.#hasEnded) return this.#hasEnded;
    const { primary, candidate, epoch } = this.#details;
    const view = await lookAtDolt({ ...this.#context, signal });
    const old = nodeOf(view, primary.name)?.pod ?? null;
    const isRestarted = old?.uid !== primary.uid || old.terminating;
    const name = candidate ?? "";
    this.#hasEnded =
      isRestarted && primaryIn(view, { name, epoch: epoch + 1 }) !== null && isRoutedOnlyTo(name, view.workload);
    return this.#hasEnded;
  }

  /** Its first step only looks, for 10 s. Here standbys have just come back, so it looks for longer until all is within the bounds. */
  async #act(id: string, signal: AbortSignal, waiting: WaitingNote): Promise<string | null> {
    const step = await this.#step(id, signal);
    const { clock } = this.#context;
    const giveUpAtMs = clock.monotonicMs() + patienceMs;
    for (;;) {
      try {
        return await step.act(signal);
      } catch (error) {
        if (!(error instanceof HandoverError) || error.problem.code !== "dolt_out_of_bounds") throw error;
        const what = error.problem.what.replace(/ Nothing was changed\.$/, "");
        // A failover by itself says that nothing was changed; here pods have been restarted by then.
        if (clock.monotonicMs() >= giveUpAtMs) throw new HandoverError({ ...error.problem, what }, { cause: error });
        waiting.waitsFor(what);
      }
    }
  }

  async #step(id: string, signal: AbortSignal): Promise<Step> {
    this.#run ??= await this.#begin({ ...this.#context, signal });
    const step = this.#run.steps.find((candidate) => candidate.id === id);
    if (step === undefined) throw fail("unexpected", { doing: "a failover", why: `there is no step ${id}` });
    return step;
  }

  async #begin(context: OperationContext): Promise<FailoverRun> {
    const { primary, candidate, epoch, answering } = this.#details;
    const view = await lookAtDolt(context);
    const old = nodeOf(view, primary.name)?.answer ?? null;
    const isBeforeDemotion = old?.role === "primary" && old.epoch === epoch;
    const pod = nodeOf(view, candidate ?? "")?.pod ?? null;
    // An earlier process may have promoted a pod that is not there any more. Which one that was is not on record, so no
    // UID counts as its: the failover then never puts the old primary back while it cannot see the candidate.
    const uid = isBeforeDemotion ? (pod?.uid ?? "") : "";
    const answers = view.nodes.filter((node) => node.answer !== null).map(({ name }) => name);
    const details = failoverDetailsOf(this.#details, uid, [...new Set([...answering, ...answers])]);
    return new FailoverRun(this.#context, details, this.#resumed);
  }
}
