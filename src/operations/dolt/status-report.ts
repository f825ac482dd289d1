import type { ReplicationRow } from "../../ports/dolt-servers.ts";
import { lineToType } from "../line-to-type.ts";
import type { OperationContext } from "../operation.ts";
import { onlyPrimaryOf } from "./assess.ts";
import { type Contradiction, contradictionsOf } from "./contradictions.ts";
import type { DoltNode, DoltView } from "./look.ts";
import type { Recommendation } from "./recommendations.ts";
import { podOfRemote } from "./remotes.ts";
import { roleLabel } from "./role-labels.ts";

/** Everything a status says, for programs (`--json` prints it under `plan.details`). */
export interface StatusReport {
  readonly version: 1;
  readonly nodes: readonly NodeReport[];
  readonly contradictions: readonly Contradiction[];
  readonly recommendations: readonly Recommendation[];
}

export interface NodeReport {
  readonly pod: string;
  readonly exists: boolean;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly label: string | null;
  /** What the server says of itself; null when it does not answer, and then `silence` says why. */
  readonly server: {
    readonly role: string;
    readonly epoch: number;
    readonly readOnly: boolean;
    readonly version: string;
    readonly databases: readonly string[];
  } | null;
  readonly silence: string | null;
  /** How long ago its primary was last in touch, by its own clock; null when it is no standby, or never heard of one since its start. */
  readonly heardOfPrimaryMs: number | null;
  /** How long ago the primary last pushed something to it, by the primary's clock; null when it says nothing of that. */
  readonly replicatedToMs: number | null;
  /** When Kubernetes last saw it become Ready or cease to be; null when it never said. */
  readonly readyChangedAtMs: number | null;
  /** What the primary says of replicating to it; empty for the primary, and when no one primary answers. */
  readonly replication: readonly ReplicationReport[];
}

export interface ReplicationReport {
  readonly database: string;
  readonly remote: string;
  readonly remoteUrl: string | null;
  /** Null: not known until the next write. */
  readonly lagMs: number | null;
  readonly error: string | null;
}

export function reportOf(view: DoltView, recommendations: readonly Recommendation[]): StatusReport {
  return {
    version: 1,
    nodes: view.nodes.map((node) => nodeReport(node, view)),
    contradictions: contradictionsOf(view),
    recommendations,
  };
}

function nodeReport(node: DoltNode, view: DoltView): NodeReport {
  const { name, pod, answer, silence } = node;
  const primary = onlyPrimaryOf(view);
  const rows = (primary === null || primary.name === name ? [] : primary.answer.replication).filter(
    (row) => podOfRemote({ name: row.remote, url: row.remoteUrl }, view.workload.pods) === name,
  );
  return {
    pod: name,
    exists: pod !== null,
    ready: pod?.ready ?? false,
    terminating: pod?.terminating ?? false,
    label: pod?.labels[roleLabel] ?? null,
    server:
      answer === null
        ? null
        : {
            role: answer.role,
            epoch: answer.epoch,
            readOnly: answer.readOnly,
            version: answer.version,
            databases: answer.databases,
          },
    silence: silence?.text ?? null,
    heardOfPrimaryMs: heardOfPrimary(node),
    replicatedToMs: primary === null ? null : ageOf(rows, primary.answer.details.clockMs),
    readyChangedAtMs: pod?.readyChangedAtMs ?? null,
    replication: rows.map(({ database, remote, remoteUrl, lagMs, error }) => ({
      database,
      remote,
      remoteUrl,
      lagMs,
      error,
    })),
  };
}

/** `last_update` of a standby ticks about once a second while its primary lives (dolt.md, “Seen on real servers”). */
function heardOfPrimary({ answer }: DoltNode): number | null {
  if (answer?.role !== "standby") return null;
  return ageOf(answer.replication, answer.details.clockMs);
}

/** How old the newest `last_update` is by the same server's clock. */
function ageOf(rows: readonly Pick<ReplicationRow, "lastUpdateMs">[], clockMs: number): number | null {
  const updates = rows.flatMap((row) => row.lastUpdateMs ?? []);
  if (updates.length === 0 || Number.isNaN(clockMs)) return null;
  // `last_update` is cut or rounded to whole seconds, so it can lie a little ahead.
  return Math.max(0, clockMs - Math.max(...updates));
}

