import { fail } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import { diagnose } from "./restart-diagnosis.ts";
import { assertReadyForNewPods } from "./scale-configure.ts";
import type { ScaleDetails } from "./scale-details.ts";
import { nodeOf } from "./server-calls.ts";

const lookAgainAfterMs = 500;

/** Whether there are as many pods as wanted, and each new one answers as a standby. */
export async function areUp(context: OperationContext, details: ScaleDetails): Promise<boolean> {
  const view = await lookAtDolt(context);
  return view.workload.replicas === details.to && notUp(view, details).length === 0;
}

/**
 * Starts the new pods. They come up as standbys to which nobody replicates yet: the running servers do not know them before
 * their own restart, so nothing waits for them meanwhile.
 */
export async function startPods(context: OperationContext, details: ScaleDetails): Promise<string> {
  const { from, to, waitMs } = details;
  await assertReadyForNewPods(context, details);
  if (!(await context.workloads.scaling.setReplicas(context.target, from, to, context.signal))) {
    throw fail("dolt_scale_replicas_changed", { from, to });
  }
  const giveUpAtMs = context.clock.monotonicMs() + waitMs;
  for (;;) {
    const view = await lookAtDolt(context);
    const waiting = notUp(view, details);
    const [first] = waiting;
    if (first === undefined) return `${details.joining.join(", ")} answer as standbys`;
    if (context.clock.monotonicMs() >= giveUpAtMs) {
      const told = await diagnose(context, first.name, view);
      throw fail("dolt_scale_not_up", { pod: first.name, seconds: waitMs / 1_000, why: first.why, told });
    }
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
}

/** Throws as soon as a new pod is anything but a standby: then it has a volume from before, or another configuration. */
function notUp(view: DoltView, { joining }: ScaleDetails): { name: string; why: string }[] {
  return joining.flatMap((name) => {
    const node = nodeOf(view, name);
    if (node === null || node.pod === null) return [{ name, why: "its pod was not made yet" }];
    const { answer, silence, pod } = node;
    if (answer === null) return [{ name, why: silence?.text ?? "it does not answer" }];
    if (answer.role !== "standby") throw fail("dolt_scale_not_standby", { pod: name, role: answer.role });
    return pod.ready ? [] : [{ name, why: "it is not Ready" }];
  });
}
