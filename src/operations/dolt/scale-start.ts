import { fail } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import { diagnose } from "./restart-diagnosis.ts";
import { assertReadyForNewPods } from "./scale-configure.ts";
import type { ScaleDetails } from "./scale-details.ts";
import { nodeOf } from "./server-calls.ts";
import { unlessAway } from "./unless-away.ts";

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
  const giveUpAtMs = context.clock.monotonicMs() + waitMs;
  await scaleTo(context, from, to, giveUpAtMs);
  let last = { name: details.joining[0] ?? "", why: "the Kubernetes API does not answer" };
  for (;;) {
    const view = await unlessAway(context.signal, lookAtDolt(context));
    const [first] = view === null ? [last] : notUp(view, details);
    if (first === undefined) return `${details.joining.join(", ")} answer as standbys`;
    last = first;
    if (context.clock.monotonicMs() >= giveUpAtMs) {
      const told = await diagnose(context, first.name, view);
      throw fail("dolt_scale_not_up", { pod: first.name, seconds: waitMs / 1_000, why: first.why, told });
    }
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
}

/** Sets the number of pods, asked again while the API server is away. Throws when it is neither of the two any more. */
export async function scaleTo(context: OperationContext, from: number, to: number, giveUpAtMs: number): Promise<void> {
  const { scaling } = context.workloads;
  for (;;) {
    const isLast = context.clock.monotonicMs() >= giveUpAtMs;
    const asked = scaling.setReplicas(context.target, from, to, context.signal);
    const done = isLast ? await asked : await unlessAway(context.signal, asked);
    if (done === true) return;
    if (done === false) throw fail("dolt_scale_replicas_changed", { from, to });
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
