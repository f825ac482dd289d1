import { HandoverError, type Problem, problem } from "../../domain/errors.ts";
import { lineToType } from "../line-to-type.ts";
import type { UndoResult } from "../operation.ts";
import { giveBackups } from "./backup-jobs-pause.ts";
import { isWhole } from "./suspend-pods.ts";
import type { Opening } from "./suspend-step-run.ts";
import { suspendedAnnotation } from "./suspension-record.ts";

const tryAgainAfterMs = 1_000;

/**
 * While every pod is still to be there, all that was written is taken back. Once a group is at zero the cluster is down: it is left
 * so, with everything written down that brings it back, and people say which way it goes.
 */
export async function undoSuspend({ context, details, opened }: Opening, failure: Problem): Promise<UndoResult> {
  const { signal, clock } = context;
  for (;;) {
    try {
      const session = await opened();
      const cluster = await session.refresh(signal);
      if (!isWhole(cluster, details)) {
        const state = `Now: ${cluster.sets.map(({ name, replicas, podsNow }) => `${name} is set to ${replicas}, ${podsNow} pods are there`).join("; ")}.`;
        const [suspend, resume] = [lineToType(context, "cratedb", "suspend"), lineToType(context, "cratedb", "resume")];
        return { kind: "stopped", problem: problem("crate_suspend_stopped", { state, suspend, resume }) };
      }
      for (const set of cluster.sets) {
        if (set.annotations[suspendedAnnotation] === undefined) continue;
        await context.crateClusters.annotate(set, { [suspendedAnnotation]: null }, signal);
      }
      await giveBackups(context, cluster);
      return { kind: "nothing_changed", problem: failure };
    } catch (error) {
      if (!(error instanceof HandoverError || signal.aborted)) throw error;
    }
    if (signal.aborted) {
      const todo = [
        `type ${lineToType(context, "cratedb", "suspend")}, or ${lineToType(context, "cratedb", "resume")}`,
      ];
      const left = ["paused backup CronJobs", `the annotation ${suspendedAnnotation}`];
      return { kind: "unknown", problem: problem("crate_not_put_back", { failure: failure.what, left, todo }) };
    }
    await clock.sleep(tryAgainAfterMs, signal).catch(() => undefined);
  }
}
