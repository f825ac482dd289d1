import { type Problem, problem } from "../../domain/errors.ts";
import type { PlanWarning } from "../../domain/plan.ts";
import type { CrateRight, CrateSetView, CronJobView } from "../../ports/crate-clusters.ts";
import type { CrateShard, NodeCheck } from "../../ports/crate-servers.ts";
import type { Seen } from "../../ports/surroundings.ts";
import { countText } from "./amounts.ts";
import { pausesOf } from "./backup-jobs.ts";
import { judgeCluster, rightTexts } from "./cluster-preflight.ts";
import { type CrateView, partText } from "./look.ts";
import { hooksCutOff, usesDcUtil } from "./pre-stop.ts";
import type { RestartedNode } from "./restart-details.ts";
import { keptBack, rollingOut } from "./restart-fitness.ts";

/** What the judgement of a restart rests on, read before. */
export interface RestartSituation {
  readonly view: CrateView;
  readonly checks: readonly NodeCheck[];
  /** Those that make backups of this cluster. */
  readonly cronJobs: Seen<readonly CronJobView[]>;
  /** Backups that run, in words. */
  readonly backups: readonly string[];
  readonly missingRights: readonly CrateRight[];
}

/** Why a cluster must not have its nodes restarted. Pure. */
export function restartObjections(
  situation: RestartSituation,
  nodes: readonly RestartedNode[],
  backupWaitMs: number,
): Problem[] {
  const { view, checks, backups } = situation;
  const unfit = judgeCluster(view);
  if (unfit.length > 0) return unfit;
  const sets = view.cluster.sets.filter(({ name }) => nodes.some(({ set }) => set === name));
  const failed = unacknowledged(checks);
  return [
    ...(failed.length === 0
      ? []
      : [
          problem("crate_checks_failed", {
            checks: failed.map(checkText),
            ids: [...new Set(failed.map(({ id }) => id))],
          }),
        ]),
    ...hookObjection(sets),
    ...rightsObjection(situation),
    ...rolloutObjections(view.cluster.sets, nodes),
    ...(backups.length > 0 && backupWaitMs === 0 ? [problem("crate_backup_runs", { backups, seconds: 0 })] : []),
  ];
}

/** One node says it for all where several have the same. */
export function unacknowledged(checks: readonly NodeCheck[]): NodeCheck[] {
  const failed = checks.filter(({ passed, acknowledged }) => !passed && !acknowledged);
  return failed.filter(
    (check, index) => failed.findIndex((other) => other.description === check.description) === index,
  );
}

/** Checks that fail, and of which a person said on every node that it is meant so. */
export function acknowledgedIds(checks: readonly NodeCheck[]): number[] {
  const failed = checks.filter(({ passed }) => !passed);
  const ids = [...new Set(failed.map(({ id }) => id))];
  return ids.filter((id) => failed.filter((one) => one.id === id).every(({ acknowledged }) => acknowledged));
}

function checkText({ id, description }: NodeCheck): string {
  return `${description.replace(/\.$/, "")} (check ${id})`;
}

/** Only rights that this very cluster asks for: a label where hooks read it, a CronJob that is to be paused. */
function rightsObjection({ view, cronJobs, missingRights }: RestartSituation): Problem[] {
  const needed: readonly CrateRight[] = [
    ...(view.cluster.sets.some(({ preStop }) => usesDcUtil(preStop)) ? (["statefulsets"] as const) : []),
    ...(cronJobs.seen && pausesOf(cronJobs.value).length > 0 ? (["cronjobs"] as const) : []),
  ];
  const lacking = needed.filter((right) => missingRights.includes(right));
  return lacking.length === 0
    ? []
    : [problem("crate_scale_rights", { rights: lacking.map((right) => rightTexts[right]) })];
}

