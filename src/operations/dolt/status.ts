import { HandoverError } from "../../domain/errors.ts";
import type { Surroundings } from "../../ports/surroundings.ts";
import type { Operation, OperationContext } from "../operation.ts";
import { onlyPrimaryOf } from "./assess.ts";
import { compareUnknown } from "./compare-states.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import { recommendationsOf } from "./recommendations.ts";
import { readConfigurations } from "./server-configurations.ts";
import { statusDefinition } from "./status-definition.ts";
import { reportOf, statusLines } from "./status-report.ts";

/** The whole answer is to come within 2 s, even if servers hang; what is left of it is for the Kubernetes API and for drawing. */
const serversWithinMs = 1_400;
const surroundingsWithinMs = 1_400;
const comparedWithinMs = 1_700;

/** What every server says of itself, asked side by side, and what contradicts; it changes nothing and needs no approval. */
export const statusOperation: Operation = {
  name: statusDefinition.name,

  async plan(context) {
    const startedAtMs = context.clock.monotonicMs();
    const around = withSignal(context, surroundingsWithinMs);
    const [looked, surroundings, configurations] = await Promise.all([
      lookAtDolt(context, { wholeMs: serversWithinMs }),
      surroundingsOf(around),
      readConfigurations(around),
    ]);
    const leftMs = Math.floor(comparedWithinMs - (context.clock.monotonicMs() - startedAtMs));
    const compared = await compare(context, looked, leftMs);
    const view = configurations.seen ? { ...compared, configurations: configurations.value } : compared;
    const report = reportOf(view, recommendationsOf(view, surroundings, configurations));
    const now = statusLines(report, view, context);
    return { kind: "plan", draft: { facts: [], now, steps: [], cost: "", bounds: [], warnings: [], details: report } };
  },

  begin() {
    return {
      steps: [],
      undo: neverUndone,
      result: () => ({ summary: "Answered.", writesStoppedMs: null }),
      close: async () => {},
    };
  },
};

/** With what time is left: a lag that Dolt cannot say is no trouble where the states are equal. */
async function compare(context: OperationContext, view: DoltView, leftMs: number): Promise<DoltView> {
  const primary = onlyPrimaryOf(view);
  if (primary === null || leftMs <= 0) return view;
  return await compareUnknown(withSignal(context, leftMs), view, primary);
}

/** Null when they could not be read in time, or at all: they explain, and nothing depends on them. */
async function surroundingsOf(context: OperationContext): Promise<Surroundings | null> {
  try {
    return await context.workloads.surroundings(context.target, context.signal);
  } catch (error) {
    if (error instanceof HandoverError) return null;
    throw error;
  }
}

function withSignal(context: OperationContext, withinMs: number): OperationContext {
  return { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(withinMs)]) };
}

async function neverUndone(): Promise<never> {
  throw new Error("a status has no steps, so none of them can fail");
}
