import { fail } from "../../domain/errors.ts";
import { CrateError } from "../../ports/crate-servers.ts";
import { WaitingNote } from "../waiting-note.ts";
import { unlessSilent } from "./crate-calls.ts";
import { excludedNames } from "./exclusions.ts";
import { masterOf } from "./look.ts";
import { type CrateSight, lookAtHealth } from "./restart-sight.ts";
import { openAllocation } from "./routing-allocation-hold.ts";
import type { CrateScaleDetails, ScalePhase } from "./scale-details.ts";
import { drainNodes, isSurelyEmpty } from "./scale-drain.ts";
import { includeNodes } from "./scale-exclusions.ts";
import { rewriteArguments, type ScaleWork, scaleTo, setOf, surely } from "./scale-work.ts";

const lookAgainAfterMs = 500;
/** CrateDB's own time-out is 2 h; an empty node needs none of it. */
const decommissionWithinMs = 120_000;

/**
 * Fewer pods, once their nodes are empty; those that may be elected one at a time, with a master and the right number of nodes
 * seen between. Then until ALL of them are gone, and only then their names are taken out of what is excluded, the start-up
 * arguments rewritten, and what preStop hooks have left of settings put back.
 */
export async function leaveNodes(work: ScaleWork, phase: ScalePhase, details: CrateScaleDetails): Promise<string> {
  const replicas = await replicasNow(work, phase);
  // A pause, or another process before this one, may lie between the drain and this.
  if (phase.role === "data" && replicas === phase.from && !(await surely(work, () => isSurelyEmpty(work, phase)))) {
    await drainNodes(work, phase, details);
  }
  for (const { from, to, leaving } of stagesOf(phase, replicas)) {
    if (details.decommission) await decommission(work, leaving, details);
    await scaleTo(work, phase, from, to);
    await untilGone(work, phase, leaving, details);
  }
  // Another process may have begun to let them go.
  await untilGone(work, phase, phase.nodes, details);
  await tidyUp(work, phase, details);
  return `${phase.nodes.join(", ")} left`;
}

/** Whether they are all gone and none of their names is left behind. Arguments and settings are looked at again at the end. */
export async function haveLeft(work: ScaleWork, phase: ScalePhase): Promise<boolean> {
  const sight = await lookAtHealth(work.session, work.context.signal);
  if (setOf(work, phase)?.replicas !== phase.to) return false;
  const names = excludedNames(sight.state.settings.filters.exclude._name ?? null);
  return remaining(sight, work, phase, phase.nodes).length === 0 && !phase.own.some((name) => names.includes(name));
}

/** Own names out, arguments for the number of nodes that there is, settings as they were. Safe to do twice. */
export async function tidyUp(work: ScaleWork, phase: ScalePhase, details: CrateScaleDetails): Promise<void> {
  await includeNodes(work, phase.own);
  await rewriteArguments(work, phase, phase.totals);
  await surely(work, () => openAllocation(work.context, work.session, details.settingsBefore));
}

export async function replicasNow(work: ScaleWork, phase: ScalePhase): Promise<number> {
  const { session, context } = work;
  await surely(work, () => session.refresh(context.signal));
  const replicas = setOf(work, phase)?.replicas;
  if (replicas === undefined || replicas > phase.from || replicas < phase.to) {
    throw fail("crate_scale_replicas_changed", { set: phase.set.name, from: phase.from, to: phase.to });
  }
  return replicas;
}

interface Stage {
  readonly from: number;
  readonly to: number;
  readonly leaving: readonly string[];
}

/** The highest ordinals leave first, as Kubernetes does it. */
function stagesOf({ to, nodes, oneAtATime }: ScalePhase, replicas: number): Stage[] {
  const namesBetween = (low: number, high: number) => nodes.slice(low - to, high - to);
  if (replicas === to) return [];
  if (!oneAtATime) return [{ from: replicas, to, leaving: namesBetween(to, replicas) }];
  return Array.from({ length: replicas - to }, (_, index) => {
    const stage = { from: replicas - index, to: replicas - index - 1 };
    return { ...stage, leaving: namesBetween(stage.to, stage.from) };
  });
}

