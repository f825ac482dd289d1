import { fail, type Problem, problem } from "../../domain/errors.ts";
import type { Fact } from "../../domain/plan.ts";
import type { CrateClusterView } from "../../ports/crate-clusters.ts";
import { lineToType } from "../line-to-type.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { countText, timeText } from "./amounts.ts";
import { backupCronJobs, backupsForPlan } from "./backup-jobs-pause.ts";
import { asked } from "./crate-calls.ts";
import { type CrateView, healthOf, lookAtCrate, masterOf } from "./look.ts";
import { chooseRestarts, type RestartChoice, strangersIn } from "./restart-choice.ts";
import { type RestartParameters, restartDefinition, restartParametersSchema } from "./restart-definition.ts";
import { type RestartDetails, type RestartedNode, restartDetailsSchema, restartSteps } from "./restart-details.ts";
import { acknowledgedIds, type RestartSituation, restartObjections, restartWarnings } from "./restart-preflight.ts";
import { RestartRun } from "./restart-run.ts";
import { hookSettingsIn } from "./routing-allocation.ts";
import { CrateSession } from "./session.ts";
import { suspensionOf } from "./suspension-record.ts";

export const restartOperation: Operation = {
  name: restartDefinition.name,

  async plan(context, given, approved) {
    const parameters = restartParametersSchema.parse(given);
    const session = await CrateSession.open(context);
    try {
      const down = suspensionObjection(context, session.cluster);
      if (down !== null) return { kind: "refused", problems: [down] };
      const known = restartDetailsSchema.safeParse(approved?.details).data ?? null;
      return planRestart(context, parameters, await situationOf(context, session), known);
    } finally {
      await session.close();
    }
  },

  begin(context, plan, resumed) {
    const details = restartDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a restart" });
    return new RestartRun(context, details.data, resumed);
  },
};

async function situationOf(context: OperationContext, session: CrateSession): Promise<RestartSituation> {
  const options = session.options(context.signal);
  const [view, checks, cronJobs, backups, missingRights] = await Promise.all([
    lookAtCrate(session, context.signal),
    asked("asking for the checks", session.database.nodeChecks(options)),
    backupCronJobs(context, session.cluster),
    backupsForPlan(context, session),
    context.crateClusters.missingRights(session.cluster, context.signal),
  ]);
  return { view, checks, cronJobs, backups, missingRights };
}

/** Why nothing can be restarted of a cluster that is stopped, or stopped in part; null: it runs. */
function suspensionObjection(context: OperationContext, { sets }: CrateClusterView): Problem | null {
  const resume = lineToType(context, "cratedb", "resume");
  switch (suspensionOf(sets)) {
    case "running":
      return null;
    case "suspended":
      return problem("crate_suspended", { target: context.targetName, line: resume });
    case "halfway": {
      const stopped = sets.filter(({ replicas }) => replicas === 0).map(({ name }) => name);
      return problem("crate_halfway", { stopped, resume, suspend: lineToType(context, "cratedb", "suspend") });
    }
  }
}

/** @param approved what people approved; its order stays as long as the pods are the same, though another node may be master by now */
export function planRestart(
  context: Pick<OperationContext, "clock">,
  parameters: RestartParameters,
  situation: RestartSituation,
  approved: RestartDetails | null = null,
): PlanResult {
  const { view, checks } = situation;
  const { cluster } = view;
  const strangers = strangersIn(cluster, parameters.only);
  if (strangers.length > 0) {
    const known = cluster.sets.flatMap(({ group, pods }) => [group, ...pods.map(({ name }) => name)]);
    return { kind: "refused", problems: [problem("crate_part_unknown", { given: strangers, known })] };
  }
  const choice = chooseRestarts(cluster, podOf(view, masterOf(view)), parameters);
  const nodes = inApprovedOrder(nodesOfChoice(view, choice), approved);
  const problems = restartObjections(situation, nodes, parameters.backupWaitMs);
  if (problems.length > 0) return { kind: "refused", problems };
  if (nodes.length === 0) {
    return { kind: "refused", problems: [problem("crate_nothing_to_restart", { skipped: choice.skipped })] };
  }
  const details: RestartDetails = {
    revisions: Object.fromEntries(cluster.sets.map(({ name, updateRevision }) => [name, updateRevision])),
    pods: nodes,
    waitMs: parameters.waitMs,
    backupWaitMs: parameters.backupWaitMs,
    beforeMs: parameters.beforeMs ?? context.clock.nowMs(),
    settings: hookSettingsIn(view.state.settings.all),
    acknowledged: acknowledgedIds(checks),
  };
  return {
    kind: "plan",
    draft: {
      facts: factsOf(view, details),
      now: [...nowText(view), ...choice.skipped.map((why) => `Not restarted: ${why}`)],
      steps: restartSteps(details),
      cost: costOf(details),
      bounds: [
        "every node there, a master, every table GREEN and no backup running before each restart",
        `each node back within ${timeText(details.waitMs)}, beside the time that it has to end`,
      ],
      warnings: restartWarnings(situation, nodes),
      details,
    },
  };
}

function nodesOfChoice({ cluster, names }: CrateView, { pods }: RestartChoice): RestartedNode[] {
  return pods.flatMap(({ name, uid, set: setName }) => {
    const set = cluster.sets.find((one) => one.name === setName);
    const pod = set?.pods.find((one) => one.name === name);
    if (set === undefined || pod === undefined) return [];
    return [{ name, uid, set: setName, node: names.of(set, pod.ordinal), graceSeconds: set.gracePeriodSeconds }];
  });
}

function inApprovedOrder(nodes: RestartedNode[], approved: RestartDetails | null): RestartedNode[] {
  const order = approved?.pods.map(({ uid }) => uid) ?? [];
  const isSame = order.length === nodes.length && nodes.every(({ uid }) => order.includes(uid));
  return isSame ? nodes.toSorted((one, other) => order.indexOf(one.uid) - order.indexOf(other.uid)) : nodes;
}

function podOf({ cluster, names }: CrateView, node: string | null): string | null {
  for (const set of cluster.sets) {
    const pod = set.pods.find(({ ordinal }) => names.of(set, ordinal) === node);
    if (pod !== undefined) return pod.name;
  }
  return null;
}

function nowText(view: CrateView): string[] {
  return [
    `${countText(view.nodes.length, "node")}, ${masterOf(view)} is master, ${healthOf(view)}`,
    ...view.cluster.sets.map(({ group, replicas, name }) => `${group}: ${countText(replicas, "node")} (${name})`),
  ];
}

function factsOf({ cluster }: CrateView, { pods, revisions, waitMs, backupWaitMs }: RestartDetails): Fact[] {
  const sets = cluster.sets.map(({ name, uid }) => `${name} ${uid}`).join(", ");
  return [
    { name: "target", value: `${cluster.namespace}/${cluster.name}: ${sets}` },
    { name: "revisions", value: Object.values(revisions).join(", ") },
    { name: "nodes to restart", value: pods.map(({ name, uid }) => `${name} ${uid}`).join(", then ") },
    { name: "wait ms", value: String(waitMs) },
    { name: "backup wait ms", value: String(backupWaitMs) },
  ];
}

function costOf({ pods }: RestartDetails): string {
  const one = pods.length === 1;
  return [
    `${one ? "One node is" : `${pods.length} nodes are`} away, ${one ? "" : "one after another, "}for as long as ${one ? "it takes" : "each takes"} to end, to start and to catch up.`,
    "Reads and writes go on where another copy is; connections to the node are cut.",
    "Replicas are not moved meanwhile, and backups do not start.",
  ].join(" ");
}
