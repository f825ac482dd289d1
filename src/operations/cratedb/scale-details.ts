import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";
import type { SetChange } from "./scale-change.ts";

const totalsSchema = z.object({ masters: z.number().int(), data: z.number().int() });

/** One StatefulSet that gets another number of pods; each is good by itself once it is done. */
const phaseSchema = z.object({
  kind: z.enum(["up", "down"]),
  role: z.enum(["master", "data"]),
  set: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  group: z.string(),
  from: z.number().int().min(0),
  to: z.number().int().min(0),
  /** Nodes that come or go. */
  nodes: z.array(z.string()),
  /** Those of them that nobody else excluded before: the names that are taken out again. */
  own: z.array(z.string()),
  /** Whether they may be elected, so that they leave one at a time. */
  oneAtATime: z.boolean(),
  /** How many nodes there are to be in the whole cluster once this is done. */
  totals: totalsSchema,
});
export type ScalePhase = z.infer<typeof phaseSchema>;

/** What a plan of cratedb.scale holds for its execution. */
export const crateScaleDetailsSchema = z.object({
  phases: z.array(phaseSchema).min(1),
  totalsBefore: totalsSchema,
  /** Settings that preStop hooks leave behind, as they were before; null: the cluster did not say. */
  settingsBefore: z.object({
    "cluster.routing.allocation.enable": z.string().nullable(),
    "cluster.graceful_stop.min_availability": z.string().nullable(),
    "cluster.graceful_stop.timeout": z.string().nullable(),
    "cluster.graceful_stop.force": z.string().nullable(),
  }),
  decommission: z.boolean(),
  backupWaitMs: z.number().int(),
  joinMs: z.number().int(),
  drainMs: z.number().int(),
  /** How the command goes on, as it was typed. */
  nodes: z.string(),
});
export type CrateScaleDetails = z.infer<typeof crateScaleDetailsSchema>;

export function phaseOf(change: SetChange, excludedBefore: readonly string[], decommission: boolean): ScalePhase {
  const { set, from, to, nodes, totals, isMasterEligible } = change;
  const { namespace, name, uid, role, group } = set;
  return {
    kind: to > from ? "up" : "down",
    role,
    set: { namespace, name, uid },
    group,
    from,
    to,
    nodes: [...nodes],
    own: nodes.filter((node) => !excludedBefore.includes(node)),
    oneAtATime: isMasterEligible || decommission,
    totals,
  };
}

export type ScaleStepKind = "join" | "drain" | "leave";

/** Which steps a phase takes. Dedicated masters hold no shards. */
export function stepsOfPhase({ kind, role }: ScalePhase): readonly ScaleStepKind[] {
  if (kind === "up") return ["join"];
  return role === "master" ? ["leave"] : ["drain", "leave"];
}

export function scaleStepId(kind: ScaleStepKind, { group }: ScalePhase): string {
  return `${kind}-${group}`;
}

export function crateScaleSteps(details: CrateScaleDetails): PlanStep[] {
  return [
    { id: "backups", title: "Pause backups, and wait until none runs" },
    ...details.phases.flatMap((phase) =>
      stepsOfPhase(phase).map((kind) => ({
        id: scaleStepId(kind, phase),
        title: titleOf(kind, phase, details.decommission),
      })),
    ),
    { id: "finish", title: "See that every node is there and every table GREEN; give backups back" },
  ];
}

function titleOf(
  kind: ScaleStepKind,
  { group, from, to, nodes, oneAtATime }: ScalePhase,
  decommission: boolean,
): string {
  const names = nodes.join(", ");
  switch (kind) {
    case "join":
      return `Scale ${group} up from ${from} to ${to}, and wait for ${names}`;
    case "drain":
      return `Move all shards off ${names}`;
    case "leave": {
      const how = oneAtATime && nodes.length > 1 ? ", one node at a time" : "";
      const ask = decommission ? "Decommission, then scale" : "Scale";
      return `${ask} ${group} down from ${from} to ${to}${how}, and wait until ${nodes.length === 1 ? "it is" : "they are"} gone`;
    }
  }
}
