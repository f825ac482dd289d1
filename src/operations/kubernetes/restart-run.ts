import { fail, type Problem } from "../../domain/errors.ts";
import type { RolloutView } from "../../ports/rollouts.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { WaitingNote } from "../waiting-note.ts";
import { evictAndWait, isBack } from "./evict-pods.ts";
import { lookAtRollout, lookUntilAnswered, nameOf, untilAnswered } from "./look.ts";
import {
  type EvictedPod,
  evictId,
  evictionSteps,
  type RestartDetails,
  restartSteps,
  stepIds,
} from "./restart-details.ts";
import { undoRestart } from "./restart-undo.ts";
import { stateText, unreadyPods } from "./rollout-state.ts";
import { diagnosisMs, untilRolled } from "./watch-rollout.ts";

const callsMs = 15_000;
/** However many pods there are: whoever waits longer looks by themselves. */
const longestRollMs = 12 * 3_600_000;

/** One restart being carried out; every step can be taken up by another process. */
export class RestartRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: RestartDetails;
  readonly #resumed: boolean;
  readonly #restarted = new Set<string>();
  #end: string | null = null;

  constructor(context: OperationContext, details: RestartDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#resumed = resumed;
    const titles = new Map(restartSteps(details).map((step) => [step.id, step.title]));
    const groups = evictionSteps(details);
    this.steps = [
      this.#step(titles, stepIds.check, {
        deadlineMs: callsMs,
        isDone: async () => resumed,
        act: (signal) => this.#check(signal),
      }),
      ...(details.write === null ? [] : [this.#writeStep(titles)]),
      ...groups.map((group, index) => this.#evictStep(titles, group, index === 0 && details.write === null)),
      ...(groups.length > 0 ? [] : [this.#rollStep(titles)]),
    ];
  }

  undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    return undoRestart({ ...this.#context, signal }, this.#details, failure);
  }

  result() {
    const { evicted } = this.#details;
    const [done, left] = [true, false].map((wanted) =>
      evicted.filter(({ uid }) => this.#restarted.has(uid) === wanted).map(({ name }) => name),
    );
    const summary =
      evicted.length === 0
        ? (this.#end ?? "Not finished.")
        : `Restarted, and ready again: ${done?.join(", ") || "none"}.${left?.length ? ` Left: ${left.join(", ")}.` : ""}`;
    return { summary, writesStoppedMs: null };
  }

  async close(): Promise<void> {}

  #step(
    titles: ReadonlyMap<string, string>,
    id: string,
    more: Pick<Step, "deadlineMs" | "isDone" | "act"> & Partial<Step>,
  ): Step {
    const title = titles.get(id) ?? id;
    return { id, title, pointOfNoReturn: false, safePoint: false, changesTarget: false, ...more };
  }

  #writeStep(titles: ReadonlyMap<string, string>): Step {
    return this.#step(titles, stepIds.write, {
      deadlineMs: callsMs,
      pointOfNoReturn: true,
      changesTarget: true,
      isDone: async (signal) => isWritten(this.#details, await lookUntilAnswered({ ...this.#context, signal })),
      act: (signal) => this.#write(signal),
    });
  }

  #rollStep(titles: ReadonlyMap<string, string>): Step {
    const { pods, waitMs } = this.#details;
    return this.#step(titles, stepIds.roll, {
      deadlineMs: Math.min(longestRollMs, waitMs * (pods + 1)) + diagnosisMs + callsMs,
      // It may evict a broken pod that stands in the way.
      changesTarget: true,
      isDone: async () => false,
      act: (signal, tell) => this.#watch(signal, tell),
    });
  }

  #evictStep(titles: ReadonlyMap<string, string>, group: readonly EvictedPod[], isFirst: boolean): Step {
    return this.#step(titles, evictId(group), {
      deadlineMs: this.#details.waitMs * group.length + diagnosisMs + callsMs,
      pointOfNoReturn: isFirst,
      safePoint: true,
      changesTarget: true,
      isDone: (signal) => this.#areBack(group, signal),
      act: (signal, tell) => this.#evict(group, signal, tell),
    });
  }

  async #check(signal: AbortSignal): Promise<null> {
    const view = await lookUntilAnswered({ ...this.#context, signal });
    this.#assertSame(view);
    return null;
  }

  async #write(signal: AbortSignal): Promise<null> {
    const context = { ...this.#context, signal };
    if (await untilAnswered(context, () => this.#writeOnce(context))) return null;
    throw fail("workload_changed", { workload: nameOf(context), doing: "restarted" });
  }

  /** True: it is written. False: somebody else wrote at the same moment. */
  async #writeOnce(context: OperationContext): Promise<boolean> {
    const { rollouts } = context.workloads;
    const { write } = this.#details;
    const view = await lookAtRollout(context);
    if (write === null || isWritten(this.#details, view)) return true;
    this.#assertSame(view);
    if (write.kind === "restart") return await rollouts.setRestartedAt(view, write.at, context.signal);
    const { digest, restartedAt } = write.template;
    const revisions = await rollouts.revisions(view, context.signal);
    const former = revisions.find((one) => one.digest === digest && one.restartedAt === restartedAt);
    if (former === undefined) throw fail("workload_no_former", { workload: nameOf(context) });
    return await rollouts.putTemplate(view, former, context.signal);
  }

  async #watch(signal: AbortSignal, tell: (note: string) => void = () => undefined): Promise<string> {
    const context = { ...this.#context, signal };
    const { uid, waitMs } = this.#details;
    const isExpected = (view: RolloutView) => isWritten(this.#details, view);
    const isEnd = (view: RolloutView) => view.isRolled && unreadyPods(view).length === 0;
    const waiting = new WaitingNote(context.clock, tell);
    const view = await untilRolled(
      context,
      { uid, isExpected, isEnd, doing: "restarted", waitMs, clearsTheWay: true },
      waiting,
    );
    this.#end = `All pods are new, and ready: ${stateText(view)}.`;
    return stateText(view);
  }

  async #areBack(group: readonly EvictedPod[], signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    const view = await lookUntilAnswered({ ...this.#context, signal });
    if (!group.every((pod) => isBack(view, pod, this.#details))) return false;
    for (const { uid } of group) this.#restarted.add(uid);
    return true;
  }

  async #evict(
    group: readonly EvictedPod[],
    signal: AbortSignal,
    tell: (note: string) => void = () => undefined,
  ): Promise<string> {
    const context = { ...this.#context, signal };
    const waiting = new WaitingNote(context.clock, tell);
    for (const pod of group) {
      await evictAndWait(context, pod, this.#details, waiting);
      this.#restarted.add(pod.uid);
    }
    const view = await lookUntilAnswered(context);
    const unready = unreadyPods(view).length;
    return unready === 0 ? "ready" : stateText(view);
  }

  /** Throws `workload_changed` when it is not what the plan was made for any more. */
  #assertSame(view: RolloutView): void {
    const { uid, before } = this.#details;
    const { digest, restartedAt } = view.template;
    if (view.uid === uid && digest === before.digest && restartedAt === before.restartedAt) return;
    throw fail("workload_changed", { workload: nameOf(this.#context), doing: "restarted" });
  }
}

/** Whether the workload has what this restart writes. */
export function isWritten({ write, before }: RestartDetails, { template }: RolloutView): boolean {
  if (write === null) return true;
  if (write.kind === "restart") return template.restartedAt === write.at && template.digest === before.digest;
  return template.digest === write.template.digest && template.restartedAt === write.template.restartedAt;
}
