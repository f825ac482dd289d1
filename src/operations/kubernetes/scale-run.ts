import { fail, HandoverError, type Problem, problem } from "../../domain/errors.ts";
import type { RolloutView } from "../../ports/rollouts.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { WaitingNote } from "../waiting-note.ts";
import { lookUntilAnswered, nameOf, untilAnswered } from "./look.ts";
import { holderTexts, livingPods, stateText } from "./rollout-state.ts";
import { type ScaleDetails, scaleStepIds, scaleSteps } from "./scale-details.ts";
import { diagnosisMs, untilRolled, type WatchedRollout } from "./watch-rollout.ts";

const callsMs = 15_000;

/** One scaling being carried out; every step can be taken up by another process. */
export class ScaleRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: ScaleDetails;

  constructor(context: OperationContext, details: ScaleDetails) {
    this.#context = context;
    this.#details = details;
    const { from, to, waitMs } = details;
    const titles = new Map(scaleSteps(details).map((step) => [step.id, step.title]));
    const step = (id: string, more: Pick<Step, "deadlineMs" | "isDone" | "act"> & Partial<Step>): Step => ({
      id,
      title: titles.get(id) ?? id,
      pointOfNoReturn: false,
      safePoint: false,
      changesTarget: false,
      ...more,
    });
    this.steps = [
      step(scaleStepIds.check, {
        deadlineMs: callsMs,
        isDone: (signal) => this.#isScaled(signal),
        act: (signal) => this.#check(signal),
      }),
      step(scaleStepIds.scale, {
        deadlineMs: callsMs,
        pointOfNoReturn: true,
        changesTarget: true,
        isDone: (signal) => this.#isScaled(signal),
        act: (signal) => this.#scale(signal),
      }),
      step(scaleStepIds.settle, {
        deadlineMs: waitMs * (Math.abs(to - from) + 1) + diagnosisMs + callsMs,
        isDone: async () => false,
        act: (signal, tell) => this.#settle(signal, tell),
      }),
    ];
  }

  /** More pods that do not come up are taken back; fewer are what was asked for, however long the last of them takes. */
  async undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    const context = { ...this.#context, signal };
    const { from, to, uid } = this.#details;
    const workload = nameOf(context);
    try {
      const view = await lookUntilAnswered(context);
      if (view.uid !== uid || view.wanted === from) return { kind: "nothing_changed", problem: failure };
      if (to < from || view.wanted !== to) return this.#stopped(view, failure);
      const { rollouts } = context.workloads;
      if (!(await untilAnswered(context, () => rollouts.setReplicas(context.target, to, from, signal)))) {
        return this.#stopped(await lookUntilAnswered(context), failure);
      }
      return {
        kind: "undone",
        problem: problem("workload_scale_undone", { workload, replicas: from, why: failure.what }),
      };
    } catch (error) {
      if (!(error instanceof HandoverError)) throw error;
      const why = `${failure.what} ${error.problem.what}`;
      return { kind: "unknown", problem: problem("workload_outcome_unknown", { workload, why }) };
    }
  }

  result() {
    const { from, to } = this.#details;
    return { summary: `${nameOf(this.#context)} has ${to} pods; it had ${from}.`, writesStoppedMs: null };
  }

  async close(): Promise<void> {}

  async #isScaled(signal: AbortSignal): Promise<boolean> {
    const view = await lookUntilAnswered({ ...this.#context, signal });
    return view.uid === this.#details.uid && view.wanted === this.#details.to;
  }

  async #check(signal: AbortSignal): Promise<null> {
    const { uid, from } = this.#details;
    const view = await lookUntilAnswered({ ...this.#context, signal });
    if (view.uid !== uid || view.wanted !== from) throw this.#changed();
    return null;
  }

  async #scale(signal: AbortSignal): Promise<null> {
    const { from, to } = this.#details;
    const context = { ...this.#context, signal };
    const { rollouts } = context.workloads;
    const set = () => rollouts.setReplicas(context.target, from, to, signal);
    if (!(await untilAnswered(context, set))) throw this.#changed();
    return null;
  }

  async #settle(signal: AbortSignal, tell: (note: string) => void = () => undefined): Promise<string> {
    const context = { ...this.#context, signal };
    const { uid, to, unready, waitMs } = this.#details;
    const knownTrouble = new Set(unready);
    const watched: WatchedRollout = {
      uid,
      isExpected: (view) => view.wanted === to,
      isEnd: (view) =>
        view.isObserved &&
        view.pods.length === to &&
        livingPods(view).every((pod) => pod.ready || knownTrouble.has(pod.uid)),
      doing: "scaled",
      waitMs,
      clearsTheWay: false,
      knownTrouble,
    };
    const view = await untilRolled(context, watched, new WaitingNote(context.clock, tell));
    return stateText(view);
  }

  #changed(): HandoverError {
    return fail("workload_changed", { workload: nameOf(this.#context), doing: "scaled" });
  }

  #stopped(view: RolloutView, failure: Problem): UndoResult {
    const what = `${nameOf(this.#context)} is set to ${view.wanted} pods and has ${livingPods(view).length}.`;
    const state = holderTexts(view).join("; ");
    return {
      kind: "stopped",
      problem: problem("workload_stopped", { what, why: failure.what, state: state === "" ? "" : `Now: ${state}.` }),
    };
  }
}
