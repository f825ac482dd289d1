import { fail } from "../../domain/errors.ts";
import { diagnosePod } from "../diagnosis.ts";
import { WaitingNote } from "../waiting-note.ts";
import { timeText } from "./amounts.ts";
import { unlessSilent } from "./crate-calls.ts";
import { type CrateSight, lookAtHealth, unwellIn } from "./restart-sight.ts";
import type { CrateScaleDetails, ScalePhase } from "./scale-details.ts";
import { rewriteArguments, type ScaleWork, scaleTo, setOf } from "./scale-work.ts";

const lookAgainAfterMs = 1_000;

/**
 * More pods: the start-up arguments for the new total first, so that the new ones start with them, then the number; then until
 * every new node is in the cluster, with a master, and every table is GREEN again.
 */
export async function joinNodes(work: ScaleWork, phase: ScalePhase, details: CrateScaleDetails): Promise<string> {
  await rewriteArguments(work, phase, phase.totals);
  await scaleTo(work, phase, phase.from, phase.to);
  await untilWell(work, phase.nodes, details, phase);
  return `${phase.nodes.join(", ")} joined`;
}

export async function areJoined(work: ScaleWork, phase: ScalePhase): Promise<boolean> {
  const sight = await lookAtHealth(work.session, work.context.signal);
  return setOf(work, phase)?.replicas === phase.to && unwellIn(sight).length === 0;
}

/**
 * Until every node that is to be there is, none that is not, and every table is GREEN. New nodes get `joinMs`; copies that are
 * built for them, as of `0-all`, may take as long as a drain. Throws `crate_scale_not_joined`.
 */
export async function untilWell(
  work: ScaleWork,
  nodes: readonly string[],
  details: CrateScaleDetails,
  phase: ScalePhase | null,
): Promise<void> {
  const { context, session, tell } = work;
  const { clock, signal } = context;
  const startedAtMs = clock.monotonicMs();
  const waiting = new WaitingNote(clock, tell);
  for (;;) {
    const sight = await unlessSilent(signal, lookAtHealth(session, signal));
    const why = sight === null ? ["the cluster does not answer"] : unwellIn(sight);
    if (why.length === 0) return;
    const missing = sight === null ? nodes : nodesMissing(sight, nodes);
    const withinMs = missing.length > 0 ? details.joinMs : details.drainMs;
    if (clock.monotonicMs() - startedAtMs >= withinMs) {
      const told = phase === null ? [] : await toldOf(work, phase, missing);
      throw fail("crate_scale_not_joined", {
        seconds: withinMs / 1_000,
        missing,
        reasons: [...why.map(sentence), ...told],
      });
    }
    const gone = missing.length > 0 ? ` (for up to ${timeText(withinMs)})` : "";
    waiting.waitsFor(`${why.join("; ")}${gone}`);
    await clock.sleep(lookAgainAfterMs, signal);
  }
}

function nodesMissing(sight: CrateSight, nodes: readonly string[]): string[] {
  const seen = new Set(sight.nodes.filter(({ answers }) => answers).map(({ name }) => name));
  return nodes.filter((name) => !seen.has(name));
}

/** What Kubernetes and the log say of the first pod whose node is missing. */
async function toldOf(work: ScaleWork, phase: ScalePhase, missing: readonly string[]): Promise<string[]> {
  const set = setOf(work, phase);
  const [first] = missing;
  if (set === null || first === undefined) return [];
  const index = phase.nodes.indexOf(first);
  const pod = set.pods.find(({ ordinal }) => ordinal === set.firstOrdinal + phase.from + index);
  if (pod === undefined) return [];
  return await diagnosePod(work.context, { namespace: set.namespace, name: pod.name, view: pod.pod }, set.uid);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
