import { type Problem, problem } from "../../domain/errors.ts";
import type { PlanWarning } from "../../domain/plan.ts";
import type { Autoscaler, CrateRight, CronJobView } from "../../ports/crate-clusters.ts";
import type { CrateNode } from "../../ports/crate-servers.ts";
import type { Seen } from "../../ports/surroundings.ts";
import { bytesText, countText } from "./amounts.ts";
import { judgeCluster, rightTexts } from "./cluster-preflight.ts";
import { isExcluded } from "./exclusions.ts";
import { type CrateView, dataSets, masterOf, nodesOf } from "./look.ts";
import { judgeReplicas, tableText } from "./number-of-replicas.ts";
import { mayHold, type Placement, placeShards, tableOf } from "./placement.ts";
import { hooksCutOff } from "./pre-stop.ts";
import { backupsUnseen } from "./restart-preflight.ts";
import { mayRewrite, podsThatRoll, recoversAfter } from "./scale-arguments.ts";
import { changesOf, isEligible, type SetChange, totalsOf } from "./scale-change.ts";
import { rewriteForTotals } from "./start-up-arguments.ts";
import { judgeVoting, masterCountObjection } from "./voting.ts";

/** Everything the judgement rests on, read before. */
export interface ScaleSituation {
  readonly view: CrateView;
  /** By group, how many nodes it is to have. */
  readonly wanted: ReadonlyMap<string, number>;
  readonly decommission: boolean;
  readonly autoscalers: Seen<readonly Autoscaler[]>;
  readonly missingRights: readonly CrateRight[];
  /** CronJobs that make backups of this cluster. */
  readonly cronJobs: Seen<readonly CronJobView[]>;
  /** Backups that run, in words. */
  readonly backups: readonly string[];
  /** Whether they are waited for. */
  readonly waitsForBackups: boolean;
  /** Commands to copy. */
  readonly lines: { readonly suspend: string; readonly resume: string };
}

export interface ScaleJudgement {
  readonly problems: readonly Problem[];
  readonly warnings: readonly PlanWarning[];
  /** In the order in which they are done; empty where there are problems with what was typed. */
  readonly changes: readonly SetChange[];
  /** Where the shards of all leaving nodes could go; null: none leaves. */
  readonly placement: Placement | null;
}

/** What forbids a scaling and what is worth knowing, with the numbers. Pure: everything was read before. */
export function judgeScale(situation: ScaleSituation): ScaleJudgement {
  const typed = judgeTyped(situation);
  if (typed !== null) return { problems: [typed], warnings: [], changes: [], placement: null };
  const { view, wanted } = situation;
  const changes = changesOf(view, wanted);
  const unfit = judgeCluster(view);
  // Of a cluster that cannot be seen whole nothing else is certain.
  if (unfit.length > 0) return { problems: unfit, warnings: [], changes, placement: null };
  const leaving = leavingNodes(changes);
  const placement = leaving.length === 0 ? null : placementOf(view, changes, leaving);
  const findings: readonly Findings[] = [
    judgeMasters(view, changes),
    judgeQuorum(view, leaving),
    judgeTables(view, changes, leaving),
    placement === null ? {} : judgePlacement(placement),
    judgeFilters(view, leaving),
    judgeAwareness(view, leaving, changes),
    judgeShardCount(view, changes, leaving),
    judgeHooks(changes),
    judgeDecommission(situation),
    judgeKubernetes(situation, changes),
    judgeArguments(view, changes),
    judgeBackups(situation),
  ];
  return {
    problems: findings.flatMap(({ problems = [] }) => problems),
    warnings: findings.flatMap(({ warnings = [] }) => warnings),
    changes,
    placement,
  };
}

interface Findings {
  readonly problems?: readonly Problem[];
  readonly warnings?: readonly PlanWarning[];
}

export function leavingNodes(changes: readonly SetChange[]): string[] {
  return changes.filter(({ from, to }) => to < from).flatMap(({ nodes }) => nodes);
}

function judgeTyped({ view, wanted, lines }: ScaleSituation): Problem | null {
  const { sets } = view.cluster;
  const now = sets.map(({ group, replicas }) => `${group}=${replicas}`);
  if (wanted.size === 0) return problem("crate_scale_numbers", { groups: now });
  const known = sets.map(({ group }) => group);
  const unknown = [...wanted.keys()].filter((group) => !known.includes(group));
  if (unknown.length > 0) return problem("crate_scale_group_unknown", { strangers: unknown, known: now });
  const changed = sets.filter(({ group, replicas }) => wanted.has(group) && wanted.get(group) !== replicas);
  if (changed.length === 0) return problem("crate_scale_done", { groups: now });
  const masters = changed.find(({ role }) => role === "master");
  if (masters !== undefined && (masters.replicas === 0 || wanted.get(masters.group) === 0)) {
    const from = masters.replicas === 0;
    const what = from ? "The masters are stopped" : "Without masters the cluster stands still";
    return problem("crate_scale_suspends", { what, line: from ? lines.resume : lines.suspend });
  }
  const data = dataSets(view.cluster);
  if (data.every(({ replicas }) => replicas === 0)) {
    return problem("crate_scale_suspends", { what: "All data nodes are stopped", line: lines.resume });
  }
  if (data.every(({ group, replicas }) => (wanted.get(group) ?? replicas) === 0)) {
    return problem("crate_scale_suspends", { what: "No data node would be left", line: lines.suspend });
  }
  return null;
}

