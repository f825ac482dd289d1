import { fail, type Problem, problem } from "../../domain/errors.ts";
import type { Fact } from "../../domain/plan.ts";
import { lineToType } from "../line-to-type.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { countText } from "./amounts.ts";
import { backupCronJobs, backupsForPlan } from "./backup-jobs-pause.ts";
import { judgeCluster } from "./cluster-preflight.ts";
import { type CrateView, healthOf, lookAtCrate } from "./look.ts";
import { CrateSession } from "./session.ts";
import { suspendDefinition, suspendParametersSchema } from "./suspend-definition.ts";
import { countsText, type SuspensionDetails, suspendSteps, suspensionDetailsSchema } from "./suspend-details.ts";
import {
  keepingObjections,
  type SuspensionSurroundings,
  suspensionDetails,
  unseenWarnings,
  writingObjections,
} from "./suspend-preflight.ts";
import { suspendRun } from "./suspend-run.ts";
import { suspensionOf } from "./suspension-record.ts";

export const suspendOperation: Operation = {
  name: suspendDefinition.name,

  async plan(context, given) {
    const { backupWaitMs } = suspendParametersSchema.parse(given);
    const session = await CrateSession.open(context);
    try {
      const state = suspensionOf(session.cluster.sets);
      const resume = lineToType(context, "cratedb", "resume");
      if (state === "suspended")
        return refusal([problem("crate_suspended", { target: context.targetName, line: resume })]);
      const surroundings = await readSurroundings(context, session);
      // Of a cluster that is down in part nothing can be asked with any certainty: it is only brought to its end.
      const view = state === "running" ? await lookAtCrate(session, context.signal) : null;
      const backups = view === null ? [] : await backupsForPlan(context, session);
      return planSuspend(surroundings, view, backups, backupWaitMs);
    } finally {
      await session.close();
    }
  },

  begin(context, plan, resumed) {
    const details = suspensionDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a suspension" });
    return suspendRun(context, details.data, resumed);
  },
};

export async function readSurroundings(
  context: OperationContext,
  { cluster }: CrateSession,
): Promise<SuspensionSurroundings> {
  const { crateClusters, signal } = context;
  const [autoscalers, deployments, cronJobs, missingRights] = await Promise.all([
    crateClusters.autoscalers(cluster, signal),
    crateClusters.deployments(cluster.namespace, signal),
    backupCronJobs(context, cluster),
    crateClusters.missingRights(cluster, signal),
  ]);
  return { cluster, autoscalers, deployments, cronJobs, missingRights };
}

/** @param view null: it is down in part already, and brought to its end */
export function planSuspend(
  surroundings: SuspensionSurroundings,
  view: CrateView | null,
  backups: readonly string[],
  backupWaitMs: number,
): PlanResult {
  const problems: Problem[] = [
    ...(view === null ? [] : judgeCluster(view)),
    ...writingObjections(surroundings),
    ...keepingObjections(surroundings),
    ...(backups.length > 0 && backupWaitMs === 0 ? [problem("crate_backup_runs", { backups, seconds: 0 })] : []),
  ];
  if (problems.length > 0) return refusal(problems);
  const details = suspensionDetails(surroundings, backupWaitMs);
  const { cluster } = surroundings;
  return {
    kind: "plan",
    draft: {
      facts: suspensionFacts(surroundings, details),
      now: [
        view === null
          ? "A suspend or a resume of it did not reach its end; this suspend does."
          : `${countText(view.nodes.length, "node")}, ${healthOf(view)}`,
        ...cluster.sets.map(({ group, name, replicas }) => `${group}: ${countText(replicas, "node")} (${name})`),
      ],
      steps: suspendSteps(details),
      cost: "Nobody can read or write anything until it is resumed. Data, volumes, Services and addresses stay; backups are paused.",
      bounds: ["every table GREEN and no backup running before the first pod goes"],
      warnings: [
        ...(backups.length === 0
          ? []
          : [{ code: "backup_running", text: `It is waited for the end of what runs now: ${backups.join("; ")}.` }]),
        ...unseenWarnings(surroundings),
      ],
      details,
    },
  };
}

export function suspensionFacts({ cluster }: SuspensionSurroundings, details: SuspensionDetails): Fact[] {
  const sets = cluster.sets.map(({ name, uid }) => `${name} ${uid}`).join(", ");
  return [
    { name: "target", value: `${cluster.namespace}/${cluster.name}: ${sets}` },
    { name: "nodes when it runs", value: countsText(details.sets) },
    { name: "depends on it", value: countsText(details.dependents) },
    { name: "wait ms", value: String(details.waitMs) },
  ];
}

function refusal(problems: readonly Problem[]): PlanResult {
  return { kind: "refused", problems };
}
