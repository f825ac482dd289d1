import { fail, HandoverError, type Problem, problem } from "../../domain/errors.ts";
import { type CaughtUpRow, DoltError, type DoltIdentity, type DoltSession } from "../../ports/dolt-servers.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { describeNodes, findOnlyPrimary, highestEpoch, isPrimaryAbove } from "./assess.ts";
import { chooseCandidate, lagText } from "./candidate.ts";
import { missingFrom } from "./caught-up.ts";
import { lookAndCompare } from "./compare-states.ts";
import { differences } from "./data-states.ts";
import { type FailoverDetails, failoverSteps } from "./failover-details.ts";
import { prepareSwitch } from "./failover-preparation.ts";
import { undoFailover } from "./failover-undo.ts";
import { type DoltNode, type DoltView, lookAtDolt } from "./look.ts";
import { findOutDemotion } from "./lost-demotion.ts";
import { isRoutedOnlyTo, type PrimaryPod, roleLabel, routeAgain, routeTo } from "./role-labels.ts";
import { connectTo, dataStateOf, identityOf, nodeOf } from "./server-calls.ts";
import { told } from "./told.ts";
import type { CallsSent } from "./undo-decision.ts";

/**
 * A demotion waits up to a hard-coded 10 s for the standbys, and a failed one needs a moment more to go back.
 * Source: dolt.md, “What a graceful demotion does”.
 */
