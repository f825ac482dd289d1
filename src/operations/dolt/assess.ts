import { type Problem, problem } from "../../domain/errors.ts";
import type { AnsweringNode } from "./candidate.ts";
import type { DoltNode, DoltView } from "./look.ts";
import { lackingIn } from "./primary-lacks.ts";
import { roleLabel } from "./role-labels.ts";

/**
 * Proves, from every node, that there is exactly one primary and that it is the newest. Silence proves nothing: a node
 * that does not answer forbids a planned operation, unless the kubelet says that no server runs in it.
 */
export function findOnlyPrimary(view: DoltView): { primary: AnsweringNode } | { problems: Problem[] } {
  const answering = view.nodes.filter(isAnswering);
  const roles = answering.map((node) => `${node.name} is ${node.answer.role} at epoch ${node.answer.epoch}`);
  const problems: Problem[] = [];
  for (const node of view.nodes) {
    if (node.silence?.kind === "login") {
      const why = `${node.silence.text} (user ${view.credentials.username}, from ${view.credentials.source})`;
      problems.push(problem("dolt_credentials", { pod: node.name, why }));
    }
  }
  problems.push(...tlsProblems(view));
  const broken = answering.filter((node) => node.answer.role === "detected_broken_config");
  if (broken.length > 0) problems.push(problem("dolt_broken_config", { pods: broken.map((node) => node.name) }));
  const primaries = answering.filter((node) => node.answer.role === "primary");
  if (primaries.length > 1) problems.push(problem("dolt_many_primaries", { roles }));
  // A server that answers no question of ours because of the login or of TLS may be the primary: that is told, not a loss of it.
  const shut = view.nodes.some((node) => node.silence?.kind === "login" || node.silence?.tls !== undefined);
  if (primaries.length === 0 && !shut)
    problems.push(problem("dolt_no_primary", { roles: [...roles, ...silences(view)] }));
  const silent = view.nodes.filter((node) => node.silence?.kind === "silent" && node.silence.tls === undefined);
  if (silent.length > 0) {
    problems.push(problem("dolt_other_primary_possible", { pods: silent.map((node) => node.name) }));
  }
  const [primary] = primaries;
  if (primary !== undefined) {
    const missing = lackingIn(view);
    if (missing.length > 0)
      problems.push(problem("dolt_primary_lacks", { namespace: view.workload.namespace, pod: primary.name, missing }));
  }
  if (primary !== undefined && answering.some((node) => node.answer.epoch > primary.answer.epoch)) {
    problems.push(problem("dolt_epochs_apart", { epochs: roles }));
  }
  return primary === undefined || problems.length > 0 ? { problems } : { primary };
}

/** The one server that answers as primary; null when none or several do. Says nothing of those that do not answer. */
export function onlyPrimaryOf(view: DoltView): AnsweringNode | null {
  const [primary, ...others] = view.nodes.filter(isAnswering).filter((node) => node.answer.role === "primary");
  return others.length === 0 ? (primary ?? null) : null;
}

/** Whether it is primary at an epoch beyond this one, and stays: one that is being deleted is replaced by a pod without the label. */
export function isPrimaryAbove({ pod, answer }: DoltNode, epoch: number): boolean {
  const isStaying = pod !== null && !pod.terminating;
  return isStaying && answer?.role === "primary" && answer.epoch > epoch;
}

/** One for each thing that is wrong with TLS: all servers of a target mostly have the same. */
export function tlsProblems(view: DoltView): Problem[] {
  const troubled = Map.groupBy(view.nodes, (node) => node.silence?.tls);
  return [...troubled].flatMap(([trouble, nodes]) => {
    const [first] = nodes;
    if (trouble === undefined || first === undefined) return [];
    const pods = nodes.map((node) => node.name);
    return [problem("dolt_tls", { pods, first: first.name, why: first.silence?.text ?? "", trouble })];
  });
}

export function isAnswering(node: DoltNode): node is AnsweringNode {
  return node.answer !== null;
}

/** The highest epoch that any node has; a new one is this and one more. */
export function highestEpoch(view: DoltView): number {
  return Math.max(0, ...view.nodes.filter(isAnswering).map((node) => node.answer.epoch));
}

/**
 * Why a primary without any database is not believed; null when it is: when it holds one, or every server was heard and none
 * of them holds any (what a standby holds beside it is an objection of its own, `dolt_primary_lacks`).
 */
export function emptinessObjection(view: DoltView, primary: AnsweringNode): Problem | null {
  if (primary.answer.databases.length > 0) return null;
  const others = view.nodes.filter((node) => !isAnswering(node)).map((node) => node.name);
  return others.length === 0 ? null : problem("dolt_no_databases", { pod: primary.name, others });
}

/** What every node says or why it says nothing, one line each. */
export function describeNodes(view: DoltView): string[] {
  return view.nodes.map((node) => {
    const label = node.pod?.labels[roleLabel] ?? "none";
    if (node.answer === null)
      return `${node.name}: does not answer (${node.silence?.text ?? "no reason known"}), label ${label}`;
    const { role, epoch, version } = node.answer;
    return `${node.name}: ${role} at epoch ${epoch}, label ${label}, ${node.pod?.ready ? "Ready" : "not Ready"}, Dolt ${version}`;
  });
}

/**
 * Whether the StatefulSet's controller may still delete pods by itself: a roll-out that has not ended. The controller
 * compares its partition with a pod's place among the replicas, not with the number in its name, which `spec.ordinals.start`
 * moves (kubernetes, stateful_set_control.go: `for target := len(replicas) - 1; target >= updateMin`).
 */
export function rolloutRuns(view: DoltView): boolean {
  const { rollsFromOrdinal, updateRevision, isObserved, pods } = view.workload;
  if (rollsFromOrdinal === null || rollsFromOrdinal >= pods.length) return false;
  // A change that the controller has not seen yet shows in no revision.
  if (!isObserved) return true;
  return pods.some(({ pod }, place) => place >= rollsFromOrdinal && pod !== null && pod.revision !== updateRevision);
}

function silences(view: DoltView): string[] {
  return view.nodes.flatMap((node) => (node.silence === null ? [] : `${node.name}: ${node.silence.text}`));
}
