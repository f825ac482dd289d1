import { fail, type Problem } from "../../domain/errors.ts";
import { CrateError } from "../../ports/crate-servers.ts";
import { timeText } from "../new-enough.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { WaitingNote } from "../waiting-note.ts";
import { type RestartDetails, type RestartedNode, restartSteps, stepId } from "./restart-details.ts";
import { reasonsAgainst } from "./restart-fitness.ts";
import { diagnosisMs, fitnessMs, NodeRestart } from "./restart-node.ts";
import { insist, lookAtHealth } from "./restart-sight.ts";
import { isReplaced, undoRestart } from "./restart-undo.ts";
import { CrateSession } from "./session.ts";

const lookAgainAfterMs = 1_000;
/** Putting things back at a node's end, beyond what it waits for. */
const marginMs = 60_000;

/** One rolling restart being carried out; every step can be taken up by another process. */
export class RestartRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: RestartDetails;
  readonly #resumed: boolean;
  #session: CrateSession | null = null;
  readonly #restarted = new Set<string>();

  constructor(context: OperationContext, details: RestartDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#resumed = resumed;
    const titles = new Map(restartSteps(details).map(({ id, title }) => [id, title]));
    this.steps = [
      {
        id: "check",
        title: titles.get("check") ?? "",
        deadlineMs: fitnessMs + marginMs,
        pointOfNoReturn: false,
        safePoint: false,
        changesTarget: false,
        isDone: async () => this.#resumed,
        act: (signal, tell) => this.#check(signal, tell),
      },
      ...details.pods.map((node, index) => this.#restartStep(node, index, titles.get(stepId(node)) ?? "")),
    ];
  }

  async undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    const context = { ...this.#context, signal };
    return await undoRestart(context, () => this.#opened(context), this.#details, failure);
  }

  result() {
    const names = this.#details.pods.map(({ name }) => name);
    const restarted = names.filter((name) => this.#restarted.has(name));
    const left = names.filter((name) => !this.#restarted.has(name));
    const again = `Left: ${left.join(", ")}; to go on with them, type the same command with --before ${timeText(this.#details.beforeMs)}.`;
    const told =
      restarted.length === 0
        ? "No node was restarted."
        : `Restarted ${restarted.length} of ${names.length}: ${restarted.join(", ")}. Every table is GREEN.`;
    return { summary: left.length === 0 ? told : `${told} ${again}`, writesStoppedMs: null };
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }

  #restartStep(node: RestartedNode, index: number, title: string): Step {
    const { waitMs, backupWaitMs } = this.#details;
    return {
      id: stepId(node),
      title,
      // Fitness twice: before the node goes, and for everything that is asked until somebody answers.
      deadlineMs: 2 * fitnessMs + backupWaitMs + waitMs + node.graceSeconds * 1_000 + waitMs + diagnosisMs + marginMs,
      pointOfNoReturn: index === 0,
      safePoint: true,
      changesTarget: true,
      isDone: (signal) => this.#isBack(index, signal),
      act: (signal, tell) => this.#restart(node, index, signal, tell),
    };
  }

  async #check(signal: AbortSignal, tell: (note: string) => void = () => undefined): Promise<null> {
    const context = { ...this.#context, signal };
    const waiting = new WaitingNote(context.clock, tell);
    const giveUpAtMs = context.clock.monotonicMs() + fitnessMs;
    const session = await insist(context, giveUpAtMs, waiting, () => this.#opened(context));
    for (;;) {
      const sight = await insist(context, giveUpAtMs, waiting, () => lookAtHealth(session, signal));
      const reasons = reasonsAgainst(sight, this.#details);
      if (reasons.length === 0) return null;
      if (context.clock.monotonicMs() >= giveUpAtMs) {
        const pod = this.#details.pods[0]?.name ?? "";
        throw fail("crate_restart_held", { pod, seconds: fitnessMs / 1_000, reasons });
      }
      waiting.waitsFor(reasons.join("; "));
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  /**
   * Only a resumed run finds nodes that were restarted by the one before. Of the last that had begun it asks everything: back,
   * GREEN, and nothing left of what was set for it. Those before it were so when the next one began.
   */
  async #isBack(index: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    const context = { ...this.#context, signal };
    const silent = new WaitingNote(context.clock, () => undefined);
    const giveUpAtMs = context.clock.monotonicMs() + fitnessMs;
    const session = await insist(context, giveUpAtMs, silent, () => this.#opened(context));
    const [node, next] = this.#details.pods.slice(index, index + 2);
    if (node === undefined) return true;
    await insist(context, giveUpAtMs, silent, () => session.refresh(signal));
    if (!isReplaced(node, session)) return false;
    if (next === undefined || !isReplaced(next, session)) {
      const left = new NodeRestart(context, session, this.#details, node, silent);
      if (!(await insist(context, giveUpAtMs, silent, () => left.isOver()))) return false;
    }
    this.#restarted.add(node.name);
    return true;
  }

  async #restart(
    node: RestartedNode,
    index: number,
    signal: AbortSignal,
    tell: (note: string) => void = () => undefined,
  ): Promise<string> {
    const context = { ...this.#context, signal };
    const waiting = new WaitingNote(context.clock, tell);
    const giveUpAtMs = context.clock.monotonicMs() + fitnessMs;
    const session = await insist(context, giveUpAtMs, waiting, () => this.#opened(context));
    const restart = new NodeRestart(context, session, this.#details, node, waiting);
    const note = await restart.run(this.#resumed);
    this.#restarted.add(node.name);
    if (index === this.#details.pods.length - 1) await this.#acknowledge(context, session);
    return note;
  }

  /** Each node forgets at its restart what a person had acknowledged; that it stays forgotten is no failure. */
  async #acknowledge(context: OperationContext, session: CrateSession): Promise<void> {
    const { acknowledged } = this.#details;
    if (acknowledged.length === 0) return;
    const options = session.options(context.signal);
    await session.database.acknowledgeChecks(acknowledged, options).catch((error: unknown) => {
      if (!(error instanceof CrateError)) throw error;
    });
  }

  async #opened(context: OperationContext): Promise<CrateSession> {
    this.#session ??= await CrateSession.open(context);
    return this.#session;
  }
}
