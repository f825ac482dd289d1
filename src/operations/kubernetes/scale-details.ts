import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";

/** What a scaling needs of its own plan to carry it out. */
export const scaleDetailsSchema = z.object({
  uid: z.string().min(1),
  from: z.number().int(),
  to: z.number().int(),
  /** UIDs of pods that were not ready when the plan was made: their trouble is not this scaling's. */
  unready: z.array(z.string()),
  waitMs: z.number().int(),
});
export type ScaleDetails = z.infer<typeof scaleDetailsSchema>;

export const scaleStepIds = { check: "check", scale: "scale", settle: "settle" } as const;

/** The steps as people read them; `ScaleRun` carries out the same ones, by the same ids. */
export function scaleSteps({ from, to }: ScaleDetails): PlanStep[] {
  const added = to - from;
  const end =
    added > 0
      ? `See ${added === 1 ? "the new pod" : `all ${added} new pods`} ready`
      : `See ${added === -1 ? "one pod" : `${-added} pods`} end`;
  return [
    { id: scaleStepIds.check, title: "Look again at the pods and at who else changes them" },
    { id: scaleStepIds.scale, title: `Set the number of pods from ${from} to ${to}` },
    { id: scaleStepIds.settle, title: end },
  ];
}
