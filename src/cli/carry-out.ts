import { type Problem, problemOf } from "../domain/errors.ts";
import type { Plan } from "../domain/plan.ts";
import { canStillStop, type StepProgress } from "../domain/request.ts";
import type { ExecutionAudience, ExecutionSurroundings } from "../execution/execute.ts";
import { execute, resume } from "../execution/execute.ts";
import type { Finisher, LedgerExecution } from "../execution/ledger.ts";
import type { ExecutionResult } from "../execution/run-steps.ts";
import type { WishNow } from "../execution/safe-point.ts";
import { Interrupts, interruptKey } from "./interrupts.ts";
import { stepText } from "./report.ts";
import type { Terminal } from "./terminal.ts";

export type CarriedOut =
  /** `trouble`: the end is known, but the lease could not be given back. */
  | { readonly kind: "ended"; readonly result: ExecutionResult; readonly trouble: Problem | null }
  /** Nothing was changed. */
  | { readonly kind: "refused"; readonly problem: Problem }
  /** It broke after it had begun to change things. */
  | { readonly kind: "broken"; readonly problem: Problem }
  /** Somebody insisted on leaving it in the middle. */
  | { readonly kind: "left" };

/**
 * Runs the plan under the target's lease, or takes up one that another process left; progress goes to stderr.
 * @param finisher who takes it up; null: it is a new one
 * @param objection why what is taken up must not begin any more; it then only ends, and the lease is free
 */
export async function carryOut(
  surroundings: ExecutionSurroundings,
  plan: Plan,
  execution: LedgerExecution,
  finisher: Finisher | null,
  terminal: Terminal,
  resumeLine: string,
  objection: Problem | null = null,
): Promise<CarriedOut> {
  const interrupts = new Interrupts(terminal, resumeLine);
  if (execution.committed) interrupts.wasCommitted();
  const audience = new TerminalAudience(terminal, interrupts);
  // Nothing of the grant's life time holds here: a break-glass execution has no grant.
  const ended =
    finisher === null
      ? execute(surroundings, plan, execution, 0, audience)
      : resume(surroundings, plan, execution.id, 0, audience, { finisher, objection });
  try {
    const left = interrupts.left.then(() => ({ kind: "left" }) as const);
    return await Promise.race([ended.then((result) => ({ kind: "ended", result, trouble: null }) as const), left]);
  } catch (error) {
    const problem = problemOf(error, `carrying out ${plan.operation}`);
    if (audience.result !== null) return { kind: "ended", result: audience.result, trouble: problem };
    return { kind: interrupts.committed ? "broken" : "refused", problem };
  } finally {
    interrupts.close();
  }
}

/** Tells the person at the terminal, and hears of their wish to cancel. */
class TerminalAudience implements ExecutionAudience {
  readonly #terminal: Terminal;
  readonly #interrupts: Interrupts;
  #told: readonly StepProgress[] = [];
  /** How the execution ended, as soon as that is known: before the lease is given back. */
  result: ExecutionResult | null = null;

  constructor(terminal: Terminal, interrupts: Interrupts) {
    this.#terminal = terminal;
    this.#interrupts = interrupts;
  }

  async started(execution: LedgerExecution): Promise<void> {
    this.#terminal.err(`Execution ${execution.id} is on record beside the lease.\n`);
    this.#interrupts.safePointAhead(canStillStop({ committed: true, steps: execution.steps }));
  }

  progress(steps: readonly StepProgress[]): void {
    for (const [index, step] of steps.entries()) {
      const told = this.#told[index];
      const isNews = step.state !== told?.state || (step.state === "running" && step.note !== told.note);
      if (step.state !== "pending" && isNews) this.#terminal.err(stepText(step));
    }
    this.#told = steps;
    this.#interrupts.safePointAhead(canStillStop({ committed: true, steps: [...steps] }));
  }

  /** Nobody can pause it here, and who takes up what was paused lets it go on. */
  async wish(): Promise<WishNow> {
    return this.#interrupts.wished ? { kind: "stop", by: interruptKey } : { kind: "go_on" };
  }

  async commit(): Promise<void> {
    this.#interrupts.commit();
  }

  /** False: it is kept beside the lease until a worker has told the channel. */
  async ended(result: ExecutionResult): Promise<boolean> {
    this.result = result;
    return false;
  }
}
