import { fail, HandoverError } from "../../domain/errors.ts";
import type { RolloutPod, RolloutView } from "../../ports/rollouts.ts";
import type { OperationContext } from "../operation.ts";
import type { WaitingNote } from "../waiting-note.ts";
import { lookUntilAnswered, nameOf } from "./look.ts";
import type { EvictedPod, RestartDetails } from "./restart-details.ts";
import { livingPods, placeOf, stateText } from "./rollout-state.ts";
import { diagnosis } from "./watch-rollout.ts";

const askAgainAfterMs = 2_000;
const lookAgainAfterMs = 500;

/** Evicts a pod that its controller would not replace, and waits until there are as many ready pods as there are to be. By UID: one that is gone already is only waited for. */
export async function evictAndWait(
  context: OperationContext,
  pod: EvictedPod,
  details: RestartDetails,
  waiting: WaitingNote,
): Promise<void> {
  const giveUpAtMs = context.clock.monotonicMs() + details.waitMs;
  await untilEvicted(context, pod, giveUpAtMs, details, waiting);
  await untilBack(context, pod, giveUpAtMs, details, waiting);
}

/** Whether that very pod is gone, and all that there are to be are ready. */
export function isBack(view: RolloutView, pod: EvictedPod, details: RestartDetails): boolean {
  if (view.pods.some(({ uid }) => uid === pod.uid)) return false;
  const living = livingPods(view);
  // A StatefulSet's pod comes back in its place; of the others it is enough that none is missing.
  if (placeOf(view, pod) !== null) return living.some(({ name, ready }) => name === pod.name && ready);
  return living.length >= view.wanted && newPods(view, details).every(({ ready }) => ready);
}

/** Pods that came after the plan. */
export function newPods(view: RolloutView, { evicted }: RestartDetails): readonly RolloutPod[] {
  return livingPods(view).filter((pod) => !evicted.some(({ uid }) => uid === pod.uid));
}

async function untilEvicted(
  context: OperationContext,
  pod: EvictedPod,
  giveUpAtMs: number,
  details: RestartDetails,
  waiting: WaitingNote,
): Promise<void> {
  for (;;) {
    const view = await lookChecked(context, details);
    const now = view.pods.find(({ uid }) => uid === pod.uid);
    if (now === undefined || now.terminating) return;
    const why = await refusalOf(context, pod);
    if (why === null) return;
    waiting.waitsFor(`${pod.name} may not be evicted yet: ${why}`);
    if (context.clock.monotonicMs() >= giveUpAtMs) {
      throw fail("workload_pod_not_evicted", { pod: pod.name, seconds: Math.round(details.waitMs / 1_000), why });
    }
    await context.clock.sleep(askAgainAfterMs, context.signal);
  }
}

/** Null: it goes. */
async function refusalOf(context: OperationContext, { name, uid }: EvictedPod): Promise<string | null> {
  try {
    const pod = { namespace: context.target.namespace, name, uid };
    const eviction = await context.workloads.evictPod(pod, context.signal);
    return eviction.kind === "refused" ? eviction.why : null;
  } catch (error) {
    if (!(error instanceof HandoverError) || context.signal.aborted) throw error;
    return error.problem.what;
  }
}

async function untilBack(
  context: OperationContext,
  pod: EvictedPod,
  giveUpAtMs: number,
  details: RestartDetails,
  waiting: WaitingNote,
): Promise<void> {
  for (;;) {
    const view = await lookChecked(context, details);
    if (isBack(view, pod, details)) return;
    const unready = successorOf(view, pod, details);
    if (unready?.failure === "crashing") {
      const told = await diagnosis(context, view, unready);
      throw fail("workload_pod_failing", { pod: unready.name, trouble: unready.trouble ?? "it is not ready", told });
    }
    if (context.clock.monotonicMs() >= giveUpAtMs) {
      const told = unready === undefined ? [] : await diagnosis(context, view, unready);
      const holders = unready === undefined ? [`${pod.name} is not back`] : [textOf(unready)];
      const seconds = Math.round(details.waitMs / 1_000);
      throw fail("workload_not_ready", { seconds, state: stateText(view), holders, told });
    }
    waiting.waitsFor(unready === undefined ? `${pod.name} is not back yet` : textOf(unready));
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
}

/** The pod in its place; where pods have none, one that came after the plan and is not ready. */
function successorOf(view: RolloutView, pod: EvictedPod, details: RestartDetails): RolloutPod | undefined {
  const unready = newPods(view, details).filter(({ ready }) => !ready);
  return placeOf(view, pod) === null ? unready[0] : unready.find(({ name }) => name === pod.name);
}

const textOf = ({ name, trouble }: RolloutPod) => `${name}: ${trouble ?? "not ready"}`;

async function lookChecked(context: OperationContext, { uid }: RestartDetails): Promise<RolloutView> {
  const view = await lookUntilAnswered(context);
  if (view.uid !== uid) throw fail("workload_gone", { workload: nameOf(context) });
  return view;
}
