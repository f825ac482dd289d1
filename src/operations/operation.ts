import type { Problem } from "../domain/errors.ts";
import type { Parameters, Plan, PlanDraft } from "../domain/plan.ts";
import type { Clock } from "../ports/clock.ts";
import type { CrateClusters } from "../ports/crate-clusters.ts";
import type { CrateServers } from "../ports/crate-servers.ts";
import type { DoltServers } from "../ports/dolt-servers.ts";
import type { TargetReference, Workloads } from "../ports/workloads.ts";

/** What an operation may use. Nothing of Slack, Redis or requests. */
export interface OperationContext {
  readonly target: TargetReference;
  /** How a person names the target on the command line: for advice in problems. */
  readonly targetName: string;
  readonly workloads: Workloads;
  readonly dolt: DoltServers;
  readonly crate: CrateServers;
  readonly crateClusters: CrateClusters;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where people read what it says, so that commands are told as they are typed there; without it, as both have in common. */
  readonly surface?: "slack" | "terminal";
}

export type PlanResult =
  | { readonly kind: "plan"; readonly draft: PlanDraft }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

/** One thing Handover can do to a target. */
export interface Operation {
  /** `engine.verb`, as the policy names it. */
  readonly name: string;
  /**
   * The preflight: reads only. Throws HandoverError when it cannot read.
   * @param approved the plan that people approved, when the facts are looked at again for it: what was chosen then is
   *   chosen again as long as it is fit, though something else may have become better by a hair
   */
  plan(context: OperationContext, parameters: Parameters, approved?: Plan): Promise<PlanResult>;
  /**
   * An execution of this plan; nothing is opened or changed until `steps` run. `resumed`: another process began it, so
   * the world may already be anywhere between the plan and its end. Throws HandoverError when the plan is not one of this
   * operation's.
   */
  begin(context: OperationContext, plan: Plan, resumed: boolean): OperationRun;
}

/** A plan being carried out, once, by one process. */
export interface OperationRun {
  readonly steps: readonly Step[];
  /** Puts back a state known to be good after a step has failed; says what state things are in. Runs on a deadline of its own. */
  undo(failure: Problem, signal: AbortSignal): Promise<UndoResult>;
  /**
   * What was done, for people, and how long writes really stopped as far as this process saw it. Where a person stops it at a
   * safe point it says how far it came, in a sentence: “2 of 3 pods restarted.” By then `isDone` was asked of every step before,
   * also in a process that took it up.
   */
  result(): { readonly summary: string; readonly writesStoppedMs: number | null };
  /** Closes what the steps opened. */
  close(): Promise<void>;
}

export interface Step {
  readonly id: string;
  /** What a person reads. The same as in the plan. */
  readonly title: string;
  readonly deadlineMs: number;
  /** True for the first step after which a cancel comes too late; the executor asks for the commitment before it. */
  readonly pointOfNoReturn: boolean;
  /**
   * True where a person may still stop or pause it after the commitment, before this step: what was done before stands by
   * itself, and the same command goes on from there. Between the pods of a rolling operation. A pause can last for hours, so
   * that the step looks anew at everything it relies on.
   */
  readonly safePoint: boolean;
  /**
   * True for a step that people may stop in its middle, also after the commitment, as it waits for long: its signal ends it, and
   * `undo` puts right what it has begun. `undo` then tells what stands and what was put back.
   */
  readonly stoppable?: boolean;
  /** True for steps before which the lease is looked at again. */
  readonly changesTarget: boolean;
  /** Asks the world, not the journal. A step that is done is not done again. */
  isDone(signal: AbortSignal): Promise<boolean>;
  /**
   * Does it and verifies it. Returns a note for people, or null. Throws HandoverError.
   * @param tell takes a note for people while it runs, for what takes minutes: what it waits for
   */
  act(signal: AbortSignal, tell?: (note: string) => void): Promise<string | null>;
}

export type UndoResult =
  /** Nothing had been changed, so nothing was undone. */
  | { readonly kind: "nothing_changed"; readonly problem: Problem }
  /** A state known to be good is in force again. */
  | { readonly kind: "undone"; readonly problem: Problem }
  /** It stopped at a place that is good by itself, with a part of the plan done; running it again goes on from there. */
  | { readonly kind: "stopped"; readonly problem: Problem }
  /** It turned out to have reached its end after all; `note` says in which state things are. */
  | { readonly kind: "finished"; readonly note: string }
  /** What is true now is not known; the problem says what to do. */
  | { readonly kind: "unknown"; readonly problem: Problem };
