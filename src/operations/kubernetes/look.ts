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
export async function lookUntilAnswered(context: OperationContext): Promise<RolloutView> {
  for (;;) {
    try {
      return await lookAtRollout(context);
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
