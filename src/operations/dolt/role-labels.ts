import { fail, HandoverError } from "../../domain/errors.ts";
import type { WorkloadView } from "../../ports/workloads.ts";
import type { OperationContext } from "../operation.ts";
import { lookAtWorkload } from "./look.ts";

/** The label that Services route by; the convention of doltclusterctl. */
export const roleLabel = "dolthub.com/cluster_role";

/**
 * The label's value on the candidate for the second or two before the switch: no Service selects it, so that making it
 * primary is one change of routing and not two.
 */
const setAsideRole = "candidate";

/** The pod whose server was seen as primary: one that was recreated under its name is another, with a role of its own. */
export interface PrimaryPod {
  readonly name: string;
  readonly uid: string;
}

/** Pods that carry the primary's label now. */
export function routedPods(workload: WorkloadView): string[] {
  return workload.pods.filter(({ pod }) => pod?.labels[roleLabel] === "primary").map(({ name }) => name);
}

export function isRoutedOnlyTo(name: string, workload: WorkloadView): boolean {
  const routed = routedPods(workload);
  return routed.length === 1 && routed[0] === name;
}

/**
 * Routes writes to one pod, tried again until the signal ends it: half a routing is no state to leave. `onRouted` is
 * called once, when the new label is certain. Throws `dolt_pod_missing` as soon as another pod has taken its name.
 */
export async function routeTo(
  primary: PrimaryPod,
  context: OperationContext,
  known: WorkloadView,
  onRouted: () => void = () => undefined,
): Promise<void> {
  let workload = known;
  let isRouted = false;
  const onCertain = () => {
    if (!isRouted) onRouted();
    isRouted = true;
  };
  for (;;) {
    try {
      return await routeOnce(primary, context, workload, onCertain);
    } catch (error) {
      if (context.signal.aborted || !(error instanceof HandoverError)) throw error;
      await context.clock.sleep(200, context.signal);
      workload = await lookAtWorkload(context).catch(() => workload);
      const uid = podOf(primary.name, workload)?.uid;
      if (uid !== undefined && uid !== primary.uid) throw error;
    }
  }
}

/**
 * One try: the label of the new primary first, every other one after it, so that a target is never without a routed
 * primary by this hand. The new one is patched whatever was seen before: only the answer makes it certain.
 */
export async function routeOnce(
  primary: PrimaryPod,
  context: OperationContext,
  workload: WorkloadView,
  onCertain: () => void = () => undefined,
): Promise<void> {
  const doing = `the primary's label was given to ${primary.name}`;
  if (podOf(primary.name, workload)?.uid !== primary.uid) throw fail("dolt_pod_missing", { pod: primary.name, doing });
  await label(primary, "primary", context);
  onCertain();
  for (const { name, pod } of workload.pods) {
    if (pod === null || name === primary.name) continue;
    const role = pod.labels[roleLabel];
    if (role !== "primary" && role !== setAsideRole) continue;
    await label({ name, uid: pod.uid }, "standby", context);
  }
}

/** For labels that somebody else changed: one try. Whether it put them right shows at the next look. */
export async function routeAgain(
  primary: PrimaryPod,
  context: OperationContext,
  workload: WorkloadView,
): Promise<void> {
  try {
    await routeOnce(primary, context, workload);
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
  }
}

/**
 * Takes the candidate out of the Service for reads, if another standby is left there. Resolves to whether it did.
 * `routeOnce` ends it, whoever becomes primary.
 */
export async function setAside(name: string, context: OperationContext, workload: WorkloadView): Promise<boolean> {
  const uid = podOf(name, workload)?.uid;
  const standbys = workload.pods.filter(({ pod }) => pod?.ready === true && pod.labels[roleLabel] === "standby");
  if (uid === undefined || standbys.length < 2 || !standbys.some((standby) => standby.name === name)) return false;
  await label({ name, uid }, setAsideRole, context);
  return true;
}

function podOf(name: string, workload: WorkloadView) {
  return workload.pods.find((candidate) => candidate.name === name)?.pod ?? null;
}

async function label(
  { name, uid }: PrimaryPod,
  role: "primary" | "standby" | typeof setAsideRole,
  context: OperationContext,
) {
  const reference = { namespace: context.target.namespace, name, uid };
  await context.workloads.labelPod(reference, roleLabel, role, context.signal);
}
