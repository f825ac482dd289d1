import { z } from "zod";
import type { PlanStep } from "../../domain/plan.ts";

const savedSchema = z.object({
  pod: z.string(),
  database: z.string(),
  url: z.string(),
  /** Under which name it is restored on the chosen primary; null: it is not. */
  restoreAs: z.string().nullable(),
});
export type SavedDatabase = z.infer<typeof savedSchema>;

/** What a repair needs of its own plan to carry it out. */
export const repairDetailsSchema = z.object({
  chosen: z.object({
    name: z.string(),
    uid: z.string(),
    databases: z.array(z.string()),
    /** Its newest commits when people chose it: as long as it is what they chose, they are in its history. */
    heads: z.array(z.object({ database: z.string(), branch: z.string(), head: z.string() })),
  }),
  /** The highest epoch that any server had when the plan was made. The new one is decided at execution. */
  highestEpoch: z.number().int(),
  others: z.array(
    z.object({
      name: z.string(),
      /** Null: its server did not answer when the plan was made. */
      role: z.enum(["primary", "standby", "detected_broken_config"]).nullable(),
      /** A primary that takes writes: until it is overwritten, those are lost to the one chosen. */
      writable: z.boolean(),
    }),
  ),
  /** Pods that carried the primary's label. */
  routed: z.array(z.string()),
  /** Databases at stake, with or without a save: `pod/database`. More than these must not be lost. */
  atStake: z.array(z.string()),
  saves: z.array(savedSchema),
  /** Databases that only the others hold: they are dropped there at the end, or a later failover would bring them back. */
  drops: z.array(z.string()),
  /** Two primaries that cannot reach one another: when they meet, one is overwritten. */
  apart: z.boolean(),
  /** Name of the NetworkPolicy that the plan offered to keep them apart. */
  policy: z.string(),
});
export type RepairDetails = z.infer<typeof repairDetailsSchema>;

/** The steps as people read them; `RepairRun` carries out the same ones, by the same ids. */
export function repairSteps(details: RepairDetails): PlanStep[] {
  const { chosen, others, saves, drops, apart, policy } = details;
  const writable = others.filter((other) => other.writable).map(({ name }) => name);
  const answering = others.filter(({ role }) => role !== null).map(({ name }) => name);
  const restored = saves.flatMap(({ restoreAs }) => (restoreAs === null ? [] : [restoreAs]));
  return [
    { id: "check", title: "Look again at every node and at what each holds" },
    ...(saves.length === 0 ? [] : [{ id: "save", title: `Save ${saves.map(describeSave).join(", ")}` }]),
    ...(writable.length === 0
      ? []
      : [
          {
            id: "hold",
            title: `Route writes to ${chosen.name} only, and cut the connections to ${writable.join(", ")}`,
          },
        ]),
    { id: "promote", title: `Make ${chosen.name} primary at an epoch above all others` },
    { id: "route", title: `Route writes to ${chosen.name}` },
    ...(restored.length === 0 ? [] : [{ id: "restore", title: `Restore ${restored.join(", ")} on ${chosen.name}` }]),
    {
      id: "rejoin",
      title: [
        answering.length === 0
          ? `See that ${chosen.name} stays primary`
          : `See ${answering.join(", ")} follow ${chosen.name}`,
        ...(drops.length === 0 ? [] : [`drop ${drops.join(", ")} there`]),
        ...(apart ? [`they have to reach one another now: delete the NetworkPolicy ${policy} if you applied it`] : []),
      ].join("; "),
    },
  ];
}

function describeSave({ pod, database, url }: SavedDatabase): string {
  return `${database} of ${pod} to ${url}`;
}
