import { fail, type Problem } from "../../domain/errors.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { highestEpoch, isAnswering } from "./assess.ts";
import { readEvidence } from "./divergence-read.ts";
import type { DoltView } from "./look.ts";
import { stakesOf } from "./repair-choice.ts";
import { type RepairDetails, repairSteps } from "./repair-details.ts";
import { demandItsHistory } from "./repair-history.ts";
import { RejoinWatch } from "./repair-rejoin.ts";
import { SavedSides } from "./repair-save.ts";
import { chosenIfPromoted, describe, isDescribedBy, lookUntilSeen } from "./repair-state.ts";
import { undoRepair } from "./repair-undo.ts";
import { isRoutedOnlyTo, roleLabel, routeTo } from "./role-labels.ts";
import { assumeRole, connectTo, nodeOf } from "./server-calls.ts";
import { told } from "./told.ts";

const lookAgainAfterMs = 300;
const connectionsDeadlineMs = 5_000;

/** One repair being carried out. Every step can be taken up by another process: what the servers say decides. */
export class RepairRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: RepairDetails;
  readonly #resumed: boolean;
  readonly #saved: SavedSides;
  /** Whether a promotion may have been sent: from then on the others may be overwritten. */
  #promotionSent: boolean;
  #writesStoppedAtMs: number | null = null;
  #writesStoppedMs: number | null = null;
  #left: readonly string[] = [];

  constructor(context: OperationContext, details: RepairDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#resumed = resumed;
    this.#promotionSent = resumed;
    this.#saved = new SavedSides(details);
    const first = details.others.some((other) => other.writable) ? "hold" : "promote";
    const parts = new Map<string, Pick<Step, "deadlineMs" | "isDone" | "act"> & { changes: boolean; safe?: boolean }>([
      ["check", { deadlineMs: 60_000, changes: false, isDone: this.#isPromoted, act: this.#check }],
      ["save", { deadlineMs: 60 * 60_000, changes: false, isDone: this.#isPromoted, act: this.#save }],
      ["hold", { deadlineMs: 60 * 60_000, changes: true, isDone: this.#isPromoted, act: this.#hold }],
      ["promote", { deadlineMs: 10 * 60_000, changes: true, isDone: this.#isPromoted, act: this.#promote }],
      ["route", { deadlineMs: 60_000, changes: true, isDone: this.#isRouted, act: this.#route }],
      ["restore", { deadlineMs: 60 * 60_000, changes: true, safe: true, isDone: never, act: this.#restore }],
      ["rejoin", { deadlineMs: 20 * 60_000, changes: true, safe: true, isDone: never, act: this.#rejoin }],
    ]);
    this.steps = repairSteps(details).flatMap(({ id, title }) => {
      const part = parts.get(id);
      if (part === undefined) return [];
      const { deadlineMs, changes, safe = false, isDone, act } = part;
      return [
        {
          id,
          title,
          deadlineMs,
          pointOfNoReturn: id === first,
          safePoint: safe,
          changesTarget: changes,
          isDone: (signal: AbortSignal) => told(title, isDone(signal)),
          act: (signal: AbortSignal) => told(title, act(signal)),
        },
      ];
    });
  }

  undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    return undoRepair(this.#with(signal), this.#details, failure, this.#promotionSent);
  }

  result() {
    const followers = this.#details.others.length - this.#left.length;
    const follow = followers === 0 ? "" : followers === 1 ? ", and 1 follows it" : `, and ${followers} follow it`;
    const left = this.#left.length === 0 ? "" : ` Not seen yet: ${this.#left.join("; ")}.`;
    const saves = this.#details.saves.map(({ pod, database, url }) => `${database} of ${pod}: ${url}`);
    const saved = saves.length === 0 ? "" : ` Saved: ${saves.join(", ")}.`;
    return { summary: `${this.#name} is primary${follow}.${left}${saved}`, writesStoppedMs: this.#writesStoppedMs };
  }

  async close(): Promise<void> {
    // Every session is closed where it was opened.
  }

  /** Only a resumed run can find the promotion behind it. */
  readonly #isPromoted = async (signal: AbortSignal): Promise<boolean> => {
    if (!this.#resumed) return false;
    return chosenIfPromoted(await this.#look(signal), this.#details) !== null;
  };

  /** Roles and epochs are facts of the plan; here it is that nobody holds more than people were told. */
  readonly #check = async (signal: AbortSignal): Promise<string> => {
    const context = this.#with(signal);
    const view = await lookUntilSeen(context);
    if (!isDescribedBy(view, this.#details)) throw fail("dolt_repair_changed", { now: describe(view) });
    const stakes = stakesOf(view, await readEvidence(context, view), this.#name);
    const held = stakes.flatMap(({ pod, databases }) => (databases ?? []).map((database) => `${pod}/${database}`));
    const untold = held.filter((one) => !this.#details.atStake.includes(one));
    if (untold.length > 0) throw fail("dolt_repair_changed", { now: `${untold.join(", ")} holds more than it did` });
    await demandItsHistory(context, view, this.#details);
    return "as in the plan";
  };

  /** From here on nobody who follows the label writes to what is going to be overwritten. */
  readonly #hold = async (signal: AbortSignal): Promise<string> => {
    const context = this.#with(signal);
    const view = await lookUntilSeen(context);
    const chosen = nodeOf(view, this.#name);
    const isWritable = chosen?.answer?.role === "primary" && !chosen.answer.readOnly;
    if (!isWritable) this.#writesStoppedAtMs = context.clock.monotonicMs();
    await routeTo(this.#details.chosen, context, view.workload);
    const cut: string[] = [];
    for (const { name, writable } of this.#details.others) {
      if (writable) cut.push(`${name}: ${await this.#cut(view, name, signal)}`);
    }
    await this.#saved.saveChanged(context, await lookUntilSeen(context));
    return cut.join("; ");
  };

  /** A fence it is not: clients may come back. One that cannot be reached is cut off from clients by its label only. */
  async #cut(view: DoltView, name: string, signal: AbortSignal): Promise<string> {
    try {
      const session = await connectTo(this.#with(signal), view, name);
      try {
        const count = await session.backups.cutConnections({ deadlineMs: connectionsDeadlineMs, signal });
        return `${count} connections cut`;
      } finally {
        session.close();
      }
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      return `its connections could not be cut (${error.message})`;
    }
  }

  readonly #save = async (signal: AbortSignal): Promise<string> => {
    const context = this.#with(signal);
    return await this.#saved.saveAll(context, await lookUntilSeen(context));
  };

  /**
   * Tried again until it is primary above all: whatever call of it comes late promotes the same server. One that was killed
   * is waited for. Throws `dolt_not_promoted`.
   */
  readonly #promote = async (signal: AbortSignal): Promise<string> => {
    const context = this.#with(signal);
    const giveUpAtMs = context.clock.monotonicMs() + 90_000;
    let isReady = false;
    for (;;) {
      const view = await lookUntilSeen(context);
      const promoted = chosenIfPromoted(view, this.#details);
      if (promoted !== null) return `primary at epoch ${promoted.answer.epoch}`;
      const why = this.#whyNot(view) ?? (isReady ? null : await this.#prepare(context, view));
      if (why === null) isReady = true;
      const failure = why ?? (await this.#tryToPromote(context, view));
      // Whether it really is primary shows at the next look.
      if (failure === null) continue;
      if (context.clock.monotonicMs() >= giveUpAtMs) throw fail("dolt_not_promoted", { pod: this.#name, why: failure });
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  };

  /** What was written meanwhile is saved, and the chosen one is still the one that people chose. Gives why that is not known. */
  async #prepare(context: OperationContext, view: DoltView): Promise<string | null> {
    await this.#saved.saveChanged(context, view);
    try {
      await demandItsHistory(context, view, this.#details);
      return null;
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      return error.message;
    }
  }

  /** Why it cannot be promoted now; throws where waiting would not help. */
  #whyNot(view: DoltView): string | null {
    const { chosen } = this.#details;
    const node = nodeOf(view, chosen.name);
    if (node?.pod !== null && node?.pod?.uid !== chosen.uid) {
      throw fail("dolt_pod_missing", { pod: chosen.name, doing: "it was made primary" });
    }
    if (node.answer === null) return `it does not answer (${node.silence?.text ?? "no reason known"})`;
    const lacking = chosen.databases.filter((database) => !node.answer?.databases.includes(database));
    if (lacking.length === 0) return null;
    throw fail("dolt_repair_changed", { now: `${chosen.name} lacks ${lacking.join(", ")}, which it had` });
  }

  /**
   * Where somebody is silent, a promotion may be on its way to it, at one epoch above all that answer: the standbys are raised
   * to that first, and the chosen one goes above. Gives why it failed; null: it was done.
   */
  async #tryToPromote(context: OperationContext, view: DoltView): Promise<string | null> {
    const highest = Math.max(highestEpoch(view), this.#details.highestEpoch);
    const somebodyIsSilent = view.nodes.some((node) => node.silence !== null && node.silence.kind !== "stopped");
    try {
      if (somebodyIsSilent) {
        const standbys = view.nodes.filter(isAnswering).filter(({ answer }) => answer.role === "standby");
        const raised = standbys.filter(({ name }) => name !== this.#name);
        await Promise.all(raised.map(({ name }) => assumeRole(context, view, name, "standby", highest + 1)));
      }
      this.#promotionSent = true;
      await assumeRole(context, view, this.#name, "primary", somebodyIsSilent ? highest + 2 : highest + 1);
      if (this.#writesStoppedAtMs !== null) {
        this.#writesStoppedMs = Math.round(context.clock.monotonicMs() - this.#writesStoppedAtMs);
      }
      return null;
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      return error.message;
    }
  }

  readonly #isRouted = async (signal: AbortSignal): Promise<boolean> => {
    return this.#resumed && isRoutedOnlyTo(this.#name, (await this.#look(signal)).workload);
  };

  readonly #route = async (signal: AbortSignal): Promise<string> => {
    const context = this.#with(signal);
    await routeTo(this.#details.chosen, context, (await lookUntilSeen(context)).workload);
    return `${roleLabel}=primary is on ${this.#name} only`;
  };

  readonly #restore = async (signal: AbortSignal): Promise<string> => {
    const context = this.#with(signal);
    return await this.#saved.restoreAll(context, await lookUntilSeen(context));
  };

  readonly #rejoin = async (signal: AbortSignal): Promise<string> => {
    const watch = new RejoinWatch(this.#with(signal), this.#details);
    const { note, left } = await watch.untilRejoined();
    this.#left = left;
    return note;
  };

  get #name(): string {
    return this.#details.chosen.name;
  }

  #look(signal: AbortSignal): Promise<DoltView> {
    return lookUntilSeen(this.#with(signal));
  }

  #with(signal: AbortSignal): OperationContext {
    return { ...this.#context, signal };
  }
}

async function never(): Promise<boolean> {
  return false;
}
