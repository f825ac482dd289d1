import { fail } from "../../domain/errors.ts";
import type { RolloutPod, RolloutView } from "../../ports/rollouts.ts";
import { diagnosePod } from "../diagnosis.ts";
import type { OperationContext } from "../operation.ts";
import type { WaitingNote } from "../waiting-note.ts";
import { lookUntilAnswered, nameOf, untilAnswered } from "./look.ts";
import { holderTexts, livingPods, outdatedPods, stateText, unreadyPods } from "./rollout-state.ts";

const lookAgainAfterMs = 500;
/** A registry or a ConfigMap can be missing for a moment. */
const cannotStartForMs = 30_000;
/** What a pod that is not ready is asked for its reasons, beyond the deadline of the wait. */
export const diagnosisMs = 20_000;

export interface WatchedRollout {
  readonly uid: string;
  /** Whether the specification is still the one that is being rolled out. */
  readonly isExpected: (view: RolloutView) => boolean;
  readonly isEnd: (view: RolloutView) => boolean;
  /** In words, for when it is not: “restarted”. */
  readonly doing: string;
  /** How long nothing may move. */
  readonly waitMs: number;
  /** Whether a broken pod of the former template may be evicted where its controller waits for it. */
  readonly clearsTheWay: boolean;
  /** UIDs of pods whose trouble is no news: they had it before. */
  readonly knownTrouble?: ReadonlySet<string>;
}

/**
 * Waits for the end of what its controller does. Throws `workload_pod_failing` as soon as a new pod
 * is seen not to come up, `workload_not_ready` when nothing moves, `workload_changed` when somebody else changes it meanwhile.
 */
export async function untilRolled(
  context: OperationContext,
  watched: WatchedRollout,
  waiting: WaitingNote,
): Promise<RolloutView> {
  const { clock, signal } = context;
  const stuckSinceMs = new Map<string, number>();
  let progress = "";
  let movedAtMs = clock.monotonicMs();
  for (;;) {
    const view = await lookUntilAnswered(context);
    if (view.uid !== watched.uid) throw fail("workload_gone", { workload: nameOf(context) });
    if (!watched.isExpected(view)) {
      throw fail("workload_changed", { workload: nameOf(context), doing: watched.doing });
    }
    if (watched.isEnd(view)) return view;
    const failing = failingPod(view, watched, stuckSinceMs, clock.monotonicMs());
    if (failing !== null) {
      const told = await diagnosis(context, view, failing);
      throw fail("workload_pod_failing", { pod: failing.name, trouble: failing.trouble ?? "it is not ready", told });
    }
    const now = progressOf(view);
    if (now !== progress) {
      progress = now;
      movedAtMs = clock.monotonicMs();
    }
    const state = stateText(view);
    if (clock.monotonicMs() - movedAtMs >= watched.waitMs) {
      const [first] = unreadyPods(view);
      const told = first === undefined ? [] : await diagnosis(context, view, first);
      const seconds = Math.round(watched.waitMs / 1_000);
      throw fail("workload_not_ready", { seconds, state, holders: holderTexts(view), told });
    }
    if (watched.clearsTheWay) await clearTheWay(context, view);
    waiting.waitsFor([state, ...holderTexts(view).slice(0, 3)].join("; "));
    await clock.sleep(lookAgainAfterMs, signal);
  }
}

function failingPod(
  view: RolloutView,
  { knownTrouble }: WatchedRollout,
  stuckSinceMs: Map<string, number>,
  nowMs: number,
): RolloutPod | null {
  for (const pod of livingPods(view)) {
    if (pod.isUpdated === false || knownTrouble?.has(pod.uid)) continue;
    if (pod.failure === "crashing") return pod;
    if (pod.failure !== "cannot_start") {
      stuckSinceMs.delete(pod.uid);
      continue;
    }
    const sinceMs = stuckSinceMs.get(pod.uid) ?? nowMs;
    stuckSinceMs.set(pod.uid, sinceMs);
    if (nowMs - sinceMs >= cannotStartForMs) return pod;
  }
  return null;
}

/** What moves while a roll-out gets on: which pods there are, which are ready, which are ending. */
function progressOf(view: RolloutView): string {
  return view.pods.map(({ uid, ready, terminating }) => `${uid} ${ready} ${terminating}`).join();
}

/**
 * A StatefulSet's controller waits for ever for a pod of the former template that is broken
 * (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback): it is evicted, one at a time, as it
 * would be replaced anyway. A budget that forbids it is asked again.
 */
async function clearTheWay(context: OperationContext, view: RolloutView): Promise<void> {
  if (view.kind !== "StatefulSet" || view.pods.some(({ terminating }) => terminating)) return;
  if (livingPods(view).some(({ ready, isUpdated }) => !ready && isUpdated !== false)) return;
  const blocking = outdatedPods(view).findLast(({ ready }) => !ready);
  if (blocking === undefined) return;
  const { name, uid } = blocking;
  const pod = { namespace: view.namespace, name, uid };
  await untilAnswered(context, () => context.workloads.evictPod(pod, context.signal));
}

export function diagnosis(
  context: OperationContext,
  view: RolloutView,
  { name, uid }: Pick<RolloutPod, "name" | "uid">,
): Promise<string[]> {
  return diagnosePod(context, { namespace: view.namespace, name, view: { uid } }, view.uid);
}
