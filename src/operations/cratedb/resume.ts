import { fail, type Problem, problem } from "../../domain/errors.ts";
import type { Operation, PlanResult } from "../operation.ts";
import { countText, timeText } from "./amounts.ts";
import { givebacksOf } from "./backup-jobs.ts";
import { resumeDefinition, resumeParametersSchema } from "./resume-definition.ts";
import { resumeRun } from "./resume-run.ts";
import { CrateSession } from "./session.ts";
import { readSurroundings, suspensionFacts } from "./suspend.ts";
import { resumeSteps, suspensionDetailsSchema } from "./suspend-details.ts";
import {
  type SuspensionSurroundings,
  suspensionDetails,
  unseenWarnings,
  writingObjections,
} from "./suspend-preflight.ts";
import { recordOf, replicasWhenRunning, suspendedAnnotation, suspensionOf } from "./suspension-record.ts";

export const resumeOperation: Operation = {
  name: resumeDefinition.name,

  async plan(context, given) {
    const { waitMs } = resumeParametersSchema.parse(given);
    const session = await CrateSession.open(context);
    try {
      return planResume(context.targetName, await readSurroundings(context, session), waitMs);
    } finally {
      await session.close();
    }
  },

  begin(context, plan) {
    const details = suspensionDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a resume" });
    return resumeRun(context, details.data);
  },
};

/** Needs Kubernetes alone: a suspended cluster has no node to ask. */
export function planResume(targetName: string, surroundings: SuspensionSurroundings, waitMs: number): PlanResult {
  const problems = [...stateObjections(targetName, surroundings), ...writingObjections(surroundings)];
  if (problems.length > 0) return { kind: "refused", problems };
  const { cluster } = surroundings;
  const details = suspensionDetails(surroundings, waitMs);
  return {
    kind: "plan",
    draft: {
      facts: suspensionFacts(surroundings, details),
      now: cluster.sets.map((set) => {
        const wanted = replicasWhenRunning(set);
        return `${set.group}: ${countText(set.replicas, "node")}${wanted === set.replicas ? "" : `, ${wanted} before it was suspended`} (${set.name})`;
      }),
      steps: resumeSteps(details),
      cost: "Nodes start and read their data from their disks; clients can connect as soon as the first tables are there.",
      bounds: [`masters, and then all nodes, are there and every table is healthy within ${timeText(waitMs)}`],
      warnings: unseenWarnings(surroundings),
      details,
    },
  };
}

/** Also a cluster that somebody has started by hand is resumed, as long as backups are paused for it or its record stands. */
function stateObjections(targetName: string, { cluster, cronJobs }: SuspensionSurroundings): Problem[] {
  const { sets } = cluster;
  const hasRecord = sets.some((set) => recordOf(set) !== null);
  const arePaused = cronJobs.seen && givebacksOf(cronJobs.value).length > 0;
  if (suspensionOf(sets) === "running" && !hasRecord && !arePaused) {
    const groups = sets.map(({ group, replicas }) => `${group} has ${countText(replicas, "node")}`);
    return [problem("crate_not_suspended", { target: targetName, groups })];
  }
  const unknown =
    suspensionOf(sets) === "running" ? [] : sets.filter((set) => set.replicas === 0 && recordOf(set) === null);
  if (unknown.length === 0) return [];
  return [problem("crate_counts_unknown", { sets: unknown.map(({ name }) => name), annotation: suspendedAnnotation })];
}
