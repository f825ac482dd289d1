import { fail } from "../../domain/errors.ts";
import type { CrateSetView } from "../../ports/crate-clusters.ts";
import type { OperationContext } from "../operation.ts";
import { WaitingNote } from "../waiting-note.ts";
import { crateFailure } from "./crate-calls.ts";
import { insist } from "./restart-sight.ts";
import { mayRewrite } from "./scale-arguments.ts";
import type { ScalePhase } from "./scale-details.ts";
import { CrateSession } from "./session.ts";
import { type NodeTotals, rewriteForTotals } from "./start-up-arguments.ts";

/** How long one write is tried for while nobody answers. */
const writeWithinMs = 60_000;

/** What a part of a scaling works with: its own deadline, its own way to tell, the session of the whole run. */
export interface ScaleWork {
  /** Its signal is the step's. */
  readonly context: OperationContext;
  readonly session: CrateSession;
  readonly tell: (note: string) => void;
}

/** One session for all steps, opened when the first of them asks. */
export class ScaleSession {
  readonly #context: OperationContext;
  #session: CrateSession | null = null;

  constructor(context: OperationContext) {
    this.#context = context;
  }

  /** Insists while nobody answers, for as long as `signal` lets it. */
  async work(signal: AbortSignal, tell: (note: string) => void = () => undefined): Promise<ScaleWork> {
    const context = { ...this.#context, signal };
    const waiting = new WaitingNote(context.clock, tell);
    const giveUpAtMs = context.clock.monotonicMs() + writeWithinMs;
    this.#session ??= await insist(context, giveUpAtMs, waiting, () => CrateSession.open(context));
    return { context, session: this.#session, tell };
  }

  async close(): Promise<void> {
    await this.#session?.close();
    this.#session = null;
  }
}

/** Does a write that is safe to do twice, until it is certain that it was done. */
export function surely<T>({ context, tell }: ScaleWork, write: () => Promise<T>): Promise<T> {
  const giveUpAtMs = context.clock.monotonicMs() + writeWithinMs;
  return insist(context, giveUpAtMs, new WaitingNote(context.clock, tell), async () => {
    try {
      return await write();
    } catch (error) {
      throw crateFailure(error, "changing the cluster");
    }
  });
}

export function setOf({ session }: ScaleWork, { set }: ScalePhase): CrateSetView | null {
  return session.cluster.sets.find(({ uid }) => uid === set.uid) ?? null;
}

/** Throws `crate_scale_replicas_changed` when the number is neither of both. */
export async function scaleTo(work: ScaleWork, phase: ScalePhase, from: number, to: number): Promise<void> {
  const { crateClusters, signal } = work.context;
  const isDone = await surely(work, () => crateClusters.setReplicas(phase.set, from, to, signal));
  if (!isDone) throw fail("crate_scale_replicas_changed", { set: phase.set.name, from, to });
}

/**
 * Rewrites the start-up arguments of every StatefulSet of the cluster for this total, as far as no pod restarts for it. Safe to
 * do twice. Returns what was changed, in words.
 * @param most pods that the StatefulSet of this phase ever has on the way
 */
export async function rewriteArguments(work: ScaleWork, phase: ScalePhase, totals: NodeTotals): Promise<string[]> {
  const { session, context } = work;
  await surely(work, () => session.refresh(context.signal));
  const told: string[] = [];
  for (const set of session.cluster.sets) {
    const rewritten = rewriteForTotals(set.startUp, totals);
    const most = set.uid === phase.set.uid ? Math.max(phase.from, phase.to) : set.replicas;
    if (rewritten.changes.length === 0 || !mayRewrite(set, most)) continue;
    const { startUp } = rewritten;
    const isDone = await surely(work, () =>
      context.crateClusters.setStartUpArguments(set, set.startUp, startUp, context.signal),
    );
    if (!isDone) throw fail("crate_scale_arguments_changed", { set: set.name });
    told.push(set.name);
  }
  return told;
}
