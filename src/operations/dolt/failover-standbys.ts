import { type Problem, problem } from "../../domain/errors.ts";
import { lineToType } from "../line-to-type.ts";
import type { OperationContext } from "../operation.ts";
import type { AnsweringNode } from "./candidate.ts";
import type { DoltView } from "./look.ts";
import { podOfRemote } from "./remotes.ts";
import { judgeCaughtUp } from "./replicating.ts";

/** What a demotion would meet: who can be caught up by it, and for whom it would wait in vain. */
export interface StandbyFitness {
  readonly able: readonly string[];
  readonly unable: readonly Unable[];
}

export interface Unable {
  /** A pod, or a remote that leads to none. */
  readonly name: string;
  readonly why: string;
  /** The kubelet saw its server ended. */
  readonly isStopped: boolean;
  /** What to type to mend it, or to find out why it is so; null where there is no one line. */
  readonly mend: string | null;
}

/** @param maxLagMs one that is further behind than the candidate may be would be waited for, up to Dolt's 10 s */
export function fitnessOf(
  context: OperationContext,
  view: DoltView,
  primary: AnsweringNode,
  maxLagMs: number,
): StandbyFitness {
  const able: string[] = [];
  const unable: Unable[] = [];
  for (const { name, silence } of view.nodes) {
    if (name === primary.name) continue;
    const judgement = judgeCaughtUp(view, primary, name, maxLagMs);
    if ("lagMs" in judgement) able.push(name);
    else {
      const isStopped = silence?.kind === "stopped";
      const { namespace } = view.workload;
      const mend = isStopped
        ? `kubectl -n ${namespace} logs ${name} --previous`
        : lineToType(context, "dolt", "restart", "--only", name);
      unable.push({ name, why: judgement.why, isStopped, mend });
    }
  }
  const remotes = new Map(primary.answer.replication.map((row) => [row.remote, row.remoteUrl]));
  for (const [name, url] of remotes) {
    if (podOfRemote({ name, url }, view.workload.pods) !== null) continue;
    unable.push({
      name,
      why: `this standby remote leads to no pod of ${view.workload.name}`,
      isStopped: false,
      mend: null,
    });
  }
  return { able, unable };
}

/** Why a demotion that demands so many standbys would fail; null when it would not. `wanted` 0: all. */
export function objectionToBound(
  context: OperationContext,
  view: DoltView,
  { able, unable }: StandbyFitness,
  wanted: number,
): Problem | null {
  const standbys = view.nodes.length - 1;
  const lower = able.length === 0 ? null : lineWithBound(context, able.length);
  if (wanted > standbys && lower !== null) {
    return problem("dolt_bound_too_high", { wanted, standbys, commandLine: lower });
  }
  if (wanted === 0 ? unable.length === 0 : able.length >= wanted) return null;
  return problem("dolt_too_few_standbys", {
    wanted: wanted === 0 ? `All ${able.length + unable.length}` : String(wanted),
    possible: able.length,
    reasons: unable.map(({ name, why }) => `${name}: ${why}`),
    commandLine: lower,
  });
}

function lineWithBound(context: OperationContext, bound: number): string {
  return lineToType(context, "dolt", "failover", "--min-caught-up", String(bound));
}

/** What the switch costs in writes, and how it would cost less. */
export function costOf({ unable }: StandbyFitness): string {
  const cut = "Every open connection to the primary is cut once.";
  if (unable.length === 0)
    return "Writes stop for well under a second; every open connection to the primary is cut once.";
  const waited = unable.map(({ name, why }) => `${name} (${why})`).join(", ");
  const mending = unable.flatMap(({ mend }) => mend ?? []);
  const how = mending.length === 0 ? "" : `, beginning with: ${mending.join(" · ")}`;
  return `Writes stop for about 10 s: Dolt waits that long for ${waited}. Mend it first to have well under a second${how}. ${cut}`;
}
