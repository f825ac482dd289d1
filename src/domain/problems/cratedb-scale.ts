import { entry, list } from "./entry.ts";

/** CrateDB: adding and removing nodes. */
export const crateScaleProblems = {
  crate_scale_numbers: entry<{ groups: readonly string[] }>(
    "usage",
    (d) => `How many nodes there shall be was not said. Now there are: ${list(d.groups)}. Nothing was done.`,
    (d) => `Say it behind the target, such as ${d.groups.at(-1) ?? "data=3"} with another number.`,
  ),
  crate_scale_group_unknown: entry<{ strangers: readonly string[]; known: readonly string[] }>(
    "usage",
    (d) =>
      `This cluster has no group ${list(d.strangers)}; it has ${list(d.known)}. Groups are not added or removed by scaling. Nothing was done.`,
    () => "Name a group that there is. A new group needs a StatefulSet of its own first.",
  ),
  crate_scale_done: entry<{ groups: readonly string[] }>(
    "refused",
    (d) => `There are as many nodes already: ${list(d.groups)}. Nothing was changed.`,
    () => "Nothing is to be done.",
  ),
  crate_scale_masters: entry<{ why: string; now: number }>(
    "refused",
    (d) => `${d.why}. Now there are ${d.now}. Nothing was changed.`,
    () => "Ask for an odd number from 3.",
  ),
  crate_scale_suspends: entry<{ what: string; line: string }>(
    "refused",
    (d) => `${d.what}: that is no scaling. Nothing was changed.`,
    (d) => `Meant is: ${d.line}`,
  ),
  crate_scale_quorum: entry<{ why: string }>(
    "refused",
    (d) => `The cluster would lose its master for good: ${d.why}. Nothing was changed.`,
    () => "Keep at least two of three nodes that may be elected; three is what a cluster should have.",
  ),
  crate_scale_replicas: entry<{ remaining: number; tables: readonly string[] }>(
    "refused",
    (d) =>
      `${d.remaining} data nodes would be left, and these tables need more for their copies: ${list(d.tables)}. Nothing was changed.`,
    () => "Lower number_of_replicas of these tables (ALTER TABLE … SET), or keep more nodes, then ask again.",
  ),
  crate_scale_no_place: entry<{ moving: string; homeless: readonly string[]; room: readonly string[] }>(
    "refused",
    (d) =>
      `${d.moving} would have to move, and not all of it finds a place. Without one: ${d.homeless.join("; ")}. Room: ${list(d.room)}. Nothing was changed.`,
    () => "Free disk space, add nodes or lift the limit that is named, then ask again.",
  ),
  crate_scale_table_filters: entry<{ tables: readonly string[]; nodes: readonly string[] }>(
    "refused",
    (d) =>
      `These tables have a routing of their own, so that they ignore what the cluster excludes, and have shards on ${list(d.nodes)}: ${list(d.tables)}. They would never leave. Nothing was changed.`,
    () => "Take that routing off each table (ALTER TABLE … RESET), or exclude the nodes there too, then ask again.",
  ),
  crate_scale_awareness: entry<{ lost: readonly string[] }>(
    "refused",
    (d) =>
      `No data node would be left with ${list(d.lost)}, which cluster.routing.allocation.awareness.force says must have copies: they would be missing for good. Nothing was changed.`,
    () => "Keep a node there, or change the forced values, then ask again.",
  ),
  crate_scale_too_many_shards: entry<{ shards: number; remaining: number; limit: number }>(
    "refused",
    (d) =>
      `${d.shards} shards on ${d.remaining} nodes would be more than cluster.max_shards_per_node allows (${d.limit} each, ${d.limit * d.remaining} together): no table and no partition could be created any more. Nothing was changed.`,
    () => "Keep more nodes, drop old partitions, or raise cluster.max_shards_per_node, then ask again.",
  ),
  crate_scale_superuser: entry<{ user: string }>(
    "refused",
    (d) => `ALTER CLUSTER DECOMMISSION is for super users only, and ${d.user} is none. Nothing was changed.`,
    () => "Leave --decommission out: nodes are emptied before they leave in any case.",
  ),
  crate_scale_hook: entry<{ hooks: readonly string[] }>(
    "refused",
    (d) =>
      `A preStop hook may take longer than Kubernetes lets it: ${d.hooks.join("; ")}. The node would be killed in the middle of it. Nothing was changed.`,
    () => "Raise terminationGracePeriodSeconds, or lower the time-out of the hook, then ask again.",
  ),
  crate_scale_not_ours: entry<{ owners: readonly string[]; changes: readonly string[] }>(
    "refused",
    (d) =>
      `What has to be changed belongs to somebody else, who would write it back: ${d.owners.join("; ")}. Nothing was changed.`,
    (d) => `Change it where it is kept: ${d.changes.join(", ")}.`,
  ),
  crate_scale_autoscaled: entry<{ scalers: readonly string[] }>(
    "refused",
    (d) => `An autoscaler sets the number of pods and would set it back: ${d.scalers.join("; ")}. Nothing was changed.`,
    () => "Change its bounds, or take it away, then ask again.",
  ),

  crate_scale_arguments: entry<{ sets: readonly string[]; remaining: number; needs: number }>(
    "refused",
    (d) =>
      `${d.remaining} data nodes would be left, and after a full stop the cluster would wait for ${d.needs} (gateway.recover_after… in the start-up arguments). They cannot be rewritten without restarting pods, as these roll out changes by themselves: ${list(d.sets)}. Nothing was changed.`,
    () => "Set their updateStrategy to OnDelete, or lower the argument in a quiet hour, then ask again.",
  ),
  crate_scale_rights: entry<{ rights: readonly string[] }>(
    "refused",
    (d) => `Handover may not do what this takes: ${d.rights.join(", ")}. Nothing was changed.`,
    () => "Give these rights in the Role of this namespace (npx handover rbac --engine cratedb), then ask again.",
  ),
  crate_rollout_running: entry<{ sets: readonly string[] }>(
    "refused",
    (d) => `A roll-out is under way, whose controller restarts pods by itself: ${list(d.sets)}. Nothing was changed.`,
    () => "Wait until it is done (kubectl rollout status), then ask again.",
  ),
  crate_scale_not_joined: entry<{ seconds: number; missing: readonly string[]; reasons: readonly string[] }>(
    "failed",
    (d) =>
      `Not all is well within ${d.seconds} s. Not in the cluster: ${list(d.missing)}. ${d.reasons.join(" ")}`.trim(),
    () => "See why (kubectl describe pod, its log), mend it, then ask again.",
  ),
  crate_scale_not_drained: entry<{
    seconds: number;
    shards: string;
    reasons: readonly string[];
    advice: readonly string[];
  }>(
    "failed",
    (d) => `Not all shards have moved within ${d.seconds} s: ${d.shards}. ${d.reasons.join(" ")}`.trim(),
    (d) => (d.advice.length === 0 ? "See sys.allocations, then ask again." : d.advice.join(" ")),
  ),
  crate_scale_not_gone: entry<{ seconds: number; nodes: readonly string[] }>(
    "failed",
    (d) => `${list(d.nodes)} have not left the cluster within ${d.seconds} s.`,
    () => "See what keeps their pods from ending (kubectl describe pod), then ask again.",
  ),
  crate_scale_replicas_changed: entry<{ set: string; from: number; to: number }>(
    "failed",
    (d) => `Somebody else changed the number of pods of ${d.set}: it is neither ${d.from} nor ${d.to} any more.`,
    () => "See who changes it, then ask again.",
  ),
  crate_scale_arguments_changed: entry<{ set: string }>(
    "failed",
    (d) => `Somebody else changes the start-up arguments of ${d.set} at the same time.`,
    () => "See who changes them, then ask again.",
  ),
  crate_scale_quorum_lost: entry<{ seconds: number; wanted: number; seen: number }>(
    "failed",
    (d) =>
      `After a node had left, no master and ${d.wanted} nodes were seen together within ${d.seconds} s (${d.seen} were).`,
    () => "See which master-eligible nodes run; a majority of them has to.",
  ),

  crate_scale_undone: entry<{ group: string; to: number; why: string; told: string }>(
    "failed",
    (d) =>
      `${d.why} What was begun was put back: ${d.group} has ${d.to} nodes, and none of them is excluded. ${d.told}`.trim(),
    () => "Mend what is named, then type the same command again.",
  ),
  crate_scale_stopped: entry<{ why: string; state: string; line: string }>(
    "failed",
    (d) => `The scaling stopped. ${d.state} ${d.why}`.trim(),
    (d) => `Mend what is named, then type the same command: ${d.line} goes on from here.`,
  ),
} as const;
