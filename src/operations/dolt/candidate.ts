import type { ReplicationRow } from "../../ports/dolt-servers.ts";
import type { FailoverParameters } from "./failover-definition.ts";
import type { DoltAnswer, DoltNode, DoltView } from "./look.ts";
import { podOfRemote } from "./remotes.ts";

export interface AnsweringNode extends DoltNode {
  readonly answer: DoltAnswer;
}

export type CandidateChoice =
  | {
      readonly kind: "chosen";
      readonly node: AnsweringNode;
      readonly lagMs: number;
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
  const fit: { node: AnsweringNode; lagMs: number }[] = [];
  for (const node of view.nodes) {
    if (node.name === primary.name) continue;
    const judgement = judge(node, primary, view, parameters);
    if (typeof judgement === "string") rejected.push(`${node.name}: ${judgement}`);
    else fit.push(judgement);
  }
  const isApproved = ({ node }: { node: AnsweringNode }) => Number(node.name === approved);
  const [best, ...others] = fit.sort((a, b) => isApproved(b) - isApproved(a) || a.lagMs - b.lagMs);
  if (best === undefined) return { kind: "none", rejected };
  const passedOver = others.map(({ node, lagMs }) => `${node.name}: it would do as well, lag ${lagMs} ms`);
  return { kind: "chosen", ...best, rejected: [...rejected, ...passedOver] };
}

function judge(
  node: DoltNode,
  primary: AnsweringNode,
  view: DoltView,
  parameters: FailoverParameters,
): string | { node: AnsweringNode; lagMs: number } {
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
  if (answer.privileges.users !== primary.answer.privileges.users) return "users and grants are behind";
  if (answer.privileges.branchControl !== primary.answer.privileges.branchControl) return "branch control is behind";
  const lagMs = lagOf(node, primary, view);
  if (typeof lagMs === "string") return lagMs;
  if (lagMs > parameters.maxLagMs) return `lag ${lagMs} ms, more than ${parameters.maxLagMs} ms`;
  return { node: { ...node, answer }, lagMs };
}

/** The largest lag over all databases, as the primary sees it, or why it is not known. */
function lagOf(node: DoltNode, primary: AnsweringNode, view: DoltView): number | string {
  const rows = rowsFor(node.name, primary.answer.replication, view);
  let largestMs = 0;
  for (const database of primary.answer.databases) {
    const row = rows.find((candidate) => candidate.database === database);
    if (row === undefined) return `the primary does not replicate ${database} to it`;
    if (row.error !== null) return `replication of ${database} fails: ${row.error}`;
    if (row.lagMs === null) return `lag of ${database} is unknown until the primary's next write`;
    largestMs = Math.max(largestMs, row.lagMs);
  }
  return largestMs;
}

function rowsFor(pod: string, rows: readonly ReplicationRow[], view: DoltView): ReplicationRow[] {
  return rows.filter((row) => podOfRemote({ name: row.remote, url: row.remoteUrl }, view.workload.pods) === pod);
}
