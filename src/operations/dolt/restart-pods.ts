import { fail, HandoverError } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import type { WaitingNote } from "../waiting-note.ts";
import { isAnswering } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import { type DoltView, lookAtDolt, lookAtWorkload } from "./look.ts";
import { judgementText, ReplicationWatch } from "./replicating.ts";
import type { RestartedPod } from "./restart-details.ts";
import { diagnose } from "./restart-diagnosis.ts";
import { roleLabel } from "./role-labels.ts";

const askAgainAfterMs = 2_000;
const lookAgainAfterMs = 300;
/** What a pod that is not back is asked for its reasons, beyond its deadline. */
export const diagnosisMs = 20_000;

/** A primary that pods are restarted under: by name, at this epoch or above. */
export interface ExpectedPrimary {
  readonly name: string;
  readonly epoch: number;
}

export interface RestartBounds {
  readonly maxLagMs: number;
  /** From the eviction until a pod replicates again. */
  readonly waitMs: number;
}

/**
 * Evicts these pods side by side, waits until each replicates again, and labels them as standbys. By UID: a pod that was
 * evicted already is only waited for. Returns what there is to tell of them.
 */
export async function restartPods(
  context: OperationContext,
  pods: readonly RestartedPod[],
  primary: ExpectedPrimary,
  bounds: RestartBounds,
  waiting: WaitingNote,
): Promise<string> {
  const giveUpAtMs = context.clock.monotonicMs() + bounds.waitMs;
  const evictions = await Promise.all(pods.map((pod) => evict(context, pod, giveUpAtMs, bounds, waiting)));
  const lags = await untilReplicating(context, pods, primary, giveUpAtMs, bounds, waiting);
  const told = pods.map(({ name }, index) => [`${name}: ${lags.get(name)}`, evictions[index] ?? ""]);
  return told.map((parts) => parts.filter((part) => part !== "").join(", ")).join("; ");
}

/** Asks until it is allowed, since what forbids it may pass. Returns a word on refusals, or nothing. */
async function evict(
  context: OperationContext,
  pod: RestartedPod,
  giveUpAtMs: number,
  bounds: RestartBounds,
  waiting: WaitingNote,
): Promise<string> {
  const reference = { namespace: context.target.namespace, ...pod };
  let refusals = 0;
  for (;;) {
    let why: string;
    try {
      if (await isOnItsWay(context, pod)) return "";
      const eviction = await context.workloads.evictPod(reference, context.signal);
      if (eviction.kind !== "refused") return refusals === 0 ? "" : `evicted after ${refusals} refusals`;
      why = eviction.why;
    } catch (error) {
      if (!(error instanceof HandoverError) || context.signal.aborted) throw error;
      why = error.problem.what;
    }
    refusals += 1;
    waiting.waitsFor(`${pod.name} may not be evicted yet: ${why}`);
    if (context.clock.monotonicMs() >= giveUpAtMs) {
      throw fail("dolt_pod_not_evicted", { pod: pod.name, seconds: bounds.waitMs / 1_000, times: refusals, why });
    }
    await context.clock.sleep(askAgainAfterMs, context.signal);
  }
}

/** Whether that very pod goes already, or is gone: also when an eviction's answer was lost. */
async function isOnItsWay(context: OperationContext, { name, uid }: RestartedPod): Promise<boolean> {
  const { pods } = await lookAtWorkload(context);
  const pod = pods.find((candidate) => candidate.name === name)?.pod ?? null;
  return pod?.uid !== uid || pod.terminating;
}

async function untilReplicating(
  context: OperationContext,
  pods: readonly RestartedPod[],
  expected: ExpectedPrimary,
  giveUpAtMs: number,
  bounds: RestartBounds,
  waiting: WaitingNote,
): Promise<ReadonlyMap<string, string>> {
  const watch = new ReplicationWatch(bounds.maxLagMs);
  const back = new Map<string, string>();
  for (;;) {
    const missing = pods.filter(({ name }) => !back.has(name));
    const reasons = new Map<string, string>();
    const view = await lookOrNull(context);
    const primary = view === null ? null : primaryIn(view, expected);
    const fresh = missing.filter((pod) => view !== null && isAnother(pod, view));
    if (view !== null && primary !== null) {
      const names = fresh.map(({ name }) => name);
      for (const [name, judgement] of await watch.judge(context, view, primary, names)) {
        if ("why" in judgement) reasons.set(name, judgement.why);
        else if (await isLabelled(context, name, view)) back.set(name, judgementText(judgement));
      }
    }
    const [first] = pods.filter(({ name }) => !back.has(name));
    if (first === undefined) return back;
    const why = reasons.get(first.name) ?? reasonWithoutJudgement(first, view, expected);
    if (context.clock.monotonicMs() >= giveUpAtMs) {
      const told = await diagnose(context, first.name, view);
      throw fail("dolt_pod_not_back", { pod: first.name, seconds: bounds.waitMs / 1_000, why, told });
    }
    waiting.waitsFor(`${first.name}: ${why}`);
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
}

/** Null while the API server is away: what was begun is waited for all the same. */
async function lookOrNull(context: OperationContext): Promise<DoltView | null> {
  try {
    return await lookAtDolt(context);
  } catch (error) {
    if (!(error instanceof HandoverError) || context.signal.aborted) throw error;
    return null;
  }
}

/** The expected primary, if it answers as one and no other server does, or is broken, or newer. Those that do not answer yet are no objection here. */
export function primaryIn(view: DoltView, expected: ExpectedPrimary): AnsweringNode | null {
  const answering = view.nodes.filter(isAnswering);
  const [primary, ...others] = answering.filter(({ answer }) => answer.role !== "standby");
  if (primary === undefined || others.length > 0 || primary.answer.role !== "primary") return null;
  const { epoch } = primary.answer;
  const isExpected = primary.name === expected.name && epoch >= expected.epoch;
  return isExpected && answering.every(({ answer }) => answer.epoch <= epoch) ? primary : null;
}

function isAnother({ name, uid }: RestartedPod, view: DoltView): boolean {
  const pod = view.nodes.find((node) => node.name === name)?.pod ?? null;
  return pod !== null && pod.uid !== uid && !pod.terminating;
}

function reasonWithoutJudgement({ name, uid }: RestartedPod, view: DoltView | null, expected: ExpectedPrimary): string {
  if (view === null) return "the Kubernetes API does not answer";
  const pod = view.nodes.find((node) => node.name === name)?.pod ?? null;
  if (pod === null) return "no new pod was made";
  if (pod.uid === uid) return "the old pod has not ended yet";
  return `${expected.name} does not answer as the only primary, so nothing can be said of its replication`;
}

/** A new pod has none of the labels that its predecessor was given, so the Service of the standbys would leave it out. */
async function isLabelled(context: OperationContext, name: string, view: DoltView): Promise<boolean> {
  const pod = view.nodes.find((node) => node.name === name)?.pod ?? null;
  if (pod === null) return false;
  if (pod.labels[roleLabel] === "standby") return true;
  try {
    const reference = { namespace: context.target.namespace, name, uid: pod.uid };
    await context.workloads.labelPod(reference, roleLabel, "standby", context.signal);
    return true;
  } catch (error) {
    if (!(error instanceof HandoverError) || context.signal.aborted) throw error;
    return false;
  }
}