const demotionDeadlineMs = 15_000;
const promotionDeadlineMs = 5_000;
/** For each question of a comparison, which reads through every branch. */
const comparisonDeadlineMs = 10_000;
/** For how long the plan's bounds may be missed before it is given up; a last look and the comparison come on top of it. */
const lookForMs = 10_000;
const checkDeadlineMs = 30_000;
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
  #demotion: { rows: readonly CaughtUpRow[]; epoch: number } | null = null;
  #sent: CallsSent;
  /** The pod whose server was seen as primary. */
  #promoted: PrimaryPod | null = null;
  /** What the old primary was when everything was verified. */
  #oldState = "is standby";
  #writesStoppedAtMs: number | null = null;
  #writesStoppedMs: number | null = null;
  #notFollowing: string[] = [];

  constructor(context: OperationContext, details: FailoverDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#resumed = resumed;
    this.#sent = resumed ? { demotion: "unanswered", promotion: "unseen" } : { demotion: "none", promotion: "none" };
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
        deadlineMs: checkDeadlineMs,
        pointOfNoReturn: false,
        safePoint: false,
        changesTarget: false,
        isDone: (signal) => this.#isPastDemotion(signal),
        act: (signal) => this.#check(signal),
      }),
      step("prepare", {
        deadlineMs: 15_000,
        pointOfNoReturn: true,
        safePoint: false,
        changesTarget: true,
        isDone: (signal) => this.#isPastDemotion(signal),
        act: (signal) => this.#prepare(signal),
      }),
      step("demote", {
        deadlineMs: 40_000,
        pointOfNoReturn: false,
        safePoint: false,
        changesTarget: true,
        isDone: (signal) => this.#isDemoted(signal),
        act: (signal) => this.#demote(signal),
      }),
      step("promote", {
        deadlineMs: 30_000,
        pointOfNoReturn: false,
        safePoint: false,
        changesTarget: true,
        isDone: (signal) => this.#isPromoted(signal),
        act: (signal) => this.#promote(signal),
      }),
      step("route", {
        deadlineMs: 60_000,
        pointOfNoReturn: false,
        safePoint: false,
        changesTarget: false,
        isDone: (signal) => this.#isRouted(signal),
        act: (signal) => this.#route(signal),
      }),
      step("verify", {
        deadlineMs: 60_000,
        pointOfNoReturn: false,
        safePoint: false,
        changesTarget: false,
        isDone: async () => false,
        act: (signal) => this.#verify(signal),
      }),
    ];
  }

  undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    return undoFailover(this.#with(signal), this.#details, failure, this.#sent);
  }

  result() {
    const { primary, candidate } = this.#details;
    const follow = this.#notFollowing.length === 0 ? "" : ` Not following yet: ${this.#notFollowing.join("; ")}.`;
    return {
      summary: `${candidate.name} is primary, ${primary.name} ${this.#oldState}.${follow}`,
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
    const giveUpAtMs = context.clock.monotonicMs() + lookForMs;
    for (;;) {
      const view = await lookAndCompare(context);
      const judgement = this.#judge(view);
      if ("lagMs" in judgement) {
        this.#view = view;
        this.#primary = await this.#connect(this.#details.primary.name, signal);
        this.#candidate = await this.#connect(this.#details.candidate.name, signal);
        return lagText(judgement.lagMs);
      }
      if (context.clock.monotonicMs() >= giveUpAtMs) throw new HandoverError(judgement.objection);
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  #judge(view: DoltView): { lagMs: number | null } | { objection: Problem } {
    const { primary, candidate, epoch, maxLagMs, minCaughtUp } = this.#details;
    const found = findOnlyPrimary(view);
    const [objection] = "problems" in found ? found.problems : [];
    if ("problems" in found) return { objection: objection ?? outOfBounds("no server is known to be the primary") };
    const { name, pod, answer } = found.primary;
    if (name !== primary.name || pod?.uid !== primary.uid || answer.epoch !== epoch) {
      const what = `the primary is ${name} at epoch ${answer.epoch}, not ${primary.name} at epoch ${epoch}`;
      return { objection: outOfBounds(what) };
    }
    const choice = chooseCandidate(view, found.primary, { to: candidate.name, maxLagMs, minCaughtUp });
    return choice.kind === "chosen" ? { lagMs: choice.lagMs } : { objection: outOfBounds(choice.rejected.join("; ")) };
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
      const old = this.#node(primary.name).answer;
      const promoted = this.#node(candidate.name).answer;
      const isPromoted = promoted?.role === "primary" && promoted.epoch > epoch;
      if (old?.role === "primary" && old.epoch > epoch)
        throw fail("dolt_undone", { pod: primary.name, epoch: old.epoch, why: "an earlier worker undid it" });
      // Read-only, it is in the middle of a demotion; beside a newer primary, it becomes standby at their first contact.
      if (old?.role === "primary" && !old.readOnly && !isPromoted) {
        if (promoted?.role === "standby") return false;
        const why = `it does not answer as a standby, so ${primary.name} was not demoted`;
        throw fail("dolt_not_promoted", { pod: candidate.name, why });
      }
      if (old?.role !== "primary" && isPromoted) return true;
      if (old?.role === "standby" && old.epoch > epoch) return true;
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  #prepare(signal: AbortSignal): Promise<string> {
    return prepareSwitch(this.#with(signal), this.#details.candidate.name, this.#seen().workload);
  }

  async #demote(signal: AbortSignal): Promise<string> {
    const { primary, minCaughtUp } = this.#details;
    const session = this.#primary ?? (await this.#connect(primary.name, signal));
    const epoch = highestEpoch(this.#seen()) + 1;
    this.#writesStoppedAtMs = this.#context.clock.monotonicMs();
    this.#sent = { ...this.#sent, demotion: "unanswered" };
    try {
      const rows = await session.transitionToStandby(epoch, minCaughtUp, { deadlineMs: demotionDeadlineMs, signal });
      this.#sent = { ...this.#sent, demotion: "answered" };
      this.#demotion = { rows, epoch };
      return `standby at epoch ${epoch}`;
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      return await this.#findOutDemotion(epoch, error, signal);
    } finally {
      session.close();
      this.#primary = null;
    }
  }

  async #findOutDemotion(epoch: number, error: DoltError, signal: AbortSignal): Promise<string> {
    const { name } = this.#details.primary;
    const found = await findOutDemotion(this.#with(signal), this.#seen(), name, epoch, error);
    this.#sent = { ...this.#sent, demotion: "answered" };
    if (found.demoted) return `standby at epoch ${found.epoch}; its own answer was lost`;
    throw fail("dolt_demotion_refused", { pod: name, why: found.why }, { cause: error });
  }

  async #isPromoted(signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    const view = await this.#lookAgain(signal);
    const { name, pod, answer } = this.#node(this.#details.candidate.name);
    const isPrimary = answer?.role === "primary" && answer.epoch > this.#details.epoch;
    // One that others have overtaken is not the newest: an earlier worker may have begun to undo.
    if (pod === null || !isPrimary || answer.epoch < highestEpoch(view)) return false;
    this.#confirmPromotion({ name, uid: pod.uid });
    return true;
  }

  async #promote(signal: AbortSignal): Promise<string> {
    const { candidate } = this.#details;
    const proof = await this.#proveCaughtUp(signal);
    const epoch = await this.#epochAfterSeeingOldAsStandby(signal);
    const session = this.#candidate ?? (await this.#connect(candidate.name, signal));
    const before = this.#sent;
    this.#sent = { ...before, promotion: this.#resumed ? "unseen" : "unanswered" };
    try {
      await session.assumeRole("primary", epoch, { deadlineMs: promotionDeadlineMs, signal });
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      if (error.outcome !== "unknown") {
        this.#sent = before;
        throw fail("dolt_not_promoted", { pod: candidate.name, why: error.message }, { cause: error });
      }
      const identity = await this.#identityOf(candidate.name, signal);
      if (!(identity?.role === "primary" && identity.epoch >= epoch)) {
        const doing = "it was promoted";
        throw fail("dolt_silent", { pod: candidate.name, doing, why: error.message }, { cause: error });
      }
    } finally {
      session.close();
      this.#candidate = null;
    }
    this.#confirmPromotion({ name: candidate.name, uid: this.#node(candidate.name).pod?.uid ?? "" });
    return `primary at epoch ${epoch}; ${proof}`;
  }

  /**
   * The epoch to promote at. The old primary's own answer to the demotion is the sight of it as standby: Dolt gives its rows
   * only once it has changed its role. Whom this process did not hear answer has to be seen now.
   */
  async #epochAfterSeeingOldAsStandby(signal: AbortSignal): Promise<number> {
    const { primary } = this.#details;
    if (this.#demotion !== null) return this.#demotion.epoch;
    const view = await this.#lookAgain(signal);
    const { answer } = this.#node(primary.name);
    if (answer === null || !isStandbySince(answer, this.#details.epoch + 1)) throw this.#notSeenAsStandby(answer);
    return highestEpoch(view) + 1;
  }

  #notSeenAsStandby(seen: DoltIdentity | null) {
    const { primary, candidate } = this.#details;
    const says = seen === null ? "does not answer" : `says it is ${seen.role} at epoch ${seen.epoch}`;
    const why = `${primary.name} ${says}, and has to be seen as standby first`;
    return fail("dolt_not_promoted", { pod: candidate.name, why });
  }

  #confirmPromotion(pod: PrimaryPod): void {
    this.#promoted = pod;
    this.#sent = { ...this.#sent, promotion: "confirmed" };
  }

  /** Throws unless the candidate holds everything the old primary has, by the demotion's own rows or by comparing both. */
  async #proveCaughtUp(signal: AbortSignal): Promise<string> {
    const { candidate, primary } = this.#details;
    const demotion = this.#demotion;
    if (demotion !== null) {
      const databases = this.#node(primary.name).answer?.databases ?? [];
      if (missingFrom(candidate.name, databases, demotion.rows, this.#seen().workload.pods).length === 0) {
        return "it has every write: the demotion says so";
      }
    }
    const [old, fresh] = await Promise.all([
      this.#dataState(primary.name, signal),
      this.#dataState(candidate.name, signal),
    ]);
    const missing = differences(old, fresh);
    if (missing.length > 0) throw fail("dolt_not_caught_up", { pod: candidate.name, missing });
    return "it has every write: both servers hold the same";
  }

  async #isRouted(signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    const { workload } = await this.#lookAgain(signal);
    return isRoutedOnlyTo(this.#details.candidate.name, workload);
  }

  async #route(signal: AbortSignal): Promise<string> {
    await routeTo(this.#promotedPod(), this.#with(signal), this.#seen().workload, () => {
      if (this.#writesStoppedAtMs !== null) {
        this.#writesStoppedMs = Math.round(this.#context.clock.monotonicMs() - this.#writesStoppedAtMs);
      }
    });
    return `${roleLabel}=primary is on ${this.#details.candidate.name} only`;
  }

  /**
   * Success needs the new primary alone routed, and the old one seen as standby or its container seen ended; others that do
   * not follow yet are named.
   */
  async #verify(signal: AbortSignal): Promise<string> {
    const { candidate, primary, answering } = this.#details;
    const context = this.#with(signal);
    const giveUpAtMs = context.clock.monotonicMs() + 30_000;
    for (;;) {
      const view = await this.#lookAgain(signal);
      const node = this.#node(candidate.name);
      const promoted = node.answer;
      const isPrimary = isPrimaryAbove(node, this.#details.epoch);
      const isRouted = isRoutedOnlyTo(candidate.name, view.workload);
      const others = view.nodes.filter((node) => node.name !== candidate.name && answering.includes(node.name));
      const behind = others.filter((node) => node.answer?.role !== "standby" || node.answer.epoch !== promoted?.epoch);
      if (isPrimary && isRouted && behind.length === 0) return `${others.length} of ${others.length} follow`;
      if (context.clock.monotonicMs() >= giveUpAtMs) {
        const old = this.#node(primary.name);
        const isStopped = old.silence?.kind === "stopped";
        if (!isPrimary || !isRouted || !(old.answer?.role === "standby" || isStopped)) {
          throw this.#unknown(view, `look at ${primary.name} and ${candidate.name}.`);
        }
        if (isStopped) this.#oldState = `does not run (${old.silence.text})`;
        this.#notFollowing = behind.map(
          (node) => `${node.name} (${node.answer?.role ?? node.silence?.text ?? "silent"})`,
        );
        return `${others.length - behind.length} of ${others.length} follow`;
      }
      if (isPrimary && !isRouted)
        await routeAgain({ name: node.name, uid: node.pod?.uid ?? "" }, context, view.workload);
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  #promotedPod(): PrimaryPod {
    if (this.#promoted === null) throw fail("unexpected", { doing: "a failover", why: "nothing was promoted yet" });
    return this.#promoted;
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
    const node = nodeOf(this.#seen(), name);
    if (node === null)
      throw fail("dolt_outcome_unknown", {
        state: `${name} is no pod of this target any more.`,
        todo: "Look at the target's status.",
      });
    return node;
  }

  #connect(name: string, signal: AbortSignal): Promise<DoltSession> {
    return connectTo(this.#with(signal), this.#seen(), name);
  }

  #identityOf(name: string, signal: AbortSignal): Promise<DoltIdentity | null> {
    return identityOf(this.#with(signal), this.#seen(), name);
  }

  async #dataState(name: string, signal: AbortSignal) {
    try {
      return await dataStateOf(this.#with(signal), this.#seen(), name, comparisonDeadlineMs);
    } catch (error) {
      if (!(error instanceof DoltError)) throw error;
      const doing = "the two servers were compared";
      throw fail("dolt_silent", { pod: name, doing, why: error.message }, { cause: error });
    }
  }
}

function outOfBounds(what: string): Problem {
  return problem("dolt_out_of_bounds", { what });
}

function isStandbySince(identity: DoltIdentity, epoch: number): boolean {
  return identity.role === "standby" && identity.epoch >= epoch;
}
