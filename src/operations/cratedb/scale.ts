import { fail, problem } from "../../domain/errors.ts";
import type { Fact } from "../../domain/plan.ts";
import { lineToType } from "../line-to-type.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { bytesText, countText, timeText } from "./amounts.ts";
import { backupCronJobs, backupsNow } from "./backup-jobs-pause.ts";
import { excludedNames } from "./exclusions.ts";
import { type CrateView, healthOf, lookAtCrate, masterOf } from "./look.ts";
import type { Placement } from "./placement.ts";
import { privilegeGaps } from "./privileges.ts";
import { hookSettingsIn } from "./routing-allocation.ts";
import { type SetChange, totalsOf } from "./scale-change.ts";
import {
  type CrateScaleParameters,
  crateScaleDefinition,
  crateScaleParametersSchema,
  wantedCounts,
} from "./scale-definition.ts";
import { type CrateScaleDetails, crateScaleDetailsSchema, crateScaleSteps, phaseOf } from "./scale-details.ts";
import { excludedBefore, judgeScale, leavingNodes, type ScaleSituation } from "./scale-preflight.ts";
import { CrateScaleRun } from "./scale-run.ts";
import { CrateSession } from "./session.ts";

export const crateScaleOperation: Operation = {
  name: crateScaleDefinition.name,

  async plan(context, given) {
    const parameters = crateScaleParametersSchema.parse(given);
    const session = await CrateSession.open(context);
    try {
      return await planScale(context, session, parameters);
    } finally {
      await session.close();
    }
  },

  begin(context, plan, resumed) {
    const details = crateScaleDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a scaling of CrateDB" });
    return new CrateScaleRun(context, details.data, resumed);
  },
};

async function planScale(
  context: OperationContext,
  session: CrateSession,
  parameters: CrateScaleParameters,
): Promise<PlanResult> {
  if (session.cluster.sets.every(({ replicas }) => replicas === 0)) {
    const line = lineToType(context, "cratedb", "resume");
    return { kind: "refused", problems: [problem("crate_scale_suspends", { what: "The cluster is suspended", line })] };
  }
  const view = await lookAtCrate(session, context.signal);
  const situation = await situationOf(context, session, view, parameters);
  const { problems, warnings, changes, placement } = judgeScale(situation);
  if (problems.length > 0) return { kind: "refused", problems };
  const already = excludedBefore(view, leavingNodes(changes));
  const { decommission, backupWaitMs, joinMs, drainMs, nodes = "" } = parameters;
  const details: CrateScaleDetails = {
    phases: changes.map((change) => phaseOf(change, already, decommission)),
    totalsBefore: totalsOf(view.cluster),
    settingsBefore: hookSettingsIn(view.state.settings.all),
    decommission,
    backupWaitMs,
    joinMs,
    drainMs,
    nodes,
  };
  const excluded =
    already.length === 0
      ? []
      : [
          {
            code: "excluded_before",
            text: `Somebody else excludes ${already.join(", ")}: that stays as it is afterwards.`,
          },
        ];
  return {
    kind: "plan",
    draft: {
      facts: factsOf(view, changes, details),
      now: nowLines(view, changes, placement),
      steps: crateScaleSteps(details),
      cost: costOf(changes, placement),
      bounds: [
        `nodes join and leave within ${timeText(joinMs)}`,
        ...(placement === null ? [] : [`the shards of a group have moved within ${timeText(drainMs)}`]),
        ...(backupWaitMs === 0 ? [] : [`backups that run are waited for up to ${timeText(backupWaitMs)}`]),
      ],
      warnings: [...warnings, ...excluded],
      details,
    },
  };
}

async function situationOf(
  context: OperationContext,
  session: CrateSession,
  view: CrateView,
  parameters: CrateScaleParameters,
): Promise<ScaleSituation> {
  const gaps = privilegeGaps(view.user);
  const sees = gaps.missing.length === 0 && gaps.denied.length === 0;
  const [autoscalers, missingRights, cronJobs, backups] = await Promise.all([
    context.crateClusters.autoscalers(view.cluster, context.signal),
    context.crateClusters.missingRights(view.cluster, context.signal),
    backupCronJobs(context, view.cluster),
    sees ? backupsNow(context, session) : [],
  ]);
  return {
    view,
    wanted: parameters.nodes === undefined ? new Map() : (wantedCounts(parameters.nodes) ?? new Map()),
    decommission: parameters.decommission,
    autoscalers,
    missingRights,
    cronJobs,
    backups,
    waitsForBackups: parameters.backupWaitMs > 0,
    lines: {
      suspend: lineToType(context, "cratedb", "suspend"),
      resume: lineToType(context, "cratedb", "resume"),
    },
  };
}

/** What must not change between plan and start. Where shards are and how large, is looked at again on the way. */
function factsOf(view: CrateView, changes: readonly SetChange[], details: CrateScaleDetails): Fact[] {
  const changing = new Map(changes.map(({ set, to }) => [set.name, to]));
  return [
    ...view.cluster.sets.map((set) => {
      const to = changing.get(set.name);
      const count = to === undefined ? `${set.replicas} pods` : `${set.replicas} → ${to} pods`;
      return { name: `StatefulSet ${set.name}`, value: `${set.uid}, ${count}` };
    }),
    {
      name: "nodes",
      value: [...view.nodes]
        .map(({ name }) => name)
        .sort()
        .join(", "),
    },
    { name: "nodes that come or go", value: details.phases.flatMap(({ nodes }) => nodes).join(", ") },
    { name: "excluded by others", value: excludedNames(view.state.settings.filters.exclude._name ?? null).join(", ") },
    { name: "settings when a node stops", value: JSON.stringify(details.settingsBefore) },
  ];
}

function nowLines(view: CrateView, changes: readonly SetChange[], placement: Placement | null): string[] {
  const groups = view.cluster.sets.map(({ group, replicas }) => `${group} ${replicas}`).join(", ");
  const lines = [
    `${countText(view.nodes.length, "node")} (${groups}), master ${masterOf(view) ?? "none"}, ${healthOf(view)}, ${countText(view.shards.length, "shard")}`,
  ];
  for (const { from, to, nodes } of changes) {
    if (to > from) continue;
    const shards = view.shards.filter(({ node }) => node !== null && nodes.includes(node.name));
    const bytes = shards.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    lines.push(`On ${nodes.join(", ")}: ${countText(shards.length, "shard")}, ${bytesText(bytes)}`);
  }
  const takers = (placement?.nodes ?? []).filter(({ takesBytes }) => takesBytes > 0);
  for (const { name, takesBytes, freeBytes } of takers) {
    lines.push(`${name} takes about ${bytesText(takesBytes)} and has room for ${bytesText(freeBytes)}`);
  }
  return lines;
}

function costOf(changes: readonly SetChange[], placement: Placement | null): string {
  if (placement === null) return "Writes and reads go on. New nodes take shards over, which costs some I/O.";
  const masters = changes.some(({ isMasterEligible, from, to }) => isMasterEligible && to < from);
  const election = masters ? " If the master leaves, another is elected, in seconds." : "";
  const { copies, bytes } = placement;
  return `Writes and reads go on while ${countText(copies, "shard copy", "shard copies")} (${bytesText(bytes)}) move.${election}`;
}
