import type { Problem } from "../../domain/errors.ts";
import type { PlanStep } from "../../domain/plan.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { WaitingNote } from "../waiting-note.ts";
import { insist } from "./restart-sight.ts";
import { CrateSession } from "./session.ts";
import type { SuspensionDetails } from "./suspend-details.ts";

/** How long the Kubernetes API, or CrateDB, may stay silent before a step gives up. */
export const silenceMs = 120_000;

/** What a step works with. */
export interface SuspensionWork {
  readonly context: OperationContext;
  readonly session: CrateSession;
  readonly details: SuspensionDetails;
  readonly waiting: WaitingNote;
}

export interface SuspensionStep {
  readonly deadlineMs: number;
  readonly changesTarget: boolean;
  /** The StatefulSets were just read. */
  readonly isDone: (work: SuspensionWork) => Promise<boolean>;
  readonly act: (work: SuspensionWork) => Promise<string | null>;
}

/** Suspending or resuming, carried out: steps that each ask the world, and can be taken up by another process. */
export class SuspensionRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: SuspensionDetails;
  readonly #summary: string;
  readonly #undo: (work: Opening, failure: Problem) => Promise<UndoResult>;
  #session: CrateSession | null = null;

  constructor(
    context: OperationContext,
    details: SuspensionDetails,
    parts: {
      readonly planned: readonly PlanStep[];
      /** By their ids; those without an entry here are none. */
      readonly steps: Readonly<Record<string, SuspensionStep>>;
      readonly summary: string;
      readonly undo: (work: Opening, failure: Problem) => Promise<UndoResult>;
    },
  ) {
    this.#context = context;
    this.#details = details;
    this.#summary = parts.summary;
    this.#undo = parts.undo;
    const carriedOut = parts.planned.flatMap(({ id, title }) => {
      const step = parts.steps[id];
      return step === undefined ? [] : [{ id, title, step }];
    });
    const first = carriedOut.findIndex(({ step }) => step.changesTarget);
    this.steps = carriedOut.map(({ id, title, step }, index) => ({
      id,
      title,
      deadlineMs: step.deadlineMs + silenceMs,
      pointOfNoReturn: index === first,
      safePoint: false,
      changesTarget: step.changesTarget,
      isDone: async (signal) => step.isDone(await this.#work(signal, () => undefined)),
      act: async (signal, tell = () => undefined) => step.act(await this.#work(signal, tell)),
    }));
  }

  undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    const context = { ...this.#context, signal };
    return this.#undo({ context, details: this.#details, opened: () => this.#opened(context) }, failure);
  }

  result() {
    return { summary: this.#summary, writesStoppedMs: null };
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }

  async #work(signal: AbortSignal, tell: (note: string) => void): Promise<SuspensionWork> {
    const context = { ...this.#context, signal };
    const waiting = new WaitingNote(context.clock, tell);
    const giveUpAtMs = context.clock.monotonicMs() + silenceMs;
    const session = await insist(context, giveUpAtMs, waiting, async () => {
      const opened = await this.#opened(context);
      await opened.refresh(signal);
      return opened;
    });
    return { context, session, details: this.#details, waiting };
  }

  async #opened(context: OperationContext): Promise<CrateSession> {
    this.#session ??= await CrateSession.open(context);
    return this.#session;
  }
}

/** What putting things back works with: whether anybody answers is not known. */
export interface Opening {
  readonly context: OperationContext;
  readonly details: SuspensionDetails;
  readonly opened: () => Promise<CrateSession>;
}
