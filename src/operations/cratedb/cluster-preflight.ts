import { type Problem, problem } from "../../domain/errors.ts";
import type { CrateRight } from "../../ports/crate-clusters.ts";
import { type CrateView, healthOf, illTables, missingNodes, wantedNodes } from "./look.ts";
import { privilegeGaps } from "./privileges.ts";

/** As they stand in a Role. */
export const rightTexts: Readonly<Record<CrateRight, string>> = {
  replicas: "patch statefulsets/scale",
  statefulsets: "patch statefulsets",
  cronjobs: "patch cronjobs",
  deployments: "patch deployments/scale",
};

/** What has to hold of a cluster before any of its nodes comes or goes. */
export function judgeCluster(view: CrateView): Problem[] {
  const { missing, denied } = privilegeGaps(view.user);
  if (missing.length > 0 || denied.length > 0) {
    return [problem("crate_privileges", { user: view.user.name, missing, denied })];
  }
  if (view.state.masterNodeId === null) {
    return [problem("crate_no_master", { nodes: view.nodes.map(({ name }) => name) })];
  }
  const wanted = wantedNodes(view);
  const absent = missingNodes(view);
  const health = healthOf(view);
  const { allocationEnable } = view.state.settings;
  const rolling = view.cluster.sets.filter(
    ({ isObserved, rollsFromOrdinal, currentRevision, updateRevision }) =>
      !isObserved || (rollsFromOrdinal === 0 && currentRevision !== updateRevision),
  );
  return [
    ...(absent.length > 0 || view.nodes.length !== wanted.length
      ? [problem("crate_nodes_missing", { seen: view.nodes.length, wanted: wanted.length, missing: absent })]
      : []),
    ...(health === "GREEN" ? [] : [problem("crate_not_green", { health, tables: illTables(view) })]),
    ...(allocationEnable === "all" ? [] : [problem("crate_allocation_disabled", { value: allocationEnable })]),
    ...(rolling.length === 0 ? [] : [problem("crate_rollout_running", { sets: rolling.map(({ name }) => name) })]),
  ];
}
