import { parseDurationMs } from "../../domain/duration.ts";
import type { CrateSetView } from "../../ports/crate-clusters.ts";

/** What dc_util waits for a node to leave when nothing else is said (its own default). */
const dcUtilDefaultMs = 7_200_000;

/** Whether the hook is CrateDB's dc_util, which writes cluster settings when a pod stops. */
export function usesDcUtil(preStop: CrateSetView["preStop"]): boolean {
  return preStop?.some((word) => word.includes("dc_util")) ?? false;
}

/** How long the hook may hold a pod's end up; null: it has none, or nobody can tell. */
export function hookMs(preStop: CrateSetView["preStop"]): number | null {
  if (preStop === null) return null;
  const text = preStop.join(" ");
  if (usesDcUtil(preStop)) {
    const [, given] = /--?timeout[=\s]+["']?(\d+(?:\.\d+)?(?:ms|s|m|h)?)/.exec(text) ?? [];
    return given === undefined ? dcUtilDefaultMs : parseDurationMs(given);
  }
  const [, seconds] = /(?:^|[\s;&])sleep\s+(\d+)/.exec(text) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

/** Groups whose hook can last longer than the kubelet lets a pod end: it is cut off then, and the node killed as it moves its shards. */
export function hooksCutOff(
  sets: readonly Pick<CrateSetView, "name" | "preStop" | "gracePeriodSeconds">[],
): CutOffHook[] {
  return sets.flatMap(({ name, preStop, gracePeriodSeconds }) => {
    const ms = hookMs(preStop);
    return ms === null || ms < gracePeriodSeconds * 1_000
      ? []
      : [{ set: name, hookSeconds: ms / 1_000, gracePeriodSeconds }];
  });
}

export interface CutOffHook {
  /** StatefulSet. */
  readonly set: string;
  readonly hookSeconds: number;
  readonly gracePeriodSeconds: number;
}