export function hookObjection(sets: readonly CrateSetView[]): Problem[] {
  const hooks = hooksCutOff(sets).map(({ set, hookSeconds, gracePeriodSeconds }) => {
    return `${set}: up to ${hookSeconds} s within ${gracePeriodSeconds} s of grace`;
  });
  return hooks.length === 0 ? [] : [problem("crate_scale_hook", { hooks })];
}

function rolloutObjections(sets: readonly CrateSetView[], nodes: readonly RestartedNode[]): Problem[] {
  const rolling = sets.filter((set) => rollingOut(set).length > 0).map(({ name }) => name);
  const kept = sets.flatMap((set) => {
    const pods = keptBack(set).filter((name) => nodes.some((node) => node.name === name));
    return pods.length === 0 ? [] : [{ set: set.name, pods, commandLine: patchToOnDelete(set) }];
  });
  return [
    ...(rolling.length === 0 ? [] : [problem("crate_rollout_running", { sets: rolling })]),
    ...kept.map((one) => problem("crate_partition_keeps_revision", one)),
  ];
}

/** What takes the StatefulSet's controller's hands off: it forbids `rollingUpdate` beside OnDelete. */
function patchToOnDelete({ namespace, name }: CrateSetView): string {
  const patch = '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}';
  return `kubectl -n ${namespace} patch statefulset ${name} --type=merge -p '${patch}'`;
}

export function restartWarnings(situation: RestartSituation, nodes: readonly RestartedNode[]): PlanWarning[] {
  const { view, cronJobs, backups } = situation;
  const names = nodes.map(({ node }) => node);
  const alone = singleCopies(view.shards, names);
  const eligible = view.cluster.sets.filter(({ isMasterEligible }) => isMasterEligible);
  const voters = eligible.reduce((sum, { replicas }) => sum + replicas, 0);
  const restartsVoter = eligible.some(({ name }) => nodes.some(({ set }) => set === name));
  return [
    ...(alone.length === 0
      ? []
      : [
          {
            code: "single_copies",
            text: `${listText(alone)} ${alone.length === 1 ? "has" : "have"} shards with one copy only: nobody can read or write these while their node restarts.`,
          },
        ]),
    ...(voters < 3 && restartsVoter
      ? [
          {
            code: "master_meanwhile",
            text: `Only ${countText(voters, "node")} may be elected: while one restarts the cluster may have no master, and nothing can be written then.`,
          },
        ]
      : []),
    ...(backups.length === 0
      ? []
      : [{ code: "backup_running", text: `It is waited for the end of what runs now: ${backups.join("; ")}.` }]),
    ...backupsUnseen(cronJobs),
  ];
}

/** Whether backups start meanwhile is not known where their CronJobs may not be seen. */
export function backupsUnseen(cronJobs: Seen<unknown>): PlanWarning[] {
  if (cronJobs.seen) return [];
  const text = `Backup CronJobs cannot be paused, so that a backup may start meanwhile and break: ${cronJobs.why}`;
  return [{ code: "backups_unseen", text }];
}

const shownTables = 5;

function listText(names: readonly string[]): string {
  const more = names.length > shownTables ? ` and ${names.length - shownTables} more` : "";
  return `${names.slice(0, shownTables).join(", ")}${more}`;
}

/** Tables with a shard whose only started copy is on one of these nodes. */
function singleCopies(shards: readonly CrateShard[], nodes: readonly string[]): string[] {
  const copies = new Map<string, { readonly table: string; readonly on: string[] }>();
  for (const shard of shards) {
    if (shard.node === null || (shard.routingState !== "STARTED" && shard.routingState !== "RELOCATING")) continue;
    const key = JSON.stringify([shard.schema, shard.table, shard.partition, shard.id]);
    const found = copies.get(key) ?? { table: partText(shard), on: [] };
    copies.set(key, { ...found, on: [...found.on, shard.node.name] });
  }
  const alone = [...copies.values()].filter(({ on }) => on.length === 1 && on.every((node) => nodes.includes(node)));
  return [...new Set(alone.map(({ table }) => table))];
}
