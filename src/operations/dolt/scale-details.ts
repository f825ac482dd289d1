import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";
import { failoverDetailsSchema, failoverSteps } from "./failover-details.ts";
import { restartDetailsSchema, restartSteps } from "./restart-details.ts";

/** What a scaling needs of its own plan to carry it out. The configuration itself is made anew from what is there. */
export const scaleDetailsSchema = z.object({
  from: z.number().int(),
  to: z.number().int(),
  /** Pods that are to be there and are new, or are not replicated to yet. */
  joining: z.array(z.string()),
  /** Pods that are to go; the primary may be one of them. */
  leaving: z.array(z.string()),
  /** Whether the configuration differs from what it has to be. */
  configures: z.boolean(),
  /** Of the configuration that was approved to be changed. */
  content: z.string(),
  /** Names of the Services that have to be made first. */
  services: z.array(z.string()),
  /** The failover from a primary that leaves to a server that stays; null: the primary stays. */
  handover: failoverDetailsSchema.nullable(),
  /** The restarts, and the failover before the primary's; null: every server has the right configuration already. */
  roll: restartDetailsSchema.nullable(),
  waitMs: z.number().int(),
  maxLagMs: z.number().int(),
});
export type ScaleDetails = z.infer<typeof scaleDetailsSchema>;

/** Before the ids of the failover from a primary that leaves. */
export const handoverPrefix = "handover-";

export const scaleStepIds = {
  check: "check",
  services: "services",
  configure: "configure",
  start: "start",
  remove: "remove",
  tidy: "tidy",
  join: "join",
  verify: "verify",
} as const;

/** The steps as people read them; `ScaleRun` carries out the same ones, by the same ids. */
export function scaleSteps(details: ScaleDetails): PlanStep[] {
  const { from, to, joining, leaving, configures, services, handover, roll } = details;
  const ids = scaleStepIds;
  return [
    { id: ids.check, title: "Look again at every node and at the configuration" },
    ...(handover === null
      ? []
      : failoverSteps(handover).map(({ id, title }) => ({ id: `${handoverPrefix}${id}`, title }))),
    ...(services.length === 0 ? [] : [{ id: ids.services, title: `Create ${counted(services, "Service", "s")}` }]),
    ...(configures ? [{ id: ids.configure, title: configureTitle(details) }] : []),
    ...(to > from
      ? [{ id: ids.start, title: `Start ${joining.join(", ")}, and see each come up as an empty standby` }]
      : []),
    // Of the restart the first look is the scaling's own.
    ...(roll === null ? [] : restartSteps(roll).slice(1)),
    ...(joining.length === 0
      ? []
      : [{ id: ids.join, title: `See ${joining.join(", ")} hold every database, users and branch control` }]),
    ...(to < from ? [{ id: ids.remove, title: `Stop ${leaving.join(", ")}; their volumes stay` }] : []),
    ...(leaving.length === 0 ? [] : [{ id: ids.tidy, title: `Take ${leaving.join(", ")} out of the configuration` }]),
    { id: ids.verify, title: `See all ${to} servers replicate as configured` },
  ];
}

function configureTitle({ joining, leaving }: ScaleDetails): string {
  if (leaving.length > 0) return `Take ${leaving.join(", ")} out of the configuration of those that stay`;
  return joining.length === 0 ? "Put the configuration right" : `Put ${joining.join(", ")} into the configuration`;
}

function counted(names: readonly string[], one: string, plural: string): string {
  return `the ${one}${names.length === 1 ? "" : plural} ${names.join(", ")}`;
}
