import { highestEpoch, isAnswering, onlyPrimaryOf } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import { type Contradiction, contradictionsOf } from "./contradictions.ts";
import type { DoltView } from "./look.ts";
import type { RelabelDetails } from "./relabel-details.ts";
import { isRoutedOnlyTo, roleLabel, routedPods } from "./role-labels.ts";

export type RelabelDecision =
  | { readonly kind: "labels"; readonly details: RelabelDetails }
  | { readonly kind: "undecided"; readonly contradictions: readonly Contradiction[] };

/**
 * Which labels the servers' own word asks for. It has to be one word: one primary, at the highest epoch, and nothing that
 * forbids a planned operation. A silent server alone does not forbid it, or a lost node would keep a target without a routed
 * primary; but then
 * - the silent one must not carry the primary's label: taking it from a server that may be the primary of others, and only
 *   silent to us, is an accepted promotion and nothing less, and
 * - where the primary's label is to move, a standby at the primary's own epoch has to confirm that primary: it follows no
 *   older one.
 */
export function decideLabels(view: DoltView): RelabelDecision {
  const found = contradictionsOf(view);
  const primary = onlyPrimaryOf(view);
  const serious = found.filter(({ code, forbids }) => forbids !== "nothing" && code !== "silent");
  if (primary === null || serious.length > 0 || primary.answer.epoch < highestEpoch(view)) {
    return { kind: "undecided", contradictions: found.filter(({ forbids }) => forbids !== "nothing") };
  }
  const details = labelsFor(view, primary);
  const doubts = found.filter(({ code, pods }) => code === "silent" && !mayBeSilent(view, primary, details, pods));
  return doubts.length === 0 ? { kind: "labels", details } : { kind: "undecided", contradictions: doubts };
}

function mayBeSilent(
  view: DoltView,
  primary: AnsweringNode,
  details: RelabelDetails,
  pods: readonly string[],
): boolean {
  const routed = routedPods(view.workload);
  if (pods.some((name) => routed.includes(name))) return false;
  return !details.route.needed || isConfirmed(view, primary);
}

function isConfirmed(view: DoltView, primary: AnsweringNode): boolean {
  return view.nodes.some(({ answer }) => answer?.role === "standby" && answer.epoch === primary.answer.epoch);
}

function labelsFor(view: DoltView, primary: AnsweringNode): RelabelDetails {
  const routed = routedPods(view.workload);
  const standbys = view.nodes.filter(isAnswering).filter(({ name, pod, answer }) => {
    const label = pod?.labels[roleLabel];
    return name !== primary.name && answer.role === "standby" && label !== "standby" && label !== "primary";
  });
  return {
    primary: { name: primary.name, uid: primary.pod?.uid ?? "" },
    epoch: primary.answer.epoch,
    route: {
      needed: !isRoutedOnlyTo(primary.name, view.workload),
      from: routed.filter((name) => name !== primary.name),
    },
    standbys: standbys.map(({ name, pod }) => ({ name, uid: pod?.uid ?? "" })),
    silent: view.nodes.filter(({ silence }) => silence?.kind === "silent").map(({ name }) => name),
  };
}
