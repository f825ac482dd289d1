import { fail, HandoverError } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import type { WaitingNote } from "../waiting-note.ts";
import { findOnlyPrimary } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import { lookAndCompare } from "./compare-states.ts";
import type { DoltNode, DoltView } from "./look.ts";
import { judgeCaughtUp } from "./replicating.ts";
import type { RestartDetails, RestartedPod } from "./restart-details.ts";
import type { ExpectedPrimary } from "./restart-pods.ts";

const lookAgainAfterMs = 500;

/** Looks until the rest of the target can stand in for these pods. Throws `dolt_restart_held`. */
export async function untilFit(
  context: OperationContext,
  details: RestartDetails,
  batch: readonly RestartedPod[],
  primary: ExpectedPrimary,
  waitMs: number,
  waiting: WaitingNote,
): Promise<void> {
  const giveUpAtMs = context.clock.monotonicMs() + waitMs;
  for (;;) {
    const reasons = await reasonsNow(context, details, batch, primary);
    if (reasons.length === 0) return;
    if (context.clock.monotonicMs() >= giveUpAtMs) {
      const pods = batch.map(({ name }) => name);
      throw fail("dolt_restart_held", { pods, seconds: waitMs / 1_000, reasons });
    }
    waiting.waitsFor(reasons.join("; "));
    await context.clock.sleep(lookAgainAfterMs, context.signal);
  }
}

async function reasonsNow(
  context: OperationContext,
  details: RestartDetails,
  batch: readonly RestartedPod[],
  expected: ExpectedPrimary,
): Promise<string[]> {
  try {
    const view = await lookAndCompare(context);
    const found = findOnlyPrimary(view);
    if ("problems" in found) return found.problems.map((one) => withoutEnd(one.what));
    const { name, answer } = found.primary;
    if (name !== expected.name || answer.epoch < expected.epoch) {
      return [`${name} is primary at epoch ${answer.epoch}, not ${expected.name}`];
    }
    const names = batch.map((pod) => pod.name);
    return [
      ...reasonsAgainst(view, found.primary, names, details),
      ...(view.workload.updateRevision === details.revision
        ? []
        : ["the StatefulSet's template was changed meanwhile"]),
      ...(controllerMayDelete(view) ? ["the StatefulSet's controller may delete pods by itself"] : []),
    ];
  } catch (error) {
    if (!(error instanceof HandoverError) || context.signal.aborted) throw error;
    return [withoutEnd(error.problem.what)];
  }
}

/**
 * Why the pods beside these could not stand in for them: with `minCaughtUp` 0 every other standby has to be caught up, else
 * so many of them, or as many as there are. Nobody has to stand in for what does not run anyway.
 */
export function reasonsAgainst(
  view: DoltView,
  primary: AnsweringNode,
  batch: readonly string[],
  { minCaughtUp, maxLagMs }: Pick<RestartDetails, "minCaughtUp" | "maxLagMs">,
): string[] {
  const leaving = view.nodes.filter(({ pod }) => pod?.terminating === true);
  const isLoss = batch.length === 0 || view.nodes.some((node) => batch.includes(node.name) && isWell(node));
  const others = view.nodes.filter(({ name }) => name !== primary.name && !batch.includes(name));
  const behind = others.flatMap(({ name }) => {
    const judgement = judgeCaughtUp(view, primary, name, maxLagMs);
    return "why" in judgement ? [`${name}: ${judgement.why}`] : [];
  });
  const needed = minCaughtUp === 0 ? others.length : Math.min(minCaughtUp, others.length);
  return [
    ...leaving.map(({ name }) => `${name} is being deleted already`),
    ...(view.workload.isObserved ? [] : ["the StatefulSet's controller has not seen its newest change yet"]),
    ...(isLoss && others.length - behind.length < needed ? behind : []),
  ];
}

export function isWell({ pod, answer }: DoltNode): boolean {
  return pod?.ready === true && answer !== null;
}

/** Whether the StatefulSet's controller deletes pods to roll out a change, now or after the next one. */
export function controllerMayDelete(view: DoltView): boolean {
  const { rollsFromOrdinal, pods } = view.workload;
  return rollsFromOrdinal !== null && rollsFromOrdinal < pods.length;
}

/** Problems that were written for a refusal say at their end that nothing was changed. */
function withoutEnd(what: string): string {
  return what.replace(/\.?( Nothing was changed)?\.$/, "");
}
