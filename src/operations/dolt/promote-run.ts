import { fail, HandoverError, type Problem } from "../../domain/errors.ts";
import { DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { describeNodes, highestEpoch, isPrimaryAbove } from "./assess.ts";
import { type Contacts, listenSince } from "./freshness-look.ts";
import { type DoltNode, type DoltView, lookAtDolt } from "./look.ts";
import { objectionsToPromotion } from "./promote-assess.ts";
import { type PromoteDetails, promoteSteps } from "./promote-details.ts";
import { fenceBefore } from "./promote-fence.ts";
import { heldBehind, heldBy } from "./promote-state.ts";
import { returnText } from "./promote-text.ts";
import { undoPromotion } from "./promote-undo.ts";
import type { PromotionSent } from "./promote-undo-decision.ts";
import { isRoutedOnlyTo, roleLabel, routeAgain, routedPods, routeTo } from "./role-labels.ts";
import { connectTo, identityOf, nodeOf, questionDeadlineMs } from "./server-calls.ts";
import { told } from "./told.ts";

/** Between two looks at a cluster that is not there yet. */
const lookAgainAfterMs = 200;
const promotionDeadlineMs = 5_000;
/** How long a promotion that nobody answered is asked for again; to the same server at the same epoch, so that it comes once. */
const promotionPatienceMs = 20_000;
const followPatienceMs = 30_000;

/** One promotion being carried out. Every step asks the world, so that another process can take it up anywhere. */
export class PromoteRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: PromoteDetails;
  readonly #resumed: boolean;
  #view: DoltView | null = null;
  #sent: PromotionSent;
  #notFollowing: readonly string[] = [];

  constructor(context: OperationContext, details: PromoteDetails, resumed: boolean) {
    this.#context = context;
    this.#details = details;
    this.#resumed = resumed;
    this.#sent = resumed ? "unseen" : "none";
    const titles = new Map(promoteSteps(details).map((step) => [step.id, step.title]));
    const step = (
      id: string,
      deadlineMs: number,
      kind: Partial<Pick<Step, "pointOfNoReturn" | "changesTarget">>,
      isDone: Step["isDone"],
      act: Step["act"],
    ): Step => {
      const title = titles.get(id) ?? id;
      return {
        id,
        title,
        deadlineMs,
        pointOfNoReturn: false,
        safePoint: false,
        changesTarget: false,
        ...kind,
        isDone: (signal) => told(title, isDone(signal)),
        act: (signal) => told(title, act(signal)),
      };
    };
    const [commits, changes] = [{ pointOfNoReturn: true, changesTarget: true }, { changesTarget: true }];
    this.steps = [
      step(
        "check",
        25_000,
        {},
        (signal) => this.#isPromoted(signal),
        (signal) => this.#check(signal),
      ),
      step(
        "unroute",
        60_000,
        commits,
        (signal) => this.#isUnrouted(signal),
        (signal) => this.#unroute(signal),
      ),
      step(
        "promote",
        40_000,
        changes,
        (signal) => this.#isPromoted(signal),
        (signal) => this.#promote(signal),
      ),
      step(
        "route",
        60_000,
        changes,
        (signal) => this.#isRouted(signal),
        (signal) => this.#route(signal),
      ),
      step(
        "verify",
        60_000,
        {},
        async () => false,
        (signal) => this.#verify(signal),
      ),
    ];
  }

  undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    return undoPromotion(this.#with(signal), this.#details, failure, this.#sent);
  }

  result() {
    const { candidate, lost } = this.#details;
    const epoch = this.#view === null ? undefined : nodeOf(this.#view, candidate.name)?.answer?.epoch;
    const follow = this.#notFollowing.length === 0 ? "" : ` Not following yet: ${this.#notFollowing.join("; ")}.`;
    const summary = `${candidate.name} is primary${epoch === undefined ? "" : ` at epoch ${epoch}`}.${follow} ${this.#lostText(lost)}`;
    return { summary, writesStoppedMs: null };
  }

  async close(): Promise<void> {
    // Every session is closed where it was opened.
  }

  #lostText(lost: string | null): string {
    const node = lost === null || this.#view === null ? null : nodeOf(this.#view, lost);
    if (node?.answer?.role === "standby") return `${lost} is back, as a standby.`;
    return returnText(lost, this.#details.candidate.name);
  }

  /** Looks until everything holds that was approved, for a while: a server can be away for a moment. */
  async #check(signal: AbortSignal): Promise<string> {
    const context = this.#with(signal);
    const { candidate, contacts, holds } = this.#details;
    const giveUpAtMs = context.clock.monotonicMs() + 10_000;
    for (;;) {
      // Nobody's silence gets better by waiting for it; a primary that answers or lives ends it at once.
      const view = await this.#lookForPrimary(contacts, signal);
      const trouble = this.#troubleWith(this.#node(candidate.name));
      if (trouble === null) {
        if ((await heldBy(context, view, candidate.name)) === holds) return "no primary answers or reaches a standby";
        throw fail("dolt_out_of_bounds", {
          what: `${candidate.name} does not hold what it held when this was planned`,
        });
      }
      if (context.clock.monotonicMs() >= giveUpAtMs) throw fail("dolt_out_of_bounds", { what: trouble });
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  /** A look; throws what forbids a promotion: a primary that answers, or that reached a standby since the plan and still does. */
  async #lookForPrimary(contacts: Contacts, signal: AbortSignal): Promise<DoltView> {
    const context = this.#with(signal);
    const { view, reached } = await listenSince(context, await this.#look(signal), contacts);
    this.#view = view;
    const [objection] = objectionsToPromotion(context, view, reached);
    if (objection !== undefined) throw new HandoverError(objection);
    return view;
  }

  #troubleWith({ name, pod, answer, silence }: DoltNode): string | null {
    if (answer === null) return `${name} does not answer (${silence?.text ?? "no reason known"})`;
    if (pod?.uid !== this.#details.candidate.uid) return `${name} is another pod than before`;
    return answer.role === "standby" ? null : `${name} is ${answer.role} at epoch ${answer.epoch}`;
  }

  async #isUnrouted(signal: AbortSignal): Promise<boolean> {
    const { workload } = await this.#look(signal);
    return routedPods(workload).every((name) => name === this.#details.candidate.name);
  }

  /**
   * The one place where a target may be left without a routed primary: its primary is gone, and should it return before
   * another is promoted, no Service must lead to it. Tried again until it is certain.
   */
  async #unroute(signal: AbortSignal): Promise<string> {
    const context = this.#with(signal);
    const { namespace } = context.target;
    const taken = new Set<string>();
    let view = this.#seen();
    for (;;) {
      const routed = view.workload.pods.filter(
        ({ name, pod }) => name !== this.#details.candidate.name && pod?.labels[roleLabel] === "primary",
      );
      if (routed.length === 0) return taken.size === 0 ? "none carries it" : `${[...taken].join(", ")} lost it`;
      try {
        for (const { name, pod } of routed) {
          await context.workloads.labelPod({ namespace, name, uid: pod?.uid ?? "" }, roleLabel, "standby", signal);
          taken.add(name);
        }
      } catch (error) {
        if (signal.aborted || !(error instanceof HandoverError)) throw error;
        await context.clock.sleep(lookAgainAfterMs, signal);
      }
      view = await this.#look(signal);
    }
  }

  /** Only a resumed run can find it done; and only where none has overtaken it. */
  async #isPromoted(signal: AbortSignal): Promise<boolean> {
    if (!this.#resumed) return false;
    const view = await this.#look(signal);
    const { answer } = this.#node(this.#details.candidate.name);
    const isDone = answer?.role === "primary" && answer.epoch > this.#details.epoch;
    if (!isDone || answer.epoch < highestEpoch(view)) return false;
    this.#sent = "confirmed";
    return true;
  }

  async #promote(signal: AbortSignal): Promise<string> {
    const context = this.#with(signal);
    const { candidate, contacts } = this.#details;
    const view = await this.#lookForPrimary(contacts, signal);
    const { epoch, fenced } = await fenceBefore(context, view, candidate.name);
    await this.#assumePrimary(context, view, epoch);
    const fence = fenced.length === 0 ? "" : `; ${fenced.join(", ")} refuse anything older`;
    return `primary at epoch ${epoch}${fence}`;
  }

  /** Asks until the server itself says that it is primary: the same call twice is done once. */
  async #assumePrimary(context: OperationContext, view: DoltView, epoch: number): Promise<void> {
    const { name } = this.#details.candidate;
    const giveUpAtMs = context.clock.monotonicMs() + promotionPatienceMs;
    for (;;) {
      const before = this.#sent;
      this.#sent = before === "none" ? "unanswered" : before;
      try {
        await this.#promoteAsPlanned(context, view, epoch);
        break;
      } catch (error) {
        if (!(error instanceof DoltError)) throw error;
        if (error.outcome !== "unknown") this.#sent = before;
        const identity = await identityOf(context, view, name);
        if (identity?.role === "primary" && identity.epoch >= epoch) break;
        if (error.outcome === "refused" || error.outcome === "login") {
          throw fail("dolt_not_promoted", { pod: name, why: error.message }, { cause: error });
        }
        if (context.clock.monotonicMs() >= giveUpAtMs) {
          throw fail("dolt_silent", { pod: name, doing: "it was promoted", why: error.message }, { cause: error });
        }
        await context.clock.sleep(lookAgainAfterMs, context.signal);
      }
    }
    this.#sent = "confirmed";
  }

  /**
   * Asks the candidate what it holds and to be primary on one session: a server that was restarted in between, perhaps on an
   * empty volume, has cut it.
   */
  async #promoteAsPlanned(context: OperationContext, view: DoltView, epoch: number): Promise<void> {
    const { candidate, holds } = this.#details;
    const { signal } = context;
    const session = await connectTo(context, view, candidate.name);
    try {
      const { role, epoch: now } = await session.identity({ deadlineMs: questionDeadlineMs, signal });
      // An earlier call, whose answer was lost.
      if (role === "primary" && now >= epoch) return;
      if ((await heldBehind(session, signal)) !== holds) {
        const why = "it does not hold what it held when this was planned";
        throw fail("dolt_not_promoted", { pod: candidate.name, why });
      }
      await session.assumeRole("primary", epoch, { deadlineMs: promotionDeadlineMs, signal });
    } finally {
      session.close();
    }
  }

  async #isRouted(signal: AbortSignal): Promise<boolean> {
    const { workload } = await this.#look(signal);
    return isRoutedOnlyTo(this.#details.candidate.name, workload);
  }

  async #route(signal: AbortSignal): Promise<string> {
    const { name } = this.#details.candidate;
    const uid = this.#node(name).pod?.uid ?? "";
    await routeTo({ name, uid }, this.#with(signal), this.#seen().workload);
    return `${roleLabel}=primary is on ${name} only`;
  }

  /** Success needs the new primary alone, and alone routed; standbys that do not follow yet are named. */
  async #verify(signal: AbortSignal): Promise<string> {
    const { candidate, standbys, epoch } = this.#details;
    const context = this.#with(signal);
    const giveUpAtMs = context.clock.monotonicMs() + followPatienceMs;
    for (;;) {
      const view = await this.#look(signal);
      const node = this.#node(candidate.name);
      const promoted = node.answer;
      const isPrimary = isPrimaryAbove(node, epoch);
      const isRouted = isRoutedOnlyTo(candidate.name, view.workload);
      const rivals = view.nodes.filter(({ name, answer }) => name !== candidate.name && answer?.role === "primary");
      const behind = view.nodes.filter(
        ({ name, answer }) =>
          standbys.includes(name) && !(answer?.role === "standby" && answer.epoch === promoted?.epoch),
      );
      if (isPrimary && isRouted && rivals.length === 0 && behind.length === 0) return this.#followText(0);
      if (context.clock.monotonicMs() >= giveUpAtMs) {
        if (!isPrimary || !isRouted || rivals.length > 0) throw this.#unknown(view, rivals);
        this.#notFollowing = behind.map(({ name, answer, silence }) => `${name} (${answer?.role ?? silence?.text})`);
        return this.#followText(behind.length);
      }
      if (isPrimary && !isRouted)
        await routeAgain({ name: node.name, uid: node.pod?.uid ?? "" }, context, view.workload);
      await context.clock.sleep(lookAgainAfterMs, signal);
    }
  }

  #followText(behind: number): string {
    const { length } = this.#details.standbys;
    return length === 0 ? "no other server answered" : `${length - behind} of ${length} follow`;
  }

  #unknown(view: DoltView, rivals: readonly DoltNode[]) {
    const { name } = this.#details.candidate;
    const stop = rivals.map((node) => node.name).join(", ");
    const todo =
      rivals.length > 0
        ? `Stop ${stop}: it still takes writes beside ${name}, and they are lost when the two meet. Then look at the status.`
        : `Look whether ${name} is primary and carries the primary's label before anything else is promoted.`;
    return fail("dolt_outcome_unknown", { state: `${describeNodes(view).join("; ")}.`, todo });
  }

  #with(signal: AbortSignal): OperationContext {
    return { ...this.#context, signal };
  }

  async #look(signal: AbortSignal): Promise<DoltView> {
    this.#view = await lookAtDolt(this.#with(signal));
    return this.#view;
  }

  #seen(): DoltView {
    if (this.#view === null)
      throw fail("unexpected", { doing: "a promotion", why: "nothing was looked at before acting" });
    return this.#view;
  }

  #node(name: string): DoltNode {
    const node = nodeOf(this.#seen(), name);
    if (node !== null) return node;
    const state = `${name} is no pod of this target any more.`;
    throw fail("dolt_outcome_unknown", { state, todo: "Look at the target's status." });
  }
}
