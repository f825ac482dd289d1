import { fail, type HandoverError } from "../../domain/errors.ts";
import type { CrateClusterView, CrateSetView, DeploymentView } from "../../ports/crate-clusters.ts";
import type { OperationContext } from "../operation.ts";
import { insist } from "./restart-sight.ts";
import type { SuspendedSet, SuspensionDetails } from "./suspend-details.ts";
import { type SuspensionWork, silenceMs } from "./suspend-step-run.ts";
import { dependentsOf } from "./suspension-record.ts";

const lookAgainAfterMs = 1_000;

/** Sets the number of pods of these StatefulSets to zero, or back to what it was, if nobody else has set it meanwhile. */
export async function scaleSets(
  work: SuspensionWork,
  sets: readonly SuspendedSet[],
  to: "zero" | "back",
): Promise<void> {
  for (const set of sets) {
    const [from, wanted] = to === "zero" ? [set.replicas, 0] : [0, set.replicas];
    const now = setNamed(work.session.cluster, set);
    const isSet = await insisting(work, () => {
      return work.context.crateClusters.setReplicas(now, from, wanted, work.context.signal);
    });
    if (!isSet) throw fail("crate_changed_meanwhile", { what: `the number of pods of ${set.name}` });
  }
}

/** The same of what depends on the cluster. Deployments that are gone by now are nobody's. */
export async function scaleDependents(work: SuspensionWork, to: "zero" | "back"): Promise<void> {
  for (const deployment of await dependentsNow(work)) {
    const planned = plannedOf(work.details, deployment);
    const [from, wanted] = to === "zero" ? [planned, 0] : [0, planned];
    const isSet = await insisting(work, () => {
      return work.context.crateClusters.scaleDeployment(deployment, from, wanted, work.context.signal);
    });
    if (!isSet) throw fail("crate_changed_meanwhile", { what: `the number of pods of ${deployment.name}` });
  }
}

/** Dependents that the plan names, as they are now. */
export async function dependentsNow(work: SuspensionWork): Promise<DeploymentView[]> {
  const found = await insisting(work, () => readDependents(work.context, work.session.cluster));
  return found.filter((deployment) => plannedOf(work.details, deployment) > 0);
}

/** Of Deployments that may not be seen there are none: the plan was made without them, and said so. */
export async function readDependents(context: OperationContext, cluster: CrateClusterView): Promise<DeploymentView[]> {
  const found = await context.crateClusters.deployments(cluster.namespace, context.signal);
  return found.seen ? dependentsOf(cluster, found.value) : [];
}

/** Whether none of these StatefulSets has a pod any more, and none is to come. */
export function areGone(cluster: CrateClusterView, sets: readonly SuspendedSet[]): boolean {
  return sets.every((set) => setNamed(cluster, set).replicas === 0) && podsLeft(cluster, sets).length === 0;
}

/** Whether every StatefulSet still has the pods that it had. */
export function isWhole(cluster: CrateClusterView, { sets }: Pick<SuspensionDetails, "sets">): boolean {
  return sets.every((set) => setNamed(cluster, set).replicas === set.replicas);
}

/** Pods of these StatefulSets that there still are. */
export function podsLeft(cluster: CrateClusterView, sets: readonly SuspendedSet[]): string[] {
  return sets.flatMap((set) => {
    const now = setNamed(cluster, set);
    const names = now.pods.filter(({ pod }) => pod !== null).map(({ name }) => name);
    return names.length === 0 && now.podsNow > 0 ? [`${now.podsNow} pods of ${set.name}`] : names;
  });
}

/**
 * Looks until nothing is left to wait for.
 * @param left what there is to wait for; the StatefulSets were just read
 * @param late the problem when the time is over
 */
export async function untilNothing(
  work: SuspensionWork,
  waitMs: number,
  left: () => Promise<readonly string[]>,
  late: (left: readonly string[]) => HandoverError,
): Promise<void> {
  const { context, session, waiting } = work;
  const giveUpAtMs = context.clock.monotonicMs() + waitMs;
  for (;;) {
    const reasons = await insist(context, giveUpAtMs, waiting, async () => {
      await session.refresh(context.signal);
      return await left();
    });
    if (reasons.length === 0) return;
    if (context.clock.monotonicMs() >= giveUpAtMs) throw late(reasons);
    waiting.waitsFor(reasons.join("; "));
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
}

/** Does what may be done twice, again while nobody answers. */
export function insisting<T>({ context, waiting }: SuspensionWork, doing: () => Promise<T>): Promise<T> {
  return insist(context, context.clock.monotonicMs() + silenceMs, waiting, doing);
}

/** Throws `crate_changed_meanwhile` when it is gone, or another one of that name. */
export function setNamed({ sets }: CrateClusterView, { name, uid }: Pick<SuspendedSet, "name" | "uid">): CrateSetView {
  const found = sets.find((set) => set.name === name && set.uid === uid);
  if (found === undefined) throw fail("crate_changed_meanwhile", { what: `the StatefulSet ${name} is gone` });
  return found;
}

function plannedOf({ dependents }: Pick<SuspensionDetails, "dependents">, { name }: DeploymentView): number {
  return dependents.find((one) => one.name === name)?.replicas ?? 0;
}
