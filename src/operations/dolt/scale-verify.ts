import { fail, HandoverError } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import { findOnlyPrimary } from "./assess.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import { podOfRemote } from "./remotes.ts";
import { judgementText, ReplicationWatch } from "./replicating.ts";
import { roleLabel } from "./role-labels.ts";
import type { ScaleDetails } from "./scale-details.ts";
import { differingRemotes, readSituation } from "./scale-situation.ts";
import { nodeOf } from "./server-calls.ts";
import { unlessAway } from "./unless-away.ts";

const lookAgainAfterMs = 500;
const verifyForMs = 60_000;

/** Waits until the new standbys hold everything, and only then lets reads reach them. Writes go on meanwhile. */
export async function untilJoined(context: OperationContext, details: ScaleDetails): Promise<string> {
  const { joining, maxLagMs, waitMs } = details;
  const watch = new ReplicationWatch(maxLagMs);
  const giveUpAtMs = context.clock.monotonicMs() + waitMs;
  const joined = new Map<string, string>();
  for (;;) {
    const waiting = joining.filter((name) => !joined.has(name));
    const reasons = await lookOnce(context, watch, waiting, joined);
    if (joining.every((name) => joined.has(name)))
      return [...joined].map(([name, lag]) => `${name}: ${lag}`).join("; ");
    if (context.clock.monotonicMs() >= giveUpAtMs)
      throw fail("dolt_scale_not_joined", { seconds: waitMs / 1_000, reasons });
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
}

async function lookOnce(
  context: OperationContext,
  watch: ReplicationWatch,
  waiting: readonly string[],
  joined: Map<string, string>,
): Promise<string[]> {
  try {
    const view = await lookAtDolt(context);
    const found = findOnlyPrimary(view);
    if ("problems" in found) return found.problems.map((one) => one.what);
    const reasons: string[] = [];
    for (const [name, judgement] of await watch.judge(context, view, found.primary, waiting)) {
      if ("why" in judgement) reasons.push(`${name}: ${judgement.why}`);
      else if (await isLabelled(context, view, name)) joined.set(name, judgementText(judgement));
    }
    return reasons;
  } catch (error) {
    if (!(error instanceof HandoverError) || context.signal.aborted) throw error;
    return [error.problem.what];
  }
}

/** By this label the Service of the standbys finds it. */
async function isLabelled(context: OperationContext, view: DoltView, name: string): Promise<boolean> {
  const pod = nodeOf(view, name)?.pod ?? null;
  if (pod === null) return false;
  if (pod.labels[roleLabel] === "standby") return true;
  const reference = { namespace: context.target.namespace, name, uid: pod.uid };
  await context.workloads.labelPod(reference, roleLabel, "standby", context.signal);
  return true;
}

/** Looks until every server runs with the remotes it is to have, each of which leads where it should. Returns the primary. */
export async function untilAsConfigured(context: OperationContext, details: ScaleDetails): Promise<string> {
  const giveUpAtMs = context.clock.monotonicMs() + verifyForMs;
  for (;;) {
    const seen = (await unlessAway(context.signal, asConfigured(context, details))) ?? unread;
    if ("primary" in seen) return seen.primary;
    if (context.clock.monotonicMs() >= giveUpAtMs) throw fail("dolt_scale_not_as_configured", seen);
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
}

const unread = { reasons: ["the Kubernetes API does not answer"] };

async function asConfigured(
  context: OperationContext,
  { to, leaving }: ScaleDetails,
): Promise<{ primary: string } | { reasons: string[] }> {
  const view = await lookAtDolt(context);
  const found = findOnlyPrimary(view);
  if ("problems" in found) return { reasons: found.problems.map((one) => one.what) };
  const { change, wanted } = await readSituation(context, view, to, leaving);
  if ("why" in change) return { reasons: [change.why] };
  const reasons = [
    ...(view.workload.replicas === to ? [] : [`there are to be ${view.workload.replicas} servers`]),
    ...wanted.flatMap((name) => differenceOf(view, name, wanted, change.remoteNames.get(name) ?? [])),
  ];
  return reasons.length === 0 ? { primary: found.primary.name } : { reasons };
}

/** Why a server does not replicate as its configuration says: an old name of a remote keeps its old address. */
function differenceOf(view: DoltView, name: string, wanted: readonly string[], names: readonly string[]): string[] {
  const answer = nodeOf(view, name)?.answer ?? null;
  if (answer === null) return [`${name} does not answer`];
  const wrong = differingRemotes(answer.replication, names);
  if (wrong.length > 0) return [`${name} runs with other remotes than configured (${wrong.join(", ")})`];
  const { pods } = view.workload;
  const leads = new Set(answer.replication.map((row) => podOfRemote({ name: row.remote, url: row.remoteUrl }, pods)));
  const missing = wanted.filter((other) => other !== name && !leads.has(other));
  return missing.length === 0 ? [] : [`no remote of ${name} leads to ${missing.join(", ")}`];
}
