import { fail, HandoverError } from "../../domain/errors.ts";
import { objectKindOf } from "../../domain/target.ts";
import type { RolloutView } from "../../ports/rollouts.ts";
import type { OperationContext } from "../operation.ts";

const lookAgainAfterMs = 500;

/** The workload as it is now. Throws `workload_gone`. */
export async function lookAtRollout(context: OperationContext): Promise<RolloutView> {
  const view = await context.workloads.rollouts.look(context.target, context.signal);
  if (view === null) throw fail("workload_gone", { workload: nameOf(context) });
  return view;
}

/** The same, asked again while the API server is away: what was begun is waited for all the same. */
export function lookUntilAnswered(context: OperationContext): Promise<RolloutView> {
  return untilAnswered(context, () => lookAtRollout(context));
}

/** Tries again while the API server is away. Of a write whose answer was lost the attempt itself finds out whether it was done. */
export async function untilAnswered<T>(context: OperationContext, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const isAway = error instanceof HandoverError && error.problem.code === "kubernetes_away";
      if (!isAway || context.signal.aborted) throw error;
      await context.clock.sleep(lookAgainAfterMs, context.signal);
    }
  }
}

/** “Deployment shop/web”. */
export function nameOf({ target }: Pick<OperationContext, "target">): string {
  return `${objectKindOf(target)} ${target.namespace}/${target.workload}`;
}
