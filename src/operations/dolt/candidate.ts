import type { ReplicationRow } from "../../ports/dolt-servers.ts";
import type { FailoverParameters } from "./failover-definition.ts";
import type { DoltAnswer, DoltNode, DoltView, StateComparison } from "./look.ts";
import { podOfRemote } from "./remotes.ts";

export interface AnsweringNode extends DoltNode {
  readonly answer: DoltAnswer;
}

export type CandidateChoice =
  | {
      readonly kind: "chosen";
      readonly node: AnsweringNode;
      /** Null: unknown, but its state is the primary's. */
      readonly lagMs: number | null;
      readonly rejected: readonly string[];
    }
  | { readonly kind: "none"; readonly rejected: readonly string[] };

/**
 * The standby that takes over: by evidence (reachable, Ready, not leaving, of the right revision, holding everything,
 * within the bound of lag), then the smallest lag, then the lowest ordinal. Every other one gets its reason.
 * @param approved the pod that people approved: any fit one does, so a lag that is smaller by now takes nothing from it
 */
export function chooseCandidate(
  view: DoltView,
  primary: AnsweringNode,
  parameters: FailoverParameters,
  approved?: string,
): CandidateChoice {
  const rejected: string[] = [];
  const fit: { node: AnsweringNode; lagMs: number | null }[] = [];
  for (const node of view.nodes) {
    if (node.name === primary.name) continue;
    const judgement = judge(node, primary, view, parameters);
    if (typeof judgement === "string") rejected.push(`${node.name}: ${judgement}`);
    else fit.push(judgement);
  }
  const isApproved = ({ node }: { node: AnsweringNode }) => Number(node.name === approved);
  const [best, ...others] = fit.sort((a, b) => isApproved(b) - isApproved(a) || (a.lagMs ?? 0) - (b.lagMs ?? 0));
  if (best === undefined) return { kind: "none", rejected };
  const passedOver = others.map(({ node, lagMs }) => `${node.name}: it would do as well, ${lagText(lagMs)}`);
  return { kind: "chosen", ...best, rejected: [...rejected, ...passedOver] };
}

function judge(
  node: DoltNode,
  primary: AnsweringNode,
  view: DoltView,
  parameters: FailoverParameters,
): string | { node: AnsweringNode; lagMs: number | null } {
  const { pod, answer } = node;
  if (parameters.to !== undefined && parameters.to !== node.name) return `not ${parameters.to}, which was asked for`;
  if (parameters.avoid === node.name) return "to be avoided, as asked";
  if (pod === null) return "its pod is missing";
  if (answer === null) return `does not answer (${node.silence?.text ?? "no reason known"})`;
  if (pod.terminating) return "its pod is terminating";
  if (!pod.ready) return "its pod is not Ready";
  if (pod.revision !== null && pod.revision !== view.workload.updateRevision) {
    return `its pod is of revision ${pod.revision}, not ${view.workload.updateRevision}`;
  }
  if (answer.role !== "standby") return `its role is ${answer.role}`;
  const lacking = primary.answer.databases.filter((database) => !answer.databases.includes(database));
  if (lacking.length > 0) return `lacks the database ${lacking.join(", ")}`;
  // Replication would bring back everywhere what was dropped while this one was away.
  const dropped = answer.databases.filter((database) => !primary.answer.databases.includes(database));
  if (dropped.length > 0) return `still holds the database ${dropped.join(", ")}, which was dropped`;
  if (answer.privileges.users !== primary.answer.privileges.users) return "users and grants are behind";
  if (answer.privileges.branchControl !== primary.answer.privileges.branchControl) return "branch control is behind";
  const lagMs = lagOf(node, primary, view);
  if (typeof lagMs === "string") return lagMs;
  if (lagMs !== null && lagMs > parameters.maxLagMs) return `lag ${lagMs} ms, more than ${parameters.maxLagMs} ms`;
  return { node: { ...node, answer }, lagMs };
}

/** The largest lag over all databases, as the primary sees it; null when it is not known and the states are equal; or why neither is. */
function lagOf(node: DoltNode, primary: AnsweringNode, view: DoltView): number | string | null {
  const rows = rowsFor(node.name, primary.answer.replication, view);
  let largestMs = 0;
  let unknown: string | null = null;
  for (const database of primary.answer.databases) {
    const row = rows.find((candidate) => candidate.database === database);
    if (row === undefined) return `the primary does not replicate ${database} to it`;
    if (row.error !== null) return `replication of ${database} fails: ${row.error}`;
    if (row.lagMs === null) unknown ??= database;
    else largestMs = Math.max(largestMs, row.lagMs);
  }
  return unknown === null ? largestMs : byComparison(unknown, view.comparisons.get(node.name));
}

function byComparison(database: string, comparison: StateComparison | undefined): string | null {
  if (comparison?.kind === "equal") return null;
  const text = `lag of ${database} is unknown until the primary's next write`;
  if (comparison === undefined) return text;
  if (comparison.kind === "failed") return `${text}, and its state could not be compared (${comparison.why})`;
  return `${text}, and it differs from the primary in ${comparison.differences.join(", ")}`;
}

/** Whether this is a standby of which the primary can say no lag, though nothing fails: only then a comparison decides. */
export function hasUnknownLag(node: DoltNode, primary: AnsweringNode, view: DoltView): boolean {
  if (node.answer?.role !== "standby") return false;
  const rows = rowsFor(node.name, primary.answer.replication, view);
  return rows.some((row) => row.lagMs === null) && rows.every((row) => row.error === null);
}

export function lagText(lagMs: number | null): string {
  return lagMs === null ? "lag unknown, states equal" : `lag ${lagMs} ms`;
}

function rowsFor(pod: string, rows: readonly ReplicationRow[], view: DoltView): ReplicationRow[] {
  return rows.filter((row) => podOfRemote({ name: row.remote, url: row.remoteUrl }, view.workload.pods) === pod);
}
