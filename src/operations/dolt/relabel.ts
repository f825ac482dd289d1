import { fail, problem } from "../../domain/errors.ts";
import type { PlanWarning } from "../../domain/plan.ts";
import { lineToType } from "../line-to-type.ts";
import type { Operation, OperationContext, PlanResult } from "../operation.ts";
import { describeNodes, isAnswering } from "./assess.ts";
import { type DoltView, lookAtDolt } from "./look.ts";
import { decideLabels } from "./relabel-decision.ts";
import { relabelDefinition, relabelParametersSchema } from "./relabel-definition.ts";
import { type RelabelDetails, relabelDetailsSchema, relabelSteps } from "./relabel-details.ts";
import { RelabelRun } from "./relabel-run.ts";
import { roleLabel } from "./role-labels.ts";

/** doltclusterctl's applyprimarylabels: labels by the servers' own word, and nothing where that is not one word. */
export const relabelOperation: Operation = {
  name: relabelDefinition.name,

  async plan(context, given) {
    relabelParametersSchema.parse(given);
    return planRelabel(context, await lookAtDolt(context));
  },

  begin(context, plan) {
    const details = relabelDetailsSchema.safeParse(plan.details);
    if (!details.success) throw fail("grant_invalid", { why: "the plan is not one of a relabelling" });
    return new RelabelRun(context, details.data);
  },
};

export function planRelabel(context: OperationContext, view: DoltView): PlanResult {
  const decision = decideLabels(view);
  if (decision.kind === "undecided") {
    const problems = decision.contradictions.map(({ text, mendedBy, advice }) => {
      const way = mendedBy === "by hand" ? "" : `${lineToType(context, "dolt", mendedBy)}: `;
      return problem("dolt_labels_undecided", { contradiction: text, advice: `${way}${advice}` });
    });
    return { kind: "refused", problems };
  }
  const { details } = decision;
  const steps = relabelSteps(details);
  const changes = changesOf(details, view);
  if (changes.length === 0) {
    const now = ["Every label says what its server says; there is nothing to change.", ...describeNodes(view)];
    return { kind: "plan", draft: { facts: [], now, steps: [], cost: "", bounds: [], warnings: [], details } };
  }
  return {
    kind: "plan",
    draft: {
      facts: [
        { name: "target", value: `${view.workload.namespace}/${view.workload.name} ${view.workload.uid}` },
        { name: "primary", value: `${details.primary.name} ${details.primary.uid}` },
        { name: "epoch", value: String(details.epoch) },
        { name: "labels", value: changes.join(", ") },
        {
          name: "answering",
          value: view.nodes
            .filter(isAnswering)
            .map(({ name }) => name)
            .join(", "),
        },
      ],
      now: [...describeNodes(view), ...changes.map((change) => `Label of ${change}`)],
      steps,
      cost: costOf(details),
      bounds: [],
      warnings: details.silent.map((name) => warningOf(name, details)),
      details,
    },
  };
}

/** `orders-1: primary → standby`, one for each label that changes. */
function changesOf({ primary, route, standbys }: RelabelDetails, view: DoltView): string[] {
  const wanted = new Map([
    ...(route.needed ? [[primary.name, "primary"] as const] : []),
    ...route.from.map((name) => [name, "standby"] as const),
    ...standbys.map(({ name }) => [name, "standby"] as const),
  ]);
  return view.nodes.flatMap(({ name, pod }) => {
    const label = wanted.get(name);
    const before = pod?.labels[roleLabel];
    return label === undefined || label === before ? [] : [`${name}: ${before ?? "none"} → ${label}`];
  });
}

function costOf({ primary, route }: RelabelDetails): string {
  if (!route.needed) return "Writes are not touched: the primary's label is where it belongs.";
  return `New connections for writing reach ${primary.name} as soon as it is labelled. No server is restarted, and open connections stay as they are.`;
}

function warningOf(name: string, { primary }: RelabelDetails): PlanWarning {
  const text = `${name} does not answer, and keeps the label it has. If it were a newer primary, what is written to ${primary.name} from now on would be lost when the two meet.`;
  return { code: `silent:${name}`, text };
}