/** The report for people, line by line: what is wrong first, then each node, then what would make things better. */
export function statusLines(
  report: StatusReport,
  view: DoltView,
  context: Pick<OperationContext, "surface" | "target" | "targetName">,
): string[] {
  return [
    headline(report, view),
    ...report.contradictions.map((one) => contradictionLine(one, context)),
    ...report.nodes.flatMap(nodeLines),
    ...report.recommendations.flatMap(recommendationLines),
  ];
}

function headline({ nodes, contradictions }: StatusReport, view: DoltView): string {
  const primary = onlyPrimaryOf(view);
  const standbys = nodes.filter(({ server }) => server?.role === "standby").length;
  const who =
    primary === null
      ? "No single primary answers"
      : `${primary.name} is primary at epoch ${primary.answer.epoch}, ${standbys} of ${nodes.length - 1} others are standby`;
  const count = contradictions.length;
  if (count === 0) return `${who}. Nothing contradicts.`;
  return `${who}. ${count === 1 ? "1 contradiction" : `${count} contradictions`}:`;
}

const signs = { everything: "🛑", planned: "⛔", nothing: "⚠️" } as const;

function contradictionLine(
  { text, mendedBy, advice, forbids, pods }: Contradiction,
  context: Pick<OperationContext, "surface" | "target" | "targetName">,
): string {
  const way = mendedBy === "by hand" ? "By hand" : lineToType(context, "dolt", mendedBy);
  // The name of a pod is written as it is.
  const sentence = pods.some((pod) => text.startsWith(pod)) ? text : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return `${signs[forbids]} ${sentence}. ${way}: ${advice}.`;
}

function nodeLines(node: NodeReport): string[] {
  const parts = [
    `${node.pod}: ${node.server === null ? `does not answer (${node.silence ?? "no reason known"})` : `${node.server.role} at epoch ${node.server.epoch}`}`,
    `label ${node.label ?? "none"}`,
    node.exists ? (node.ready ? "Ready" : `not Ready${sinceText(node.readyChangedAtMs)}`) : "pod missing",
    ...(node.terminating ? ["terminating"] : []),
    ...(node.server === null ? [] : [node.server.readOnly ? "read-only" : "writable", `Dolt ${node.server.version}`]),
    ...heardText(node),
  ];
  return [parts.join(" · "), ...replicationLines(node.replication)];
}

function sinceText(atMs: number | null): string {
  return atMs === null ? "" : ` since ${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function heardText({ server, heardOfPrimaryMs, replicatedToMs }: NodeReport): string[] {
  if (server === null && replicatedToMs !== null) return [`last replicated to ${duration(replicatedToMs)} ago`];
  if (server?.role !== "standby") return [];
  if (heardOfPrimaryMs === null) return ["has not heard of a primary since its start"];
  return [`heard of its primary ${heardOfPrimaryMs < 1_000 ? "just now" : `${duration(heardOfPrimaryMs)} ago`}`];
}

/** One line each for what differs; databases in the same state share one, or twenty of them would fill a phone's screen. */
function replicationLines(rows: readonly ReplicationReport[]): string[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([hostText(row), row.error, row.lagMs === null]));
  return [...groups.values()].map((group) => {
    const [first] = group;
    const lags = group.flatMap(({ lagMs }) => lagMs ?? []);
    const lag = lags.length === 0 ? "lag unknown until the next write" : `lag ${rangeText(lags)}`;
    const error = first?.error === null || first === undefined ? "" : `, error: ${first.error}`;
    return `    ${namesText(group)}: ${lag}${error} → ${first === undefined ? "" : hostText(first)}`;
  });
}

const namesShown = 8;

function namesText(group: readonly ReplicationReport[]): string {
  const names = group.map(({ database }) => database);
  const more = names.length - namesShown;
  return more <= 0 ? names.join(", ") : `${names.slice(0, namesShown).join(", ")} and ${more} more`;
}

function rangeText(lags: readonly number[]): string {
  const [least, most] = [Math.min(...lags), Math.max(...lags)];
  return least === most ? duration(least) : `${duration(least)}–${duration(most)}`;
}

/** Where a remote leads, without the database behind it. */
function hostText({ remote, remoteUrl }: ReplicationReport): string {
  if (remoteUrl === null) return remote;
  return URL.canParse(remoteUrl) ? new URL(remoteUrl).host : remoteUrl;
}

function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function recommendationLines({ kind, text, manifest }: Recommendation): string[] {
  const words = { demand: "🔒 Must be done: ", advice: "💡 ", note: "ℹ️ " } as const;
  const line = `${words[kind]}${text}`;
  return manifest === null ? [line] : [line, `\`\`\`\n${manifest}\`\`\``];
}
