import { fail, HandoverError, type Problem } from "../../domain/errors.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { findOnlyPrimary } from "./assess.ts";
import { lookAtDolt } from "./look.ts";
import { narrowedWorkloads } from "./narrowed.ts";
import { RestartRun } from "./restart-run.ts";
import { applyConfiguration, createServices, removeLeftOver } from "./scale-configure.ts";
import { type ScaleDetails, scaleStepIds, scaleSteps } from "./scale-details.ts";
import { ScaleHandover } from "./scale-handover.ts";
import { readSituation } from "./scale-situation.ts";
import { areUp, startPods } from "./scale-start.ts";
import { isStopped, stopPods } from "./scale-stop.ts";
import { undoScale } from "./scale-undo.ts";
import { untilAsConfigured, untilJoined } from "./scale-verify.ts";
import { unlessAway } from "./unless-away.ts";

const configureDeadlineMs = 60_000;
const verifyDeadlineMs = 90_000;
/** A busy server may miss one look. */
const onePrimaryMs = 20_000;
const lookAgainAfterMs = 500;
/** What a pod that does not come up is asked for its reasons, and an API server that is away for a moment. */
const beyondWaitMs = 60_000;

type StepBody = Pick<Step, "deadlineMs" | "isDone" | "act"> & {
  readonly safePoint?: boolean;
  readonly changesTarget?: boolean;
};

/** One scaling being carried out. Every step goes by what the cluster shows, so another process can take it up. */
export class ScaleRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: ScaleDetails;
  readonly #resumed: boolean;
  readonly #handover: ScaleHandover | null;
  readonly #roll: RestartRun | null;
  #primary = "";

  constructor(context: OperationContext, details: ScaleDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#resumed = resumed;
    const { roll, handover } = details;
    this.#handover = handover === null ? null : new ScaleHandover(context, details, handover, resumed);
    const hidden = new Set([...details.joining, ...details.leaving]);
    const narrowed = { ...context, workloads: narrowedWorkloads(context.workloads, hidden) };
    this.#roll = roll === null ? null : new RestartRun(narrowed, roll, resumed);
    const bodies = this.#bodies();
    const borrowed = [...(this.#handover?.steps ?? []), ...(this.#roll?.steps ?? [])];
    const rolled = new Map(borrowed.map((step) => [step.id, step]));
    let hasChanged = false;
    this.steps = scaleSteps(details).map(({ id, title }) => {
      const body = bodies.get(id) ?? rolled.get(id);
      if (body === undefined) throw fail("unexpected", { doing: "a scaling", why: `there is no step ${id}` });
      const changesTarget = body.changesTarget ?? true;
      // The first that changes anything; all that come before it only look.
      const pointOfNoReturn = changesTarget && !hasChanged;
      hasChanged ||= changesTarget;
      const { deadlineMs, isDone, act } = body;
      return { id, title, deadlineMs, pointOfNoReturn, safePoint: body.safePoint ?? false, changesTarget, isDone, act };
    });
  }

  undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    const runs = { handover: this.#handover, roll: this.#roll };
    return undoScale({ ...this.#context, signal }, this.#details, runs, failure);
  }

  result() {
    const { to, joining, leaving } = this.#details;
    const summary = [
      `${to} servers; ${this.#primary} is primary.`,
      joining.length === 0 ? "" : `${joining.join(", ")} joined and hold everything.`,
      leaving.length === 0 ? "" : `${leaving.join(", ")} stopped; their volumes are kept.`,
    ];
    return {
      summary: summary.filter((text) => text !== "").join(" "),
      writesStoppedMs: longest([this.#handover?.result().writesStoppedMs, this.#roll?.result().writesStoppedMs]),
    };
  }

  async close(): Promise<void> {
    await this.#handover?.close();
    await this.#roll?.close();
  }

  #bodies(): ReadonlyMap<string, StepBody> {
    const details = this.#details;
    const { waitMs } = details;
    const ids = scaleStepIds;
    const never = async () => false;
    return new Map<string, StepBody>([
      [
        ids.check,
        {
          deadlineMs: configureDeadlineMs + 60_000,
          changesTarget: false,
          isDone: async () => this.#resumed,
          act: (signal) => this.#check(signal),
        },
      ],
      [
        ids.services,
        {
          deadlineMs: configureDeadlineMs,
          isDone: async (signal) => (await this.#change(signal)).services.length === 0,
          act: (signal) => createServices(this.#with(signal), details),
        },
      ],
      [
        ids.configure,
        {
          deadlineMs: configureDeadlineMs,
          isDone: async (signal) => Object.keys((await this.#change(signal)).files).length === 0,
          act: (signal) => applyConfiguration(this.#with(signal), details),
        },
      ],
      [
        ids.start,
        {
          deadlineMs: waitMs + beyondWaitMs,
          isDone: (signal) => areUp(this.#with(signal), details),
          act: (signal) => startPods(this.#with(signal), details),
        },
      ],
      [
        ids.join,
        {
          deadlineMs: waitMs + beyondWaitMs,
          safePoint: true,
          isDone: never,
          act: (signal) => untilJoined(this.#with(signal), details),
        },
      ],
      [
        ids.remove,
        {
          deadlineMs: waitMs + beyondWaitMs,
          safePoint: true,
          isDone: (signal) => isStopped(this.#with(signal), details),
          act: (signal) => stopPods(this.#with(signal), details),
        },
      ],
      [
        ids.tidy,
        {
          deadlineMs: configureDeadlineMs,
          isDone: async (signal) => (await this.#change(signal)).leftOver.length === 0,
          act: (signal) => removeLeftOver(this.#with(signal), details),
        },
      ],
      [
        ids.verify,
        {
          deadlineMs: verifyDeadlineMs,
          changesTarget: false,
          isDone: never,
          act: async (signal) => {
            this.#primary = await untilAsConfigured(this.#with(signal), details);
            return null;
          },
        },
      ],
    ]);
  }

  async #check(signal: AbortSignal): Promise<string | null> {
    await this.#untilOnePrimary(this.#with(signal));
    await this.#change(signal);
    // After a failover everything is looked at again, by the failover and before each restart.
    return this.#handover === null ? ((await this.#roll?.steps[0]?.act(signal)) ?? null) : null;
  }

  /** Proven from every node, those that are new or leave included: the restarts look at the others only. */
  async #untilOnePrimary(context: OperationContext): Promise<void> {
    const giveUpAtMs = context.clock.monotonicMs() + onePrimaryMs;
    for (;;) {
      const isLast = context.clock.monotonicMs() >= giveUpAtMs;
      const looking = lookAtDolt(context);
      const view = isLast ? await looking : await unlessAway(context.signal, looking);
      const found = view === null ? null : findOnlyPrimary(view);
      if (found !== null && "primary" in found) return;
      const [first] = found?.problems ?? [];
      if (isLast && first !== undefined) throw new HandoverError(first);
      await context.clock.sleep(lookAgainAfterMs, context.signal);
    }
  }

  /** What the configuration has to become now. */
  async #change(signal: AbortSignal) {
    const context = this.#with(signal);
    const { to, leaving } = this.#details;
    const { change } = await readSituation(context, await lookAtDolt(context), to, leaving);
    if ("why" in change) throw fail("dolt_scale_config_changed", { why: change.why });
    return change;
  }

  #with(signal: AbortSignal): OperationContext {
    return { ...this.#context, signal };
  }
}

/** Writes may have stopped twice. */
function longest(stops: readonly (number | null | undefined)[]): number | null {
  const known = stops.filter((ms) => typeof ms === "number");
  return known.length === 0 ? null : Math.max(...known);
}
