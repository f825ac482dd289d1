import { HandoverError, type Problem, problem } from "../../domain/errors.ts";
import { lineToType } from "../line-to-type.ts";
import type { OperationContext, UndoResult } from "../operation.ts";
import { lookAtDolt } from "./look.ts";
import type { RestartRun } from "./restart-run.ts";
import type { ScaleDetails } from "./scale-details.ts";
import type { ScaleHandover } from "./scale-handover.ts";
import { readSituation } from "./scale-situation.ts";

const tryAgainAfterMs = 500;

/**
 * Before a server was restarted, the number of pods and the configuration are put back: the servers run with what they had.
 * From the first restart on there is nothing good to go back to, and each state on the way is good by itself: what was done
 * stands, and the same command goes on from there.
 */
export async function undoScale(
  context: OperationContext,
  details: ScaleDetails,
  { handover, roll }: { readonly handover: ScaleHandover | null; readonly roll: RestartRun | null },
  failure: Problem,
): Promise<UndoResult> {
  const handedBack = (await handover?.undo(failure, context.signal)) ?? null;
  if (handedBack !== null) {
    return handedBack.kind === "finished" ? stopped(context, details, failure, handedBack.note) : handedBack;
  }
  const rolled = roll === null ? null : await roll.undo(failure, context.signal);
  if (rolled?.kind === "unknown") return rolled;
  if (rolled?.kind !== "nothing_changed" || details.from === details.to) {
    return stopped(context, details, failure, stateAfter(rolled, failure));
  }
  return await putBack(context, details, failure);
}

async function putBack(context: OperationContext, details: ScaleDetails, failure: Problem): Promise<UndoResult> {
  for (;;) {
    try {
      const changed = await putBackOnce(context, details);
      if (!changed) return { kind: "nothing_changed", problem: failure };
      return { kind: "undone", problem: problem("dolt_scale_undone", { replicas: details.from, why: failure.what }) };
    } catch (error) {
      if (!(error instanceof HandoverError)) throw error;
      if (context.signal.aborted) {
        const state = `It could not be put back: ${error.problem.what} The servers run with the configuration they had, and would read the new one at a restart.`;
        return stopped(context, details, failure, state);
      }
      await context.clock.sleep(tryAgainAfterMs, context.signal).catch(() => undefined);
    }
  }
}

/** The pods first, so that none of them can start on a configuration that does not know it. Whether there was anything to put back. */
async function putBackOnce(context: OperationContext, { from, to, joining }: ScaleDetails): Promise<boolean> {
  const { scaling } = context.workloads;
  const isScaled = (await lookAtDolt(context)).workload.replicas === to;
  if (to > from && isScaled) await scaling.setReplicas(context.target, to, from, context.signal);
  let isChanged = to > from && isScaled;
  for (;;) {
    const { change, configMap } = await readSituation(
      context,
      await lookAtDolt(context),
      from,
      to > from ? joining : [],
    );
    if ("why" in change || configMap === null) return isChanged;
    const changes = { ...change.files, ...Object.fromEntries(change.leftOver.map((key) => [key, null])) };
    if (Object.keys(changes).length === 0) return isChanged;
    isChanged = true;
    // Null: somebody else wrote it at the same moment.
    if ((await scaling.changeConfigMap(configMap, changes, context.signal)) !== null) return true;
  }
}

function stateAfter(rolled: UndoResult | null, failure: Problem): string {
  if (rolled === null) return failure.what;
  return rolled.kind === "finished" ? rolled.note : rolled.problem.what;
}

function stopped(context: OperationContext, { to }: ScaleDetails, failure: Problem, state: string): UndoResult {
  const line = lineToType(context, "dolt", "scale", "--replicas", String(to));
  const why = failure.what === state ? "" : failure.what;
  return { kind: "stopped", problem: problem("dolt_scale_stopped", { why, state, line }) };
}
