import { entry, list } from "./entry.ts";

/** CrateDB: what every operation meets. */
export const crateProblems = {
  crate_gone: entry<{ target: string }>(
    "refused",
    (d) =>
      `No StatefulSet announces the CrateDB cluster ${d.target} any more (annotations handover.dev/engine=cratedb, handover.dev/name). Nothing was changed.`,
    () => "See which StatefulSets carry the annotations.",
  ),
  crate_no_pods: entry<{ target: string }>(
    "refused",
    (d) => `No pod of ${d.target} has an address, so that no node can be asked. Nothing was changed.`,
    () => "A cluster that was suspended is brought back by resume.",
  ),
  crate_away: entry<{ doing: string; why: string }>(
    "failed",
    (d) => `No CrateDB node answered (${d.doing}): ${d.why}.`,
    () => "See whether its pods run and whether this process may reach them, then ask again.",
  ),
  crate_login: entry<{ why: string }>(
    "refused",
    (d) => `CrateDB refused the login: ${d.why}. Nothing was changed.`,
    () =>
      "Correct it there. A login comes from --username and --password-file, the Secret that handover.dev/credentials-secret names, CRATE_USERNAME and CRATE_PASSWORD, in this order (docs/connecting.md).",
  ),
  crate_refused: entry<{ doing: string; why: string }>(
    "failed",
    (d) => `CrateDB said no (${d.doing}): ${d.why}.`,
    () => "See what it says, then ask again.",
  ),
  crate_privileges: entry<{ user: string; missing: readonly string[]; denied: readonly string[] }>(
    "refused",
    (d) =>
      `The CrateDB user ${d.user} does not see the whole cluster, and what it does not see looks empty. ${[
        ...(d.missing.length > 0 ? [`It lacks: ${d.missing.join("; ")}.`] : []),
        ...(d.denied.length > 0 ? [`It is denied: ${d.denied.join("; ")}.`] : []),
      ].join(" ")} Nothing was changed.`,
    (d) =>
      d.missing.length > 0
        ? `As super user: ${d.missing.map((one) => `GRANT ${one} TO "${d.user}"`).join("; ")}.`
        : `As super user, take the DENY back: ${d.denied.map((one) => `REVOKE ${one}`).join("; ")}.`,
  ),
  crate_no_master: entry<{ nodes: readonly string[] }>(
    "refused",
    (d) =>
      `The cluster has no master, so that nothing can be changed in it. Nodes that see each other: ${list(d.nodes)}. Nothing was changed.`,
    () => "Bring enough master-eligible nodes back (a majority of them has to run), then ask again.",
  ),
  crate_nodes_missing: entry<{ seen: number; wanted: number; missing: readonly string[] }>(
    "refused",
    (d) =>
      `${d.seen} nodes of ${d.wanted} are in the cluster. ${d.missing.length === 0 ? "" : `Missing: ${list(d.missing)}. `}Nothing was changed.`,
    () => "See why they are not there (kubectl describe pod), then ask again.",
  ),
  crate_not_green: entry<{ health: string; tables: readonly string[] }>(
    "refused",
    (d) => `The cluster is ${d.health}, not GREEN: ${list(d.tables)}. Nothing was changed.`,
    () => "Wait until its replicas are back, or see in sys.allocations why they are not, then ask again.",
  ),
  crate_allocation_disabled: entry<{ value: string }>(
    "refused",
    (d) =>
      `cluster.routing.allocation.enable is “${d.value}”: shards that have to move would stay where they are. Nothing was changed.`,
    () => 'If nobody needs it any more: RESET GLOBAL "cluster.routing.allocation.enable", then ask again.',
  ),
} as const;
