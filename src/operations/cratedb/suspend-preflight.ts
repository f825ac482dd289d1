import { type Problem, problem } from "../../domain/errors.ts";
import type { PlanWarning } from "../../domain/plan.ts";
import type {
  Autoscaler,
  CrateClusterView,
  CrateRight,
  CronJobView,
  DeploymentView,
} from "../../ports/crate-clusters.ts";
import type { Seen } from "../../ports/surroundings.ts";
import { rightTexts } from "./cluster-preflight.ts";
import { dataSets } from "./look.ts";
import { backupsUnseen } from "./restart-preflight.ts";
import { recoversAfter } from "./scale-arguments.ts";
import type { SuspensionDetails } from "./suspend-details.ts";
import { dependentsOf, dependentsWhenRunning, replicasWhenRunning } from "./suspension-record.ts";

/** What can be read of Kubernetes alone, around a cluster that may have no node to ask. */
export interface SuspensionSurroundings {
  readonly cluster: CrateClusterView;
  readonly autoscalers: Seen<readonly Autoscaler[]>;
  readonly deployments: Seen<readonly DeploymentView[]>;
  /** Those that make backups of this cluster. */
  readonly cronJobs: Seen<readonly CronJobView[]>;
  readonly missingRights: readonly CrateRight[];
}

export function suspensionDetails(surroundings: SuspensionSurroundings, waitMs: number): SuspensionDetails {
  const { cluster, deployments } = surroundings;
  return {
    sets: cluster.sets.map((set) => ({
      name: set.name,
      uid: set.uid,
      role: set.role,
      replicas: replicasWhenRunning(set),
    })),
    dependents: deployments.seen ? dependentsWhenRunning(cluster, deployments.value) : [],
    waitMs,
    graceSeconds: Math.max(0, ...cluster.sets.map(({ gracePeriodSeconds }) => gracePeriodSeconds)),
  };
}

/** Who else would write the numbers back, or what may not be written. */
export function writingObjections(surroundings: SuspensionSurroundings): Problem[] {
  const { cluster, autoscalers } = surroundings;
  const owned = cluster.sets.filter(({ owner }) => owner !== null);
  const scalers = autoscalers.seen ? autoscalers.value : [];
  const lacking = rightsNeeded(surroundings).filter((right) => surroundings.missingRights.includes(right));
  return [
    ...(owned.length === 0
      ? []
      : [
          problem("crate_scale_not_ours", {
            owners: owned.map(({ name, owner }) => `StatefulSet ${name}: ${owner}`),
            changes: owned.map(({ name }) => `the number of pods of ${name}`),
          }),
        ]),
    ...(scalers.length === 0
      ? []
      : [
          problem("crate_scale_autoscaled", {
            scalers: scalers.map(({ kind, name, target }) => `${kind} ${name} on ${target.name}`),
          }),
        ]),
    ...(lacking.length === 0
      ? []
      : [problem("crate_scale_rights", { rights: lacking.map((right) => rightTexts[right]) })]),
  ];
}

function rightsNeeded({ cluster, deployments, cronJobs }: SuspensionSurroundings): CrateRight[] {
  const hasDependents = deployments.seen && dependentsOf(cluster, deployments.value).length > 0;
  const hasBackups = cronJobs.seen && cronJobs.value.length > 0;
  return [
    "replicas",
    "statefulsets",
    ...(hasBackups ? (["cronjobs"] as const) : []),
    ...(hasDependents ? (["deployments"] as const) : []),
  ];
}

/** What would lose data, or keep the cluster from coming back. */
export function keepingObjections({ cluster }: Pick<SuspensionSurroundings, "cluster">): Problem[] {
  const deleting = cluster.sets.filter(({ deletesVolumes }) => deletesVolumes).map(({ name }) => name);
  const nodes = dataSets(cluster).reduce((sum, set) => sum + replicasWhenRunning(set), 0);
  const waiting = cluster.sets.filter((set) => recoversAfter(set) > nodes);
  return [
    ...(deleting.length === 0 ? [] : [problem("crate_volumes_would_go", { sets: deleting })]),
    ...(waiting.length === 0
      ? []
      : [
          problem("crate_would_not_recover", {
            sets: waiting.map(({ name }) => name),
            nodes,
            needs: Math.max(...waiting.map(recoversAfter)),
          }),
        ]),
  ];
}

export function unseenWarnings({ deployments, cronJobs, autoscalers }: SuspensionSurroundings): PlanWarning[] {
  return [
    ...backupsUnseen(cronJobs),
    ...(deployments.seen
      ? []
      : [
          {
            code: "dependents_unseen",
            text: `Whether backup metrics or Grand Central depend on it cannot be seen, so that they are left alone: ${deployments.why}`,
          },
        ]),
    ...(autoscalers.seen
      ? []
      : [
          {
            code: "autoscalers_unseen",
            text: `Whether an autoscaler sets these numbers back is not known: ${autoscalers.why}`,
          },
        ]),
  ];
}
