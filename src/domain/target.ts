import { z } from "zod";
import { freezeWordsSchema } from "./freeze-words.ts";

/** The engines that a workload can be annotated with (`handover.dev/engine`). */
export const engineSchema = z.enum(["dolt", "cratedb", "kubernetes"]);
export type Engine = z.infer<typeof engineSchema>;

/** What people type in Slack for it: `/dolt`, `/crate`; workloads that are no database of Handover's belong to `/handover` itself. */
export const slashCommands: Readonly<Record<Engine, string>> = {
  dolt: "/dolt",
  cratedb: "/crate",
  kubernetes: "/handover",
};

/** How a line for it begins in a terminal. */
export const terminalCommands: Readonly<Record<Engine, string>> = {
  dolt: "npx handover dolt",
  cratedb: "npx handover crate",
  kubernetes: "npx handover",
};

/** Annotations of a workload that make it a target. Without the first, Handover does not touch it. */
export const engineAnnotation = "handover.dev/engine";
/** The target's name for people; without it, the workload's. */
export const nameAnnotation = "handover.dev/name";

/** The kinds of workload that can be annotated. */
export const workloadKindSchema = z.enum(["StatefulSet", "Deployment", "DaemonSet"]);
export type WorkloadKind = z.infer<typeof workloadKindSchema>;
/**
 * What stands behind a target: one workload, or all StatefulSets of a CrateDB cluster (`handover.dev/engine=cratedb` and the
 * same `handover.dev/name` in one namespace), of which none need have the target's name.
 */
export const targetKindSchema = z.enum([...workloadKindSchema.options, "CrateDBCluster"]);
export type TargetKind = z.infer<typeof targetKindSchema>;

/** What is said of no kind is a StatefulSet: records and leases were written before there were others. */
export function kindOf(target: { readonly kind?: TargetKind | undefined }): TargetKind {
  return target.kind ?? "StatefulSet";
}

/** What kind the objects behind a target are of: a CrateDB cluster consists of StatefulSets. */
export function objectKindOf(target: { readonly kind?: TargetKind | undefined }): WorkloadKind {
  const kind = kindOf(target);
  return kind === "CrateDBCluster" ? "StatefulSet" : kind;
}

/** The kinds of workload that an engine's targets are made of. */
export const workloadKinds: Readonly<Record<Engine, readonly WorkloadKind[]>> = {
  dolt: ["StatefulSet"],
  cratedb: ["StatefulSet"],
  kubernetes: workloadKindSchema.options,
};

/** What identifies a target for people and records: cluster, namespace and its name (`handover.dev/name`). */
export const targetKeySchema = z.object({
  cluster: z.string().min(1),
  namespace: z.string().min(1),
  name: z.string().min(1),
});
export type TargetKey = z.infer<typeof targetKeySchema>;

/** A target as a worker announces it to the edge: enough to find it, judge policy and link its runbooks. */
export const announcedTargetSchema = targetKeySchema.extend({
  engine: engineSchema,
  /** Name of the workload behind it; of a CrateDB cluster, the target's own name. */
  workload: z.string().min(1),
  /** Missing: a StatefulSet; see `kindOf`. */
  kind: targetKindSchema.optional(),
  /** The workload's labels; of a CrateDB cluster, those that all its StatefulSets have in common. Missing: it has none. */
  labels: z.record(z.string(), z.string()).optional(),
  /** Runbook address by operation name, `default` for those without one of their own. */
  runbooks: z.record(z.string(), z.string()),
  /** Dashboard address by operation name, and `default`, in the same way. */
  dashboards: z.record(z.string(), z.string()).optional(),
  /** What freezes it by an annotation that somebody set by hand. For people only: the worker reads the annotation itself. */
  freeze: freezeWordsSchema.optional(),
});
export type AnnouncedTarget = z.infer<typeof announcedTargetSchema>;

/** “Deployment shop/web”, as `kubectl` names it; a CrateDB cluster by the name that its StatefulSets share. */
export function workloadText(target: {
  readonly namespace: string;
  readonly workload: string;
  readonly kind?: TargetKind | undefined;
}): string {
  const kind = kindOf(target);
  return `${kind === "CrateDBCluster" ? "CrateDB cluster" : kind} ${target.namespace}/${target.workload}`;
}

export function targetText(target: TargetKey): string {
  return `${target.cluster}/${target.namespace}/${target.name}`;
}

/** The runbook for an operation on this target: its own, else the target's default, else null. */
export function runbookFor(target: AnnouncedTarget, operation: string): string | null {
  return addressFor(target.runbooks, operation);
}

/** The dashboard for an operation on this target, in the same way. */
export function dashboardFor(target: Pick<AnnouncedTarget, "dashboards">, operation: string): string | null {
  return addressFor(target.dashboards ?? {}, operation);
}

function addressFor(addresses: Readonly<Record<string, string>>, operation: string): string | null {
  const verb = operation.slice(operation.indexOf(".") + 1);
  return addresses[operation] ?? addresses[verb] ?? addresses.default ?? null;
}

/**
 * Finds the target a person named: `orders`, `namespace/orders` or `cluster/namespace/orders`, matched whole.
 * Several matches mean that the short name is ambiguous; none, that it is unknown.
 */
export function findTargets(announced: readonly AnnouncedTarget[], engine: Engine, text: string): AnnouncedTarget[] {
  return announced.filter((target) => {
    const names = [target.name, `${target.namespace}/${target.name}`, targetText(target)];
    return target.engine === engine && names.includes(text);
  });
}
