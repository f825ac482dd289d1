import { emptyPrimaryAdvice } from "../../domain/empty-primary-advice.ts";
import { onlyPrimaryOf } from "./assess.ts";
import { type AnsweringNode, hasUnknownLag } from "./candidate.ts";
import type { Contradiction } from "./contradiction.ts";
import type { DoltView } from "./look.ts";
import { lackingIn, missingOnPrimary, surplusOf } from "./primary-lacks.ts";
import { podOfRemote } from "./remotes.ts";

/** What primary and standbys hold against one another, and whether one replicates to the other. Empty without one only primary. */
export function holdingContradictions(view: DoltView): Contradiction[] {
  const primary = onlyPrimaryOf(view);
  if (primary === null) return [];
  const standbys = view.nodes.filter((node): node is AnsweringNode => node.answer?.role === "standby");
  return [
    ...primaryLacks(view, primary),
    ...standbys.flatMap((standby) => standbyHoldings(view, standby, primary)),
    ...remotesOf(view, primary),
    ...standbys.flatMap((standby) => replicationTo(view, primary, standby)),
  ];
}

function primaryLacks(view: DoltView, primary: AnsweringNode): Contradiction[] {
  const lacking = lackingIn(view);
  if (lacking.length === 0) return [];
  return [
    {
      code: "primary_lacks",
      text: `the primary ${primary.name} lacks what its standbys hold (${lacking.join(", ")}): its volume may be empty or old, and it will empty the standbys as well`,
      mendedBy: "by hand",
      advice: emptyPrimaryAdvice(view.workload.namespace, primary.name),
      pods: [primary.name],
      forbids: "everything",
    },
  ];
}

function standbyHoldings(view: DoltView, standby: AnsweringNode, primary: AnsweringNode): Contradiction[] {
  const { name, answer } = standby;
  const found: Contradiction[] = [];
  const lacking = surplusOf(primary, standby).filter(({ kind }) => kind !== "account");
  if (lacking.length > 0) {
    found.push({
      code: "standby_lacks",
      text: `${name} lacks what the primary holds: ${lacking.map(({ text }) => text).join(", ")}`,
      mendedBy: "by hand",
      advice: `see that ${primary.name} replicates to it; a moment after a CREATE this is no trouble`,
      pods: [name],
      forbids: "nothing",
    });
  }
  // What every standby holds is a matter of the primary, or passes.
  const missed = new Set(missingOnPrimary(view.nodes));
  const surplus = surplusOf(standby, primary).filter(({ kind, text }) => kind !== "account" && !missed.has(text));
  if (surplus.length > 0) {
    found.push({
      code: "standby_holds_more",
      text: `${name} still holds what was dropped on ${primary.name}: ${surplus.map(({ text }) => text).join(", ")}; promoting ${name} would undo the drop everywhere`,
      mendedBy: "repair",
      advice: `with --to ${primary.name} it is dropped there too, and with --save-to saved before`,
      pods: [name],
      forbids: "nothing",
    });
  }
  const waiting = "users and branch control are sent again after up to a minute; if they stay behind, look at the log";
  if (answer.privileges.users !== primary.answer.privileges.users) {
    found.push({
      code: "users_behind",
      text: `${name} has other users or grants than ${primary.name}`,
      mendedBy: "by hand",
      advice: waiting,
      pods: [name],
      forbids: "nothing",
    });
  }
  // Branch control is reached through a database; without one there is nothing to compare.
  const isReachable = answer.databases.length > 0 && primary.answer.databases.length > 0;
  if (isReachable && answer.privileges.branchControl !== primary.answer.privileges.branchControl) {
    found.push({
      code: "branch_control_behind",
      text: `${name} has another branch control than ${primary.name}`,
      mendedBy: "by hand",
      advice: waiting,
      pods: [name],
      forbids: "nothing",
    });
  }
  return found;
}

/** Remotes that lead nowhere, and pods that no remote leads to. Without a database no row names any remote. */
function remotesOf(view: DoltView, primary: AnsweringNode): Contradiction[] {
  const { pods } = view.workload;
  const remotes = new Map(primary.answer.replication.map((row) => [row.remote, row.remoteUrl]));
  if (remotes.size === 0) return [];
  const leads = [...remotes].map(([name, url]) => ({ name, url, pod: podOfRemote({ name, url }, pods) }));
  const missing = leads.filter(({ pod, url }) => pod === null && url !== null);
  // One that leads nowhere known may well lead to the pod that seems to be missing.
  const candidates = missing.length === 0 && !leads.some(({ url }) => url === null) ? pods : [];
  const unlisted = candidates.filter(({ name }) => name !== primary.name && !leads.some(({ pod }) => pod === name));
  return [
    ...missing.map(
      ({ name, url }): Contradiction => ({
        code: "standby_missing",
        text: `${primary.name} replicates to ${name} (${url}), which leads to no pod of this target, as far as can be seen: each failover waits 10 s for it`,
        mendedBy: "scale",
        advice: "take it from standby_remotes, or bring the pod back",
        pods: [primary.name],
        forbids: "nothing",
      }),
    ),
    ...unlisted.map(
      ({ name }): Contradiction => ({
        code: "standby_not_listed",
        text: `${primary.name} replicates nothing to ${name}`,
        mendedBy: "scale",
        advice: `${name} has to stand in the standby_remotes of ${primary.name}`,
        pods: [name],
        forbids: "nothing",
      }),
    ),
  ];
}

function replicationTo(view: DoltView, primary: AnsweringNode, standby: AnsweringNode): Contradiction[] {
  const rows = primary.answer.replication.filter(
    (row) => podOfRemote({ name: row.remote, url: row.remoteUrl }, view.workload.pods) === standby.name,
  );
  const about = { mendedBy: "by hand", pods: [standby.name], forbids: "nothing" } as const;
  const failing = rows.filter((row) => row.error !== null);
  if (failing.length > 0) {
    const [first] = failing;
    const databases = failing.map((row) => row.database).join(", ");
    return [
      {
        ...about,
        code: "replication_fails",
        text: `${primary.name} cannot replicate ${databases} to ${standby.name}: ${first?.error ?? ""}`,
        advice:
          "after a restart of the pod this lasts about 29 s through a headless name; an old error stays until the next write",
      },
    ];
  }
  if (!hasUnknownLag(standby, primary, view) || view.comparisons.get(standby.name)?.kind === "equal") return [];
  const databases = rows.filter((row) => row.lagMs === null).map((row) => row.database);
  return [
    {
      ...about,
      code: "lag_unknown",
      text: `the lag of ${standby.name} is unknown (${databases.join(", ")}): nothing was written since ${primary.name} started or was promoted`,
      advice: "the next write shows it; until then a failover compares both servers' states",
    },
  ];
}
