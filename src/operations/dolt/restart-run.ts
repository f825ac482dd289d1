import { HandoverError, type Problem } from "../../domain/errors.ts";
import { timeText } from "../new-enough.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { WaitingNote } from "../waiting-note.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import { judgeCaughtUp } from "./replicating.ts";
import { batchId, failoverPrefix, type RestartDetails, type RestartedPod, restartSteps } from "./restart-details.ts";
import { RestartFailover } from "./restart-failover.ts";
import { untilFit } from "./restart-fitness.ts";
import { diagnosisMs, type ExpectedPrimary, primaryIn, restartPods } from "./restart-pods.ts";
import { undoRestart } from "./restart-undo.ts";
import { isRoutedOnlyTo, roleLabel, routeTo } from "./role-labels.ts";
import { nodeOf } from "./server-calls.ts";

/** How long the rest of the target may take to become fit for the next restart. */
const fitnessMs = 60_000;
const lookAgainAfterMs = 500;

/** One rolling restart being carried out; every step can be taken up by another process. */
export class RestartRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: RestartDetails;
  readonly #resumed: boolean;
  readonly #failover: RestartFailover;
  readonly #restarted = new Set<string>();

  constructor(context: OperationContext, details: RestartDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#resumed = resumed;
    this.#failover = new RestartFailover(context, details, resumed);
    const titles = new Map(restartSteps(details).map((step) => [step.id, step.title]));
    const first = { current: true };
    const restart = (batch: readonly RestartedPod[], primary: ExpectedPrimary): Step => {
      const pointOfNoReturn = first.current;
      first.current = false;
      return this.#restartStep(batch, primary, titles.get(batchId(batch)) ?? "", pointOfNoReturn);
    };
    const { primary, epoch, candidate } = details;
    this.steps = [
      {
        id: "check",
        title: titles.get("check") ?? "",
        deadlineMs: fitnessMs + 15_000,
        pointOfNoReturn: false,
        safePoint: false,
        changesTarget: false,
        isDone: async () => this.#resumed,
        act: (signal, tell) => this.#check(signal, tell),
      },
      ...details.batches.map((batch) => restart(batch, { name: primary.name, epoch })),
      ...(candidate === null
        ? []
        : [
            ...this.#failover.steps((id) => titles.get(`${failoverPrefix}${id}`) ?? id),
            restart([primary], { name: candidate, epoch: epoch + 1 }),
          ]),
    ];
  }

  undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    return undoRestart({ ...this.#context, signal }, this.#details, this.#failover, failure);
  }

  result() {
    const { batches, candidate, primary, beforeMs } = this.#details;
    const handedOver = this.#failover.result();
    const planned = [...batches.flat(), ...(candidate === null ? [] : [primary])].map(({ name }) => name);
    const left = planned.filter((name) => !this.#restarted.has(name));
    const restarted = planned.filter((name) => this.#restarted.has(name));
    const again = `Left: ${left.join(", ")}; to go on with them, type the same command with --before ${timeText(beforeMs)}.`;
    const summary = [
      restarted.length === 0 ? "No pod was restarted." : `Restarted, and replicating again: ${restarted.join(", ")}.`,
      handedOver?.summary ?? `${primary.name} is primary as before.`,
      ...(left.length === 0 ? [] : [again]),
    ].join(" ");
    return { summary, writesStoppedMs: handedOver?.writesStoppedMs ?? null };
  }

  async close(): Promise<void> {
    await this.#failover.close();
  }

  #restartStep(batch: readonly RestartedPod[], primary: ExpectedPrimary, title: string, isFirst: boolean): Step {
    return {
      id: batchId(batch),
      title,
      deadlineMs: fitnessMs + this.#details.waitMs + diagnosisMs + 15_000,
      pointOfNoReturn: isFirst,
      safePoint: true,
      changesTarget: true,
      isDone: (signal) => this.#areBack(batch, primary, signal),
      act: (signal, tell) => this.#restart(batch, primary, signal, tell),
    };
  }

  async #check(signal: AbortSignal, tell: (note: string) => void = () => undefined): Promise<null> {
    const { primary, epoch, batches } = this.#details;
    const [batch = [primary]] = batches;
    const waiting = new WaitingNote(this.#context.clock, tell);
    const expected = { name: primary.name, epoch };
    await untilFit({ ...this.#context, signal }, this.#details, batch, expected, fitnessMs, waiting);
    return null;
  }

  /**
   * Only a resumed run can find pods that were restarted by the one before: by their UID, caught up by now, and with the
   * label that they are given when they were seen to replicate again.
   */
  async #areBack(batch: readonly RestartedPod[], expected: ExpectedPrimary, signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    const view = await this.#lookUntilAnswered({ ...this.#context, signal });
    if (!batch.every((pod) => isReplaced(pod, view))) return false;
    const primary = primaryIn(view, expected);
    const { maxLagMs } = this.#details;
    const areCaughtUp = ({ name }: RestartedPod) =>
      primary !== null &&
      nodeOf(view, name)?.pod?.labels[roleLabel] === "standby" &&
      !("why" in judgeCaughtUp(view, primary, name, maxLagMs));
    if (!(this.#mayBeFailingOver(expected, view) || batch.every(areCaughtUp))) return false;
    for (const { name } of batch) this.#restarted.add(name);
    return true;
  }

  /** All standbys are restarted and the primary is not what it was: the failover had begun, and its own steps find out how far it came. */
  #mayBeFailingOver(expected: ExpectedPrimary, view: DoltView): boolean {
    const { primary, candidate, batches } = this.#details;
    if (candidate === null || expected.name !== primary.name || primaryIn(view, expected) !== null) return false;
    return batches.flat().every((pod) => isReplaced(pod, view));
  }

  async #restart(
    batch: readonly RestartedPod[],
    primary: ExpectedPrimary,
    signal: AbortSignal,
    tell: (note: string) => void = () => undefined,
  ): Promise<string> {
    const context = { ...this.#context, signal };
    const waiting = new WaitingNote(context.clock, tell);
    if (!(await this.#hasBegun(batch, context))) {
      await untilFit(context, this.#details, batch, primary, fitnessMs, waiting);
    }
    const note = await restartPods(context, batch, primary, this.#details, waiting);
    for (const { name } of batch) this.#restarted.add(name);
    await this.#keepRouted(primary, context);
    return note;
  }

  /** The primary's pod may have been replaced by other hands meanwhile: the new one has no label, and nothing would be routed to it. */
  async #keepRouted({ name, epoch }: ExpectedPrimary, context: OperationContext): Promise<void> {
    const view = await this.#lookUntilAnswered(context);
    const uid = nodeOf(view, name)?.pod?.uid;
    if (uid === undefined || primaryIn(view, { name, epoch }) === null) return;
    if (!isRoutedOnlyTo(name, view.workload)) await routeTo({ name, uid }, context, view.workload);
  }

  /** Once one of them goes, the rest of the batch goes too: waiting for fitness would wait for the pods that it makes unfit. */
  async #hasBegun(batch: readonly RestartedPod[], context: OperationContext): Promise<boolean> {
    if (!this.#resumed) return false;
    const view = await this.#lookUntilAnswered(context);
    return batch.some((pod) => isReplaced(pod, view));
  }

  /** An API server that is away for a moment is no reason to stop what an earlier process has begun. */
  async #lookUntilAnswered(context: OperationContext): Promise<DoltView> {
    for (;;) {
      try {
        return await lookAtDolt(context);
      } catch (error) {
        if (!(error instanceof HandoverError) || error.problem.code !== "kubernetes_away") throw error;
        context.signal.throwIfAborted();
        await context.clock.sleep(lookAgainAfterMs, context.signal);
      }
    }
  }
}

function isReplaced({ name, uid }: RestartedPod, view: DoltView): boolean {
  const pod = nodeOf(view, name)?.pod ?? null;
  return pod?.uid !== uid || pod.terminating;
}