function judgeMasters(view: CrateView, changes: readonly SetChange[]): Findings {
  const change = changes.find(({ set }) => set.role === "master");
  const why = change === undefined ? null : masterCountObjection(change.to);
  if (why === null) return {};
  return { problems: [problem("crate_scale_masters", { why, now: totalsOf(view.cluster).masters })] };
}

function judgeQuorum(view: CrateView, leaving: readonly string[]): Findings {
  const eligible = view.cluster.sets
    .filter((set) => isEligible(view, set))
    .flatMap((set) => nodesOf(view, set, 0, set.replicas));
  const judgement = judgeVoting(eligible, leaving, masterOf(view));
  if (judgement.kind === "refused") return { problems: [problem("crate_scale_quorum", { why: judgement.why })] };
  return judgement.warning === null ? {} : { warnings: [{ code: "few_voters", text: judgement.warning }] };
}

/** Data nodes that there are to be afterwards and that may hold shards. */
function remainingNodes(view: CrateView, changes: readonly SetChange[], leaving: readonly string[]): CrateNode[] {
  const data = new Set(dataSets(view.cluster).flatMap((set) => nodesOf(view, set, 0, set.replicas)));
  const staying = view.nodes.filter(({ name }) => data.has(name) && !leaving.includes(name));
  return [...staying, ...joiningNodes(view, changes)].filter((node) => mayHold(node, view.state.settings.filters));
}

/** Nodes that come before any leaves: like their siblings, with an empty disk. */
function joiningNodes(view: CrateView, changes: readonly SetChange[]): CrateNode[] {
  return changes
    .filter(({ set, from, to }) => set.role === "data" && to > from)
    .flatMap(({ set, nodes }) => {
      const siblings = nodesOf(view, set, 0, set.replicas);
      const like = view.nodes.find(({ name }) => siblings.includes(name));
      if (like === undefined) return [];
      const disk = like.disk && { ...like.disk, usedBytes: 0, availableBytes: like.disk.totalBytes };
      return nodes.map((name) => ({ ...like, id: `joining ${name}`, name, restUrl: null, disk }));
    });
}

function placementOf(view: CrateView, changes: readonly SetChange[], leaving: readonly string[]): Placement {
  const nodes = remainingNodes(view, changes, leaving);
  return placeShards(view.shards, view.tables, nodes, view.state.settings, leaving);
}

function judgeTables(view: CrateView, changes: readonly SetChange[], leaving: readonly string[]): Findings {
  const remaining = remainingNodes(view, changes, leaving).length;
  const dataLeaves = changes.some(({ set, from, to }) => set.role === "data" && to < from);
  if (!dataLeaves) return {};
  const { tooMany, fewer } = judgeReplicas(view.tables, remaining);
  const need = ({ name, replicas, nodesNeeded }: (typeof fewer)[number]) =>
    `${name} (number_of_replicas ${replicas}: ${countText(nodesNeeded, "node")})`;
  return {
    problems: tooMany.length === 0 ? [] : [problem("crate_scale_replicas", { remaining, tables: tooMany.map(need) })],
    warnings:
      fewer.length === 0
        ? []
        : [
            {
              code: "fewer_copies",
              text: `With ${countText(remaining, "data node")} these tables have fewer copies than they may have: ${fewer.map(need).join(", ")}.`,
            },
          ],
  };
}

const shownHomeless = 5;

function judgePlacement(placement: Placement): Findings {
  const { homeless, copies, bytes, nodes } = placement;
  if (homeless.length === 0) return {};
  const rows = homeless.slice(0, shownHomeless).map((one) => {
    return `${one.copy} (${bytesText(one.bytes)}): ${one.reasons.join(", ") || "no node is left for it"}`;
  });
  const more = homeless.length - rows.length;
  const details = {
    moving: `${countText(copies, "copy", "copies")} (${bytesText(bytes)})`,
    homeless: more > 0 ? [...rows, `${more} more`] : rows,
    room: nodes.map(({ name, freeBytes }) => `${name} ${bytesText(freeBytes)}`),
  };
  return { problems: [problem("crate_scale_no_place", details)] };
}

