import { HandoverError } from "../../domain/errors.ts";
import type { WorkloadView } from "../../ports/workloads.ts";
import type { OperationContext, OperationRun, Step } from "../operation.ts";
import { type FailoverDetails, standbyLabelStep } from "./failover-details.ts";
import { lookAtDolt } from "./look.ts";
import { roleLabel } from "./role-labels.ts";

const tryForMs = 10_000;
const lookAgainAfterMs = 200;

/** Pods without a role's label: nothing routes to them, and a standby should be found by those who read. */
export function unlabelledPods(workload: WorkloadView, candidate: string): string[] {
  return workload.pods
    .filter(({ name, pod }) => name !== candidate && pod !== null && !["primary", "standby"].includes(roleOf(pod)))
    .map(({ name }) => name);
}

/**
 * A failover that at its end also labels the standbys that had no label, each by its own server's word. Only where the
 * plan says so; a label that cannot be given is named and undoes nothing, since writes are routed by then.
 */
export function labellingStandbys(
  run: OperationRun,
  context: OperationContext,
  details: FailoverDetails,
): OperationRun {
  const planned = standbyLabelStep(details);
  if (planned === null) return run;
  const missingIn = (workload: WorkloadView) => {
    const unlabelled = unlabelledPods(workload, details.candidate.name);
    return (details.unlabelled ?? []).filter((name) => unlabelled.includes(name));
  };
  const step: Step = {
    ...planned,
    deadlineMs: 30_000,
    pointOfNoReturn: false,
    safePoint: false,
    changesTarget: false,
    isDone: async () => false,
    act: async (signal) => {
      const within = { ...context, signal };
      const giveUpAtMs = context.clock.monotonicMs() + tryForMs;
      for (;;) {
        const left = await labelOnce(within, missingIn).catch((error: unknown) => {
          if (signal.aborted || !(error instanceof HandoverError)) throw error;
          return [`not yet: ${error.problem.what}`];
        });
        if (left.length === 0) return `every standby carries ${roleLabel}=standby`;
        if (context.clock.monotonicMs() >= giveUpAtMs) return `without a label still: ${left.join(", ")}`;
        await context.clock.sleep(lookAgainAfterMs, signal);
      }
    },
  };
  return {
    steps: [...run.steps, step],
    undo: (failure, signal) => run.undo(failure, signal),
    result: () => run.result(),
    close: () => run.close(),
  };
}

/** Labels those that say they are standbys; returns those that are left. */
async function labelOnce(
  context: OperationContext,
  missingIn: (workload: WorkloadView) => string[],
): Promise<string[]> {
  const view = await lookAtDolt(context);
  const missing = missingIn(view.workload);
  const { namespace } = context.target;
  const left: string[] = [];
  for (const { name, pod, answer } of view.nodes) {
    if (!missing.includes(name) || pod === null) continue;
    if (answer?.role !== "standby") left.push(name);
    else await context.workloads.labelPod({ namespace, name, uid: pod.uid }, roleLabel, "standby", context.signal);
  }
  return left;
}

function roleOf({ labels }: { readonly labels: Readonly<Record<string, string>> }): string {
  return labels[roleLabel] ?? "";
}
