import { fail, type Problem } from "../../domain/errors.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { WaitingNote } from "../waiting-note.ts";
import { backupsNow, giveBackups, pauseBackups } from "./backup-jobs-pause.ts";
import { asked, unlessSilent } from "./crate-calls.ts";
import { lookAtHealth, unwellIn } from "./restart-sight.ts";
import { openAllocation } from "./routing-allocation-hold.ts";
import {
  type CrateScaleDetails,
  crateScaleSteps,
  type ScalePhase,
  type ScaleStepKind,
  scaleStepId,
  stepsOfPhase,
} from "./scale-details.ts";
import { drainNodes } from "./scale-drain.ts";
import { includeNodes } from "./scale-exclusions.ts";
import { areJoined, joinNodes, untilWell } from "./scale-join.ts";
import { haveLeft, leaveNodes } from "./scale-leave.ts";
import { undoScale } from "./scale-undo.ts";
import { rewriteArguments, ScaleSession, type ScaleWork, setOf, surely } from "./scale-work.ts";

/** Looking, writing and explaining around what a step waits for. */
const marginMs = 5 * 60_000;
const backupLookAgainAfterMs = 2_000;
/** `sys.node_checks`: 1 is `gateway.expected_data_nodes`, which nodes that did not restart still have from before. */
const expectedNodesCheck = 1;

