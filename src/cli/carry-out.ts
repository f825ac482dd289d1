import { HandoverError, type Problem } from "../domain/errors.ts";
import type { Plan } from "../domain/plan.ts";
import type { StepProgress } from "../domain/request.ts";
import type { ExecutionAudience, ExecutionSurroundings } from "../execution/execute.ts";
import { execute, resume } from "../execution/execute.ts";
import type { LedgerExecution } from "../execution/ledger.ts";
import type { ExecutionResult } from "../execution/run-steps.ts";
import { Interrupts } from "./interrupts.ts";
import { stepText } from "./report.ts";
import type { Terminal } from "./terminal.ts";

export type CarriedOut =
  | { readonly kind: "ended"; readonly result: ExecutionResult }
  /** Nothing was begun. */
  | { readonly kind: "refused"; readonly problem: Problem }
  /** Somebody insisted on leaving it in the middle. */
  | { readonly kind: "left" };

/** Runs the plan under the target's lease, or takes up one that another process left; progress goes to stderr. */
export async function carryOut(
  surroundings: ExecutionSurroundings,
  plan: Plan,
  execution: LedgerExecution,
  kind: "new" | "unfinished",
  terminal: Terminal,
  resumeLine: string,
): Promise<CarriedOut> {
  const interrupts = new Interrupts(terminal, resumeLine);
  if (execution.committed) interrupts.wasCommitted();
  const audience = audienceOn(terminal, interrupts);
  // Nothing of the grant's life time holds here: a break-glass execution has no grant.
  const ended =
    kind === "new"
      ? execute(surroundings, plan, execution, 0, audience)
      : resume(surroundings, plan, execution.id, 0, audience);
  try {
    const left = interrupts.left.then(() => ({ kind: "left" }) as const);
    return await Promise.race([ended.then((result) => ({ kind: "ended", result }) as const), left]);
  } catch (error) {
    if (error instanceof HandoverError) return { kind: "refused", problem: error.problem };
    throw error;
  } finally {
    interrupts.close();
  }
}

function audienceOn(terminal: Terminal, interrupts: Interrupts): ExecutionAudience {
  let told: readonly StepProgress[] = [];
  return {
    started: async (execution) => terminal.err(`Execution ${execution.id} is on record beside the lease.\n`),
    progress: (steps) => {
      for (const [index, step] of steps.entries()) {
        if (step.state !== "pending" && step.state !== told[index]?.state) terminal.err(stepText(step));
      }
      told = steps;
    },
    commit: async () => interrupts.commit(),
    // Kept beside the lease until a worker has told the channel.
    ended: async () => false,
  };
}