function judgeFilters(view: CrateView, leaving: readonly string[]): Findings {
  const own = view.tables.filter(({ routing }) => {
    const { require, include, exclude } = routing;
    const filters = [require, include, exclude].some((one) => Object.keys(one).length > 0);
    return filters || routing.enable !== "all";
  });
  const stuck = own.filter((table) =>
    view.shards.some(
      (shard) => shard.node !== null && leaving.includes(shard.node.name) && tableOf(shard, view.tables) === table,
    ),
  );
  const names = (tables: typeof own) => [
    ...new Set(tables.map((table) => `${tableText(table)} (${routingText(table)})`)),
  ];
  if (stuck.length > 0) {
    return { problems: [problem("crate_scale_table_filters", { tables: names(stuck), nodes: leaving })] };
  }
  if (own.length === 0 || leaving.length === 0) return {};
  const text = `These tables have a routing of their own and ignore what the cluster excludes; none of their shards is on a leaving node now: ${names(own).join(", ")}.`;
  return { warnings: [{ code: "table_filters", text }] };
}

function routingText({ routing }: CrateView["tables"][number]): string {
  const filters = (["require", "include", "exclude"] as const).flatMap((kind) =>
    Object.entries(routing[kind]).map(([attribute, value]) => `${kind}.${attribute}=${value}`),
  );
  return [...filters, ...(routing.enable === "all" ? [] : [`enable=${routing.enable}`])].join(", ");
}

function judgeAwareness(view: CrateView, leaving: readonly string[], changes: readonly SetChange[]): Findings {
  const { attributes, forced } = view.state.settings.awareness;
  const staying = remainingNodes(view, changes, leaving);
  const lost = attributes.flatMap((attribute) => {
    const left = new Set(staying.map((node) => node.attributes[attribute]));
    const before = view.nodes.filter(({ name }) => leaving.includes(name)).map((node) => node.attributes[attribute]);
    const values = [...new Set(before.flatMap((value) => (value === undefined || left.has(value) ? [] : [value])))];
    return values.map((value) => ({ attribute, value, isForced: (forced[attribute] ?? []).includes(value) }));
  });
  const text = ({ attribute, value }: (typeof lost)[number]) => `${attribute}=${value}`;
  const [missing, gone] = [lost.filter(({ isForced }) => isForced), lost.filter(({ isForced }) => !isForced)];
  return {
    problems: missing.length === 0 ? [] : [problem("crate_scale_awareness", { lost: missing.map(text) })],
    warnings:
      gone.length === 0
        ? []
        : [
            {
              code: "zone_lost",
              text: `No data node is left with ${gone.map(text).join(", ")}: copies are spread over fewer places.`,
            },
          ],
  };
}

function judgeShardCount(view: CrateView, changes: readonly SetChange[], leaving: readonly string[]): Findings {
  const remaining = remainingNodes(view, changes, leaving).length;
  const limit = view.state.settings.maxShardsPerNode;
  const shards = view.shards.length;
  if (leaving.length === 0 || shards <= limit * remaining) return {};
  return { problems: [problem("crate_scale_too_many_shards", { shards, remaining, limit })] };
}

function judgeHooks(changes: readonly SetChange[]): Findings {
  const shrinking = changes.filter(({ from, to }) => to < from);
  const hooks = hooksCutOff(shrinking.map(({ set }) => set)).map(({ set, hookSeconds, gracePeriodSeconds }) => {
    return `${set}: up to ${hookSeconds} s within ${gracePeriodSeconds} s of grace`;
  });
  const deleting = shrinking.filter(({ set }) => set.deletesVolumes).map(({ set }) => set.name);
  return {
    problems: hooks.length === 0 ? [] : [problem("crate_scale_hook", { hooks })],
    warnings:
      deleting.length === 0
        ? []
        : [
            {
              code: "volumes_deleted",
              text: `Kubernetes deletes the volumes of nodes that leave (whenScaled: Delete): ${deleting.join(", ")}.`,
            },
          ],
  };
}

function judgeDecommission({ view, decommission }: ScaleSituation): Findings {
  if (!decommission || view.user.superuser) return {};
  return { problems: [problem("crate_scale_superuser", { user: view.user.name })] };
}

