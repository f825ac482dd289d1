import { fail, HandoverError } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import { findOnlyPrimary } from "./assess.ts";
import { lookAtDolt } from "./look.ts";
import { narrowedView } from "./narrowed.ts";
import { isRoutedOnlyTo } from "./role-labels.ts";
import type { ScaleDetails } from "./scale-details.ts";
import { scaleTo } from "./scale-start.ts";
import { nodeOf } from "./server-calls.ts";
import { unlessAway } from "./unless-away.ts";

const lookAgainAfterMs = 500;

/** Whether there are no more pods than wanted, those that are ending included. */
export async function isStopped(context: OperationContext, { to }: ScaleDetails): Promise<boolean> {
  const layout = await context.workloads.scaling.layout(context.target, context.signal);
  return layout !== null && layout.replicas === to && layout.podsNow <= to;
}

/** Stops the pods that leave, the StatefulSet's last ones, once the primary was seen among those that stay. */
export async function stopPods(context: OperationContext, details: ScaleDetails): Promise<string> {
  const { from, to, leaving, waitMs } = details;
  await assertPrimaryStays(context, details);
  const giveUpAtMs = context.clock.monotonicMs() + waitMs;
  await scaleTo(context, from, to, giveUpAtMs);
  while (!(await unlessAway(context.signal, isStopped(context, details)))) {
    if (context.clock.monotonicMs() >= giveUpAtMs) {
      throw fail("dolt_scale_not_gone", { pods: leaving, seconds: waitMs / 1_000 });
    }
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
  return "their volumes are kept";
}

/** One that leaves may be silent, as it may be why it leaves; but nobody but a pod that stays may be primary. */
async function assertPrimaryStays(context: OperationContext, { leaving }: ScaleDetails): Promise<void> {
  const view = await lookAtDolt(context);
  if (view.nodes.every(({ name }) => !leaving.includes(name))) return;
  const found = findOnlyPrimary(view);
  const [first] = "problems" in found ? found.problems : [];
  if (first !== undefined) throw new HandoverError(first);
  const staying = findOnlyPrimary(narrowedView(view, new Set(leaving)));
  if ("problems" in staying) throw fail("dolt_scale_primary_leaves", { pods: leaving });
  const { name } = staying.primary;
  if (nodeOf(view, name) === null || !isRoutedOnlyTo(name, view.workload)) {
    throw fail("dolt_scale_primary_leaves", { pods: leaving });
  }
}