/**
 * Only of nodes that our own drain has emptied; its success proves nothing, and neither does its failure: the container starts
 * again and the node may be back in a moment, which is why the number of pods follows at once.
 */
async function decommission(work: ScaleWork, leaving: readonly string[], details: CrateScaleDetails): Promise<void> {
  const { context, session, tell } = work;
  for (const node of leaving) {
    const isThere = (await surely(work, () => lookAtHealth(session, context.signal))).nodes.some(
      ({ name }) => name === node,
    );
    if (!isThere) continue;
    tell(`decommissioning ${node}, which is empty`);
    try {
      await session.database.decommission(node, session.options(context.signal, decommissionWithinMs));
    } catch (error) {
      if (!(error instanceof CrateError) || context.signal.aborted) throw error;
      tell(`${node} was not decommissioned (${error.message}); it is empty, and leaves all the same`);
    }
    // It may be back already, or not be here when the number of pods follows: both are well.
    await untilQuorum(work, details, 1);
  }
}

async function untilGone(
  work: ScaleWork,
  phase: ScalePhase,
  leaving: readonly string[],
  details: CrateScaleDetails,
): Promise<void> {
  const { context, session, tell } = work;
  const { clock, signal } = context;
  const giveUpAtMs = clock.monotonicMs() + details.joinMs;
  const waiting = new WaitingNote(clock, tell);
  for (;;) {
    const sight = await unlessSilent(signal, lookAtHealth(session, signal));
    const left = sight === null ? leaving : remaining(sight, work, phase, leaving);
    if (left.length === 0) break;
    if (clock.monotonicMs() >= giveUpAtMs) {
      throw fail("crate_scale_not_gone", { seconds: details.joinMs / 1_000, nodes: left });
    }
    waiting.waitsFor(`${left.join(", ")} to be gone`);
    await clock.sleep(lookAgainAfterMs, signal);
  }
  await untilQuorum(work, details);
}

/** Nodes that the cluster still sees, or whose pods still are. */
function remaining(sight: CrateSight, work: ScaleWork, phase: ScalePhase, leaving: readonly string[]): string[] {
  const set = setOf(work, phase);
  const podOf = (node: string) => {
    const ordinal = (set?.firstOrdinal ?? 0) + phase.to + phase.nodes.indexOf(node);
    return set?.pods.find((pod) => pod.ordinal === ordinal)?.pod ?? null;
  };
  return leaving.filter((node) => sight.nodes.some(({ name }) => name === node) || podOf(node) !== null);
}

/** Until a master is seen, with as many nodes as there are to be, but for `fewer` at most. */
async function untilQuorum(work: ScaleWork, details: CrateScaleDetails, fewer = 0): Promise<void> {
  const { context, session, tell } = work;
  const { clock, signal } = context;
  const giveUpAtMs = clock.monotonicMs() + details.joinMs;
  const waiting = new WaitingNote(clock, tell);
  for (;;) {
    const sight = await unlessSilent(signal, lookAtHealth(session, signal));
    const wanted = session.cluster.sets.reduce((sum, { replicas }) => sum + replicas, 0);
    const seen = sight?.nodes.filter(({ answers }) => answers).length ?? 0;
    if (sight !== null && masterOf(sight) !== null && seen <= wanted && seen >= wanted - fewer) return;
    if (clock.monotonicMs() >= giveUpAtMs) {
      throw fail("crate_scale_quorum_lost", { seconds: details.joinMs / 1_000, wanted, seen });
    }
    waiting.waitsFor(`a master and ${wanted} nodes (${seen} are seen)`);
    await clock.sleep(lookAgainAfterMs, signal);
  }
}
