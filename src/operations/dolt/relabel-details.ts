import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";

const podSchema = z.object({ name: z.string(), uid: z.string() });

/** What a relabelling needs of its own plan to carry it out. */
export const relabelDetailsSchema = z.object({
  /** The one server that says it is primary, and its epoch when the plan was made. */
  primary: podSchema,
  epoch: z.number().int(),
  /** Whether the primary's own label is to move, and from which pods it is taken then. */
  route: z.object({ needed: z.boolean(), from: z.array(z.string()) }),
  /** Pods that get the standby's label and carry no primary's one now. */
  standbys: z.array(podSchema),
  /** Pods whose silence was accepted with the plan. */
  silent: z.array(z.string()),
});
export type RelabelDetails = z.infer<typeof relabelDetailsSchema>;

/** The steps as people read them; `RelabelRun` carries out the same ones, by the same ids. */
export function relabelSteps({ primary, route, standbys }: RelabelDetails): PlanStep[] {
  const steps: PlanStep[] = [{ id: "check", title: "Look again at every node" }];
  if (route.needed) {
    const taken = route.from.length === 0 ? "" : `, then take it from ${route.from.join(", ")}`;
    steps.push({ id: "route", title: `Give the primary's label to ${primary.name}${taken}` });
  }
  if (standbys.length > 0) {
    steps.push({ id: "standbys", title: `Label ${standbys.map(({ name }) => name).join(", ")} as standby` });
  }
  return steps;
}
