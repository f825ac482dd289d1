import type { RolloutPod, RolloutView } from "../../ports/rollouts.ts";

/** Pods that count: those that are ending have their successors already. */
export function livingPods({ pods }: RolloutView): readonly RolloutPod[] {
  return pods.filter((pod) => !pod.terminating);
}

/** What place a StatefulSet's pod has: the number behind its name. Null for a pod of another kind. */
export function placeOf({ kind, name }: RolloutView, pod: Pick<RolloutPod, "name">): number | null {
  if (kind !== "StatefulSet" || !pod.name.startsWith(`${name}-`)) return null;
  const digits = pod.name.slice(name.length + 1);
  return /^\d+$/.test(digits) ? Number(digits) : null;
}

/** Whether the controller itself would give this pod the newest template: below a partition, and with OnDelete, it does not. */
export function isRolledByItself(view: RolloutView, pod: Pick<RolloutPod, "name">): boolean {
  const { strategy, firstOrdinal } = view;
  if (strategy.kind === "on_delete") return false;
  if (strategy.kind === "recreate") return true;
  return (placeOf(view, pod) ?? Number.POSITIVE_INFINITY) >= firstOrdinal + strategy.partition;
}

/** Pods that are still of a former template, and will not stay so. */
export function outdatedPods(view: RolloutView): readonly RolloutPod[] {
  return livingPods(view).filter((pod) => pod.isUpdated === false && isRolledByItself(view, pod));
}

export function unreadyPods(view: RolloutView): readonly RolloutPod[] {
  return livingPods(view).filter(({ ready }) => !ready);
}

/** Whether the controller is at work: pods are being replaced, made or taken away. One that cannot get on for a pod that is broken is not. */
export function isRolling(view: RolloutView): boolean {
  if (!view.isObserved || outdatedPods(view).length > 0 || view.pods.some(({ terminating }) => terminating))
    return true;
  const living = livingPods(view).length;
  return living > view.wanted || (living < view.wanted && unreadyPods(view).length === 0);
}

/** “2 of 3 pods are of the newest version, 1 of 3 ready”. */
export function stateText(view: RolloutView): string {
  const living = livingPods(view);
  const updated = living.filter(({ isUpdated }) => isUpdated !== false).length;
  const ready = living.filter(({ ready }) => ready).length;
  const ending = view.pods.length - living.length;
  return [
    ...(updated === living.length ? [] : [`${updated} of ${living.length} pods are of the newest version`]),
    `${ready} of ${view.wanted} ${view.wanted === 1 ? "pod is" : "pods are"} ready`,
    ...(ending === 0 ? [] : [`${ending} ${ending === 1 ? "is" : "are"} ending`]),
  ].join(", ");
}

/** More pods than that are only counted: nobody reads them on a phone. */
const mostHolders = 4;

/** The pods that it waits for, each with what is known. */
export function holderTexts(view: RolloutView): string[] {
  const holders = view.pods.flatMap((pod) => {
    if (pod.terminating) return [`${pod.name} is ending`];
    if (!pod.ready) return [`${pod.name}: ${pod.trouble ?? "not ready"}`];
    return pod.isUpdated === false && isRolledByItself(view, pod) ? [`${pod.name} is still to be replaced`] : [];
  });
  const more = holders.length - mostHolders;
  return more > 0 ? [...holders.slice(0, mostHolders), `and ${more} more`] : holders;
}