function judgeKubernetes(situation: ScaleSituation, changes: readonly SetChange[]): Findings {
  const { view, autoscalers, missingRights, cronJobs } = situation;
  const hasBackups = cronJobs.seen && cronJobs.value.some(({ suspended }) => !suspended);
  const changed = new Set(changes.map(({ set }) => set.name));
  const rewritten = rewrittenSets(view, changes);
  const owned = view.cluster.sets.filter(
    (set) => set.owner !== null && (changed.has(set.name) || rewritten.has(set.name)),
  );
  const scalers = autoscalers.seen ? autoscalers.value.filter(({ target }) => changed.has(target.name)) : [];
  const needed: CrateRight[] = [
    "replicas",
    ...(rewritten.size > 0 ? ["statefulsets" as const] : []),
    ...(hasBackups ? ["cronjobs" as const] : []),
  ];
  const lacking = needed.filter((right) => missingRights.includes(right));
  return {
    problems: [
      ...(owned.length === 0
        ? []
        : [
            problem("crate_scale_not_ours", {
              owners: owned.map(({ name, owner }) => `StatefulSet ${name}: ${owner}`),
              changes: changes.map(({ set, from, to }) => `replicas of ${set.name} from ${from} to ${to}`),
            }),
          ]),
      ...(scalers.length === 0
        ? []
        : [
            problem("crate_scale_autoscaled", {
              scalers: scalers.map(({ kind, name, target, minReplicas, maxReplicas }) => {
                return `${kind} ${name} on ${target.name} (${minReplicas ?? 1} to ${maxReplicas ?? "any"})`;
              }),
            }),
          ]),
      ...(lacking.length === 0
        ? []
        : [problem("crate_scale_rights", { rights: lacking.map((right) => rightTexts[right]) })]),
    ],
    warnings: autoscalers.seen
      ? []
      : [
          {
            code: "autoscalers_unseen",
            text: `Whether an autoscaler sets these numbers back is not known: ${autoscalers.why}`,
          },
        ],
  };
}

/** Names of the StatefulSets whose start-up arguments depend on the new total and can be rewritten without restarting pods. */
function rewrittenSets(view: CrateView, changes: readonly SetChange[]): Set<string> {
  const totals = changes.at(-1)?.totals ?? totalsOf(view.cluster);
  const found = view.cluster.sets.filter((set) => {
    return rewriteForTotals(set.startUp, totals).changes.length > 0 && mayRewrite(set, mostPods(set.name, changes));
  });
  return new Set(found.map(({ name }) => name));
}

function mostPods(set: string, changes: readonly SetChange[]): number {
  return Math.max(0, ...changes.filter((change) => change.set.name === set).map(({ from, to }) => Math.max(from, to)));
}

function judgeArguments(view: CrateView, changes: readonly SetChange[]): Findings {
  const totals = changes.at(-1)?.totals ?? totalsOf(view.cluster);
  const rewritten = rewrittenSets(view, changes);
  const warnings: PlanWarning[] = [];
  const kept = view.cluster.sets.filter((set) => {
    return rewriteForTotals(set.startUp, totals).changes.length > 0 && !rewritten.has(set.name);
  });
  if (kept.length > 0) {
    const text = kept.map((set) => `${set.name} (${podsThatRoll(set).join(", ") || "its pods to come"})`).join("; ");
    warnings.push({
      code: "arguments_kept",
      text: `Start-up arguments that depend on the number of nodes stay as they are, as writing them would restart pods of: ${text}. With updateStrategy OnDelete they could be written.`,
    });
  }
  const unreadable = view.cluster.sets.flatMap((set) =>
    rewriteForTotals(set.startUp, totals).unreadable.map((argument) => `${set.name}: ${argument}`),
  );
  if (unreadable.length > 0) {
    const text = `Start-up arguments that depend on the number of nodes hold no plain number, and stay as they are: ${unreadable.join("; ")}.`;
    warnings.push({ code: "arguments_unreadable", text });
  }
  const stuck = kept.filter((set) => recoversAfter(set) > totals.data);
  const needs = Math.max(0, ...stuck.map(recoversAfter));
  const problems =
    stuck.length === 0
      ? []
      : [problem("crate_scale_arguments", { sets: stuck.map(({ name }) => name), remaining: totals.data, needs })];
  return { problems, warnings };
}

function judgeBackups({ backups, waitsForBackups, cronJobs }: ScaleSituation): Findings {
  const unseen = backupsUnseen(cronJobs);
  if (backups.length === 0) return { warnings: unseen };
  if (!waitsForBackups) return { problems: [problem("crate_backup_runs", { backups, seconds: 0 })], warnings: unseen };
  const text = `What a backup copies cannot move, so that it is waited for first: ${backups.join("; ")}.`;
  return { warnings: [{ code: "backup_runs", text }, ...unseen] };
}

/** Which leaving nodes somebody else excludes already, by their very name: those stay excluded afterwards. */
export function excludedBefore(view: CrateView, leaving: readonly string[]): string[] {
  const value = view.state.settings.filters.exclude._name ?? null;
  return leaving.filter((name) => isExcluded(value, name));
}