/** One scaling being carried out; every step can be taken up by another process. */
export class CrateScaleRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #resumed: boolean;
  readonly #details: CrateScaleDetails;
  readonly #session: ScaleSession;
  readonly #done = new Set<string>();

  constructor(context: OperationContext, details: CrateScaleDetails, resumed: boolean) {
    this.#resumed = resumed;
    this.#details = details;
    this.#session = new ScaleSession(context);
    const titles = new Map(crateScaleSteps(details).map(({ id, title }) => [id, title]));
    const { joinMs, drainMs, backupWaitMs } = details;
    this.steps = [
      {
        id: "backups",
        title: titles.get("backups") ?? "",
        deadlineMs: backupWaitMs + marginMs,
        pointOfNoReturn: true,
        safePoint: false,
        changesTarget: true,
        stoppable: true,
        isDone: async () => false,
        act: (signal, tell) => this.#waitForBackups(signal, tell),
      },
      ...details.phases.flatMap((phase) =>
        stepsOfPhase(phase).map((kind) => this.#phaseStep(kind, phase, titles.get(scaleStepId(kind, phase)) ?? "")),
      ),
      {
        id: "finish",
        title: titles.get("finish") ?? "",
        deadlineMs: joinMs + drainMs + marginMs,
        pointOfNoReturn: false,
        safePoint: false,
        changesTarget: true,
        isDone: async () => false,
        act: (signal, tell) => this.#finish(signal, tell),
      },
    ];
  }

  async undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    const work = await this.#session.work(signal);
    return await undoScale(work, this.#details, failure);
  }

  result() {
    const { phases } = this.#details;
    const told = phases
      .filter((phase) => stepsOfPhase(phase).every((kind) => this.#done.has(scaleStepId(kind, phase))))
      .map(({ group, from, to }) => `${group} from ${from} to ${to}`);
    const summary = told.length === 0 ? "No group was scaled." : `Scaled ${told.join(", ")}.`;
    return { summary, writesStoppedMs: null };
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  #phaseStep(kind: ScaleStepKind, phase: ScalePhase, title: string): Step {
    const { joinMs, drainMs } = this.#details;
    const id = scaleStepId(kind, phase);
    const nodes = Math.max(1, phase.nodes.length);
    const parts: Record<ScaleStepKind, Pick<Step, "deadlineMs" | "isDone" | "act">> = {
      join: {
        deadlineMs: joinMs + drainMs + marginMs,
        isDone: (signal) => this.#isDone(id, signal, (work) => areJoined(work, phase)),
        act: (signal, tell) => this.#act(id, signal, tell, (work) => joinNodes(work, phase, this.#details)),
      },
      drain: {
        deadlineMs: drainMs + marginMs,
        // Only what was emptied is let go, so that fewer pods are the end of it.
        isDone: (signal) => this.#isDone(id, signal, (work) => this.#hasBegunToLeave(work, phase)),
        act: (signal, tell) => this.#act(id, signal, tell, (work) => drainNodes(work, phase, this.#details)),
      },
      leave: {
        deadlineMs: 2 * nodes * joinMs + drainMs + marginMs,
        isDone: (signal) => this.#isDone(id, signal, (work) => haveLeft(work, phase)),
        act: (signal, tell) => this.#act(id, signal, tell, (work) => leaveNodes(work, phase, this.#details)),
      },
    };
    return {
      id,
      title,
      pointOfNoReturn: false,
      // Before a group begins, what was done before stands by itself.
      safePoint: kind === "drain",
      changesTarget: true,
      stoppable: kind !== "leave",
      ...parts[kind],
    };
  }

  /** What cannot be told counts as not done: acting again is safe, and insists. */
  async #isDone(id: string, signal: AbortSignal, ask: (work: ScaleWork) => Promise<boolean>): Promise<boolean> {
    const isDone = (await unlessSilent(signal, this.#session.work(signal).then(ask))) ?? false;
    if (isDone) this.#done.add(id);
    return isDone;
  }

  async #act(
    id: string,
    signal: AbortSignal,
    tell: ((note: string) => void) | undefined,
    act: (work: ScaleWork) => Promise<string>,
  ): Promise<string> {
    const note = await act(await this.#session.work(signal, tell));
    this.#done.add(id);
    return note;
  }

  async #hasBegunToLeave(work: ScaleWork, phase: ScalePhase): Promise<boolean> {
    await work.session.refresh(work.context.signal);
    const replicas = setOf(work, phase)?.replicas;
    return replicas !== undefined && replicas < phase.from;
  }

  /** Paused first, so that none begins while another one is waited for. */
  async #waitForBackups(signal: AbortSignal, tell?: (note: string) => void): Promise<string | null> {
    const work = await this.#session.work(signal, tell);
    const { context, session } = work;
    await surely(work, () => pauseBackups(context, session.cluster));
    const giveUpAtMs = context.clock.monotonicMs() + this.#details.backupWaitMs;
    const waiting = new WaitingNote(context.clock, work.tell);
    for (;;) {
      const running = await surely(work, () => backupsNow(context, session));
      // In the middle of it a snapshot that somebody made by hand only slows it down.
      if (running.length === 0 || this.#resumed) return null;
      if (context.clock.monotonicMs() >= giveUpAtMs) {
        const seconds = this.#details.backupWaitMs / 1_000;
        throw fail("crate_backup_runs", { seconds, backups: running });
      }
      waiting.waitsFor(running.join("; "));
      await context.clock.sleep(backupLookAgainAfterMs, signal);
    }
  }

  /** Everything that a phase leaves as it should be is looked at once more: a process may have died between two of its writes. */
  async #finish(signal: AbortSignal, tell?: (note: string) => void): Promise<string> {
    const work = await this.#session.work(signal, tell);
    const { context, session } = work;
    const { phases, settingsBefore } = this.#details;
    const last = phases.at(-1);
    const own = phases.filter(({ kind }) => kind === "down").flatMap((phase) => phase.own);
    await includeNodes(work, own);
    if (last !== undefined) await rewriteArguments(work, last, last.totals);
    await surely(work, () => openAllocation(context, session, settingsBefore));
    await untilWell(work, [], this.#details, null);
    await surely(work, () =>
      asked(
        "acknowledging sys.node_checks",
        session.database.acknowledgeChecks([expectedNodesCheck], session.options(signal)),
      ),
    );
    await surely(work, () => giveBackups(context, session.cluster));
    const sight = await surely(work, () => lookAtHealth(session, signal));
    const unwell = unwellIn(sight);
    return unwell.length === 0 ? `${sight.nodes.length} nodes, every table GREEN` : unwell.join("; ");
  }
}
