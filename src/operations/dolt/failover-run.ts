import { fail, type Problem } from "../../domain/errors.ts";
import {
  type CallOptions,
  type CaughtUpRow,
  DoltError,
  type DoltIdentity,
  type DoltSession,
} from "../../ports/dolt-servers.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { describeNodes, findOnlyPrimary, highestEpoch } from "./assess.ts";
import { chooseCandidate } from "./candidate.ts";
import { missingFrom } from "./caught-up.ts";
import { differences } from "./data-states.ts";
import { type FailoverDetails, failoverSteps } from "./failover-details.ts";
import { undoFailover } from "./failover-undo.ts";
import { addressOf, type DoltNode, type DoltView, lookAtDolt } from "./look.ts";
import { roleLabel, routedPods, routeTo } from "./role-labels.ts";

/**
 * A demotion waits up to a hard-coded 10 s for the standbys, and a failed one needs a moment more to go back.
 * Source: dolt.md, “What a graceful demotion does”.
 */
const demotionDeadlineMs = 15_000;
const promotionDeadlineMs = 5_000;
/** For single questions to a server that is expected to answer. */
const questionDeadlineMs = 2_000;
/** Between two looks at a cluster that is not there yet. */
const lookAgainAfterMs = 200;

/** One failover being carried out. What it knows of its own is a short cut only; every step can be taken up by another process. */
export class FailoverRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: FailoverDetails;
  readonly #resumed: boolean;
  #view: DoltView | null = null;
  #primary: DoltSession | null = null;
  #candidate: DoltSession | null = null;
  /** The demotion's rows and epoch; null when another process demoted, or its answer was lost. */
  #demotion: { rows: readonly CaughtUpRow[]; epoch: number; seenAsStandby: Promise<DoltIdentity | null> } | null = null;
  #promotionMayBeSent: boolean;
  #writesStoppedAtMs: number | null = null;
  #writesStoppedMs: number | null = null;
  #notFollowing: string[] = [];

  constructor(context: OperationContext, details: FailoverDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#resumed = resumed;
    this.#promotionMayBeSent = resumed;
    const titles = new Map(failoverSteps(details).map((step) => [step.id, step.title]));
    const step = (id: string, rest: Omit<Step, "id" | "title">): Step => {
      const title = titles.get(id) ?? id;
      const { isDone, act } = rest;
      return {
        ...rest,
        id,
        title,
        isDone: (signal) => told(title, isDone(signal)),
        act: (signal) => told(title, act(signal)),
      };
    };
    this.steps = [
      step("check", {
        deadlineMs: 15_000,
        pointOfNoReturn: false,
        changesTarget: false,
        isDone: (signal) => this.#isPastDemotion(signal),
        act: (signal) => this.#check(signal),
      }),
      step("demote", {
        deadlineMs: 40_000,
        pointOfNoReturn: true,
        changesTarget: true,
        isDone: (signal) => this.#isDemoted(signal),
        act: (signal) => this.#demote(signal),
      }),
      step("promote", {
        deadlineMs: 30_000,
        pointOfNoReturn: false,
        changesTarget: true,
        isDone: (signal) => this.#isPromoted(signal),
        act: (signal) => this.#promote(signal),
      }),
      step("route", {
        deadlineMs: 60_000,
        pointOfNoReturn: false,
        changesTarget: false,
        isDone: (signal) => this.#isRouted(signal),
        act: (signal) => this.#route(signal),
      }),
      step("verify", {
        deadlineMs: 60_000,
        pointOfNoReturn: false,
        changesTarget: false,
        isDone: async () => false,
        act: (signal) => this.#verify(signal),
      }),
    ];
  }

  undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    return undoFailover(this.#with(signal), this.#details, failure, this.#promotionMayBeSent);
  }

  result() {
    const { primary, candidate } = this.#details;
    const follow = this.#notFollowing.length === 0 ? "" : ` Not following yet: ${this.#notFollowing.join("; ")}.`;
    return {
      summary: `${candidate.name} is primary, ${primary.name} is standby.${follow}`,
      writesStoppedMs: this.#writesStoppedMs,
    };
  }

  async close(): Promise<void> {
    this.#primary?.close();
    this.#candidate?.close();
  }

  /** Only a resumed run can find its check behind it; a fresh one proves everything itself. */
  async #isPastDemotion(signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    this.#view = await lookAtDolt(this.#with(signal));
    const old = this.#node(this.#details.primary.name).answer;
    return !(old?.role === "primary" && old.epoch === this.#details.epoch);
  }

  /** Looks until the plan's bounds hold, for a while: lag moves under writes, and a crash-looping standby comes and goes. */
  async #check(signal: AbortSignal): Promise<string> {
    const context = this.#with(signal);
    const giveUpAtMs = context.clock.monotonicMs() + 10_000;
    for (;;) {
      const view = await lookAtDolt(context);
      const judgement = this.#judge(view);
      if ("lagMs" in judgement) {
        this.#view = view;
        this.#primary = await this.#connect(this.#details.primary.name, signal);
        this.#candidate = await this.#connect(this.#details.candidate.name, signal);
        return `lag ${judgement.lagMs} ms`;
      }
      if (context.clock.monotonicMs() >= giveUpAtMs) throw fail("dolt_out_of_bounds", { what: judgement.objection });
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  #judge(view: DoltView): { lagMs: number } | { objection: string } {
    const { primary, candidate, epoch, maxLagMs, minCaughtUp } = this.#details;
    const found = findOnlyPrimary(view);
    if ("problems" in found) return { objection: found.problems.map((one) => one.what).join(" ") };
    const { name, pod, answer } = found.primary;
    if (name !== primary.name || pod?.uid !== primary.uid || answer.epoch !== epoch) {
      return { objection: `the primary is ${name} at epoch ${answer.epoch}, not ${primary.name} at epoch ${epoch}` };
    }
    const choice = chooseCandidate(view, found.primary, { to: candidate.name, maxLagMs, minCaughtUp });
    return choice.kind === "chosen" ? { lagMs: choice.lagMs } : { objection: choice.rejected.join("; ") };
  }

  /** In a resumed run: looks until the servers say on which side of the demotion the world is. */
  async #isDemoted(signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    const { epoch, primary, candidate } = this.#details;
    const context = this.#with(signal);
    for (;;) {
      const view = await lookAtDolt(context);
      this.#view = view;
      const strangers = view.nodes.filter(
        (node) => node.answer?.role === "detected_broken_config" || this.#isOtherPrimary(node),
      );
      if (strangers.length > 0)
        throw this.#unknown(view, "find out which server is newest before anything is promoted.");
      const promoted = this.#node(candidate.name).answer;
      if (promoted?.role === "primary" && promoted.epoch > epoch) return true;
      const old = this.#node(primary.name).answer;
      if (old?.role === "standby" && old.epoch > epoch) return true;
      if (old?.role === "primary" && old.epoch === epoch) return false;
      if (old?.role === "primary")
        throw fail("dolt_undone", { pod: primary.name, epoch: old.epoch, why: "an earlier worker undid it" });
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  async #demote(signal: AbortSignal): Promise<string> {
    const { primary, minCaughtUp } = this.#details;
    const session = this.#primary ?? (await this.#connect(primary.name, signal));
    const epoch = highestEpoch(this.#seen()) + 1;
    this.#writesStoppedAtMs = this.#context.clock.monotonicMs();
    try {
      const rows = await session.transitionToStandby(epoch, minCaughtUp, { deadlineMs: demotionDeadlineMs, signal });
      this.#demotion = { rows, epoch, seenAsStandby: this.#identityOf(primary.name, signal) };
      return `standby at epoch ${epoch}`;
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      return await this.#findOutDemotion(epoch, error, signal);
    } finally {
      session.close();
      this.#primary = null;
    }
  }

  /** The demotion failed, or its answer was lost: only the server itself can say which. */
  async #findOutDemotion(epoch: number, error: DoltError, signal: AbortSignal): Promise<string> {
    const { primary } = this.#details;
    const settledAtMs = this.#context.clock.monotonicMs() + (error.outcome === "unknown" ? demotionDeadlineMs : 0);
    for (;;) {
      const identity = await this.#identityOf(primary.name, signal);
      if (identity?.role === "standby" && identity.epoch >= epoch)
        return `standby at epoch ${identity.epoch}; its own answer was lost`;
      const mayStillMove = this.#context.clock.monotonicMs() < settledAtMs;
      if (identity?.role === "primary" && !mayStillMove) {
        throw fail("dolt_demotion_refused", { pod: primary.name, why: error.message }, { cause: error });
      }
      await this.#context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  async #isPromoted(signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    const identity = await this.#identityOf(this.#details.candidate.name, signal);
    return identity?.role === "primary" && identity.epoch > this.#details.epoch;
  }

  async #promote(signal: AbortSignal): Promise<string> {
    const { candidate, primary } = this.#details;
    const proof = await this.#proveCaughtUp(signal);
    const session = this.#candidate ?? (await this.#connect(candidate.name, signal));
    const epoch = this.#demotion?.epoch ?? highestEpoch(await this.#lookAgain(signal)) + 1;
    const seen = await this.#demotion?.seenAsStandby;
    if (seen?.role === "primary")
      throw this.#unknown(this.#seen(), `${primary.name} says it is primary although it was demoted.`);
    this.#promotionMayBeSent = true;
    try {
      await session.assumeRole("primary", epoch, { deadlineMs: promotionDeadlineMs, signal });
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      const identity = await this.#identityOf(candidate.name, signal);
      if (!(identity?.role === "primary" && identity.epoch >= epoch)) {
        throw fail(
          "dolt_silent",
          { pod: candidate.name, doing: "it was promoted", why: error.message },
          { cause: error },
        );
      }
    } finally {
      session.close();
      this.#candidate = null;
    }
    return `primary at epoch ${epoch}; ${proof}`;
  }

  /** Throws unless the candidate holds everything the old primary has, by the demotion's own rows or by comparing both. */
  async #proveCaughtUp(signal: AbortSignal): Promise<string> {
    const { candidate, primary } = this.#details;
    const demotion = this.#demotion;
    if (demotion !== null) {
      const databases = this.#node(primary.name).answer?.databases ?? [];
      if (missingFrom(candidate.name, databases, demotion.rows, this.#seen().workload.pods).length === 0) {
        return "caught up by the demotion's own word";
      }
    }
    const options = { deadlineMs: 10_000, signal };
    const [old, fresh] = await Promise.all([
      this.#dataState(primary.name, options),
      this.#dataState(candidate.name, options),
    ]);
    const missing = differences(old, fresh);
    if (missing.length > 0) throw fail("dolt_not_caught_up", { pod: candidate.name, missing });
    return "caught up: both servers hold equal states";
  }

  async #isRouted(signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    const { workload } = await this.#lookAgain(signal);
    const routed = routedPods(workload);
    return routed.length === 1 && routed[0] === this.#details.candidate.name;
  }

  async #route(signal: AbortSignal): Promise<string> {
    const { candidate } = this.#details;
    const view = this.#view ?? (await this.#lookAgain(signal));
    await routeTo(candidate.name, this.#with(signal), view.workload, () => {
      if (this.#writesStoppedAtMs !== null) {
        this.#writesStoppedMs = Math.round(this.#context.clock.monotonicMs() - this.#writesStoppedAtMs);
      }
    });
    return `${roleLabel}=primary is on ${candidate.name} only`;
  }

  /** Success needs the old primary seen as standby, or its container seen ended; others that do not follow yet are named. */
  async #verify(signal: AbortSignal): Promise<string> {
    const { candidate, primary, answering } = this.#details;
    const context = this.#with(signal);
    const giveUpAtMs = context.clock.monotonicMs() + 30_000;
    for (;;) {
      const view = await this.#lookAgain(signal);
      const promoted = this.#node(candidate.name).answer;
      const others = view.nodes.filter((node) => node.name !== candidate.name && answering.includes(node.name));
      const behind = others.filter((node) => node.answer?.role !== "standby" || node.answer.epoch !== promoted?.epoch);
      const isPrimary = promoted?.role === "primary" && promoted.epoch > this.#details.epoch;
      if (isPrimary && behind.length === 0) return `${others.length} of ${others.length} follow`;
      if (context.clock.monotonicMs() >= giveUpAtMs) {
        const old = this.#node(primary.name);
        const fenced = old.answer?.role === "standby" || old.silence?.kind === "stopped";
        if (!isPrimary || !fenced) throw this.#unknown(view, `look at ${primary.name} and ${candidate.name}.`);
        this.#notFollowing = behind.map(
          (node) => `${node.name} (${node.answer?.role ?? node.silence?.text ?? "silent"})`,
        );
        return `${others.length - behind.length} of ${others.length} follow`;
      }
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  #isOtherPrimary(node: DoltNode): boolean {
    const { primary, candidate } = this.#details;
    return node.answer?.role === "primary" && node.name !== primary.name && node.name !== candidate.name;
  }

  #unknown(view: DoltView, todo: string) {
    return fail("dolt_outcome_unknown", {
      state: describeNodes(view).join("; "),
      todo: `Before anything else: ${todo}`,
    });
  }

  #with(signal: AbortSignal): OperationContext {
    return { ...this.#context, signal };
  }

  async #lookAgain(signal: AbortSignal): Promise<DoltView> {
    this.#view = await lookAtDolt(this.#with(signal));
    return this.#view;
  }

  #seen(): DoltView {
    if (this.#view === null)
      throw fail("unexpected", { doing: "a failover", why: "nothing was looked at before acting" });
    return this.#view;
  }

  #node(name: string): DoltNode {
    const node = this.#seen().nodes.find((candidate) => candidate.name === name);
    if (node === undefined)
      throw fail("dolt_outcome_unknown", {
        state: `${name} is no pod of this target any more.`,
        todo: "Look at the target's status.",
      });
    return node;
  }

  #connect(name: string, signal: AbortSignal): Promise<DoltSession> {
    const view = this.#seen();
    return this.#context.dolt.connect(addressOf(name, this.#node(name).pod, view.credentials), {
      deadlineMs: questionDeadlineMs,
      signal,
    });
  }

  /** What a server says of itself over a connection of its own; null when it does not answer. */
  async #identityOf(name: string, signal: AbortSignal): Promise<DoltIdentity | null> {
    try {
      const session = await this.#connect(name, signal);
      try {
        return await session.identity({ deadlineMs: questionDeadlineMs, signal });
      } finally {
        session.close();
      }
    } catch (error) {
      if (error instanceof DoltError) return null;
      throw error;
    }
  }

  async #dataState(name: string, options: CallOptions) {
    const session = await this.#connect(name, options.signal);
    try {
      return await session.dataState(options);
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      throw fail(
        "dolt_silent",
        { pod: name, doing: "the two servers were compared", why: error.message },
        { cause: error },
      );
    } finally {
      session.close();
    }
  }
}

/** A server's word, or its silence, as a problem for people. */
async function told<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DoltError)) throw error;
    throw fail("dolt_silent", { pod: "A server", doing: `“${doing}”`, why: error.message }, { cause: error });
  }
}
