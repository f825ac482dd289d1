import type { HandoverError } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import type { WaitingNote } from "../waiting-note.ts";
import { asked, isSilence } from "./crate-calls.ts";
import { type CrateView, healthOf, illTables, masterOf, missingNodes } from "./look.ts";
import { nodeNames } from "./node-names.ts";
import type { CrateSession } from "./session.ts";

/** What is looked at again and again while something is waited for: the cheap part of a view. */
export type CrateSight = Pick<CrateView, "cluster" | "names" | "nodes" | "state" | "health">;

const askAgainAfterMs = 1_000;
const shownTables = 3;

export async function lookAtHealth(session: CrateSession, signal: AbortSignal): Promise<CrateSight> {
  const cluster = await session.refresh(signal);
  const options = session.options(signal);
  const [nodes, state, health] = await Promise.all([
    asked("asking for the nodes", session.database.nodes(options)),
    asked("asking for master and settings", session.database.state(options)),
    asked("asking for the health", session.database.health(options)),
  ]);
  return { cluster, names: nodeNames(cluster, nodes), nodes, state, health };
}

/** Why the cluster is not well, each in words; nothing: every node is there, with a master, and every table is GREEN. */
export function unwellIn(sight: CrateSight): string[] {
  const missing = missingNodes(sight);
  const ill = illTables(sight);
  const more = ill.length > shownTables ? [`and ${ill.length - shownTables} more`] : [];
  return [
    ...(masterOf(sight) === null ? ["there is no master"] : []),
    ...(missing.length === 0 ? [] : [`not in the cluster: ${missing.join(", ")}`]),
    ...(healthOf(sight) === "GREEN" ? [] : [...ill.slice(0, shownTables), ...more]),
  ];
}

/** Does what may be done twice, again and again while nobody answers; after `giveUpAtMs` it throws what was said last. */
export async function insist<T>(
  context: OperationContext,
  giveUpAtMs: number,
  waiting: WaitingNote,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isSilence(error) || context.signal.aborted || context.clock.monotonicMs() >= giveUpAtMs) throw error;
      waiting.waitsFor(whyOf(error));
      await context.clock.sleep(askAgainAfterMs, context.signal);
    }
  }
}

export function whyOf({ problem }: HandoverError): string {
  return problem.what.replace(/\.?( Nothing was changed)?\.$/, "");
}
