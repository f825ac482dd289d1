import { freezeByHand } from "../../domain/freeze-words.ts";
import { commonLabels } from "../../domain/policy/labels.ts";
import {
  type AnnouncedTarget,
  announcedTargetSchema,
  engineAnnotation,
  nameAnnotation,
  type WorkloadKind,
  workloadKinds,
} from "../../domain/target.ts";
import { dashboardAnnotation, runbookAnnotation } from "./annotations.ts";

/** What counts of a workload here, from a list or from a watch. */
export interface AnnouncingObject {
  readonly metadata?: {
    readonly name?: string | undefined;
    readonly namespace?: string | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
  };
}

/**
 * The target that a workload announces by its annotations; null when it announces none, one of an engine that is not known
 * here, or one that this kind of workload cannot be. For a StatefulSet of CrateDB it is the whole cluster that it belongs to.
 */
export function announcedTarget(
  cluster: string,
  kind: WorkloadKind,
  { metadata }: AnnouncingObject,
): AnnouncedTarget | null {
  const annotations = metadata?.annotations ?? {};
  const name = annotations[nameAnnotation] ?? metadata?.name;
  const byHand = freezeByHand(annotations);
  const parsed = announcedTargetSchema.safeParse({
    cluster,
    namespace: metadata?.namespace,
    name,
    engine: annotations[engineAnnotation],
    workload: metadata?.name,
    runbooks: addressesOf(runbookAnnotation, annotations),
    ...dashboardsOf(annotations),
    ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
    ...(byHand === null ? {} : { freeze: byHand }),
  });
  if (!parsed.success || !workloadKinds[parsed.data.engine].includes(kind)) return null;
  const target = parsed.data;
  if (target.engine === "cratedb") return { ...target, workload: target.name, kind: "CrateDBCluster" };
  return kind === "StatefulSet" ? target : { ...target, kind };
}

/**
 * Targets as people see them: the StatefulSets of one CrateDB cluster are one. Of several that say the same of it
 * differently (a runbook), the first by name is heard.
 */
export function groupedTargets(announced: readonly AnnouncedTarget[]): AnnouncedTarget[] {
  const clusters = new Map<string, AnnouncedTarget>();
  const others: AnnouncedTarget[] = [];
  for (const target of announced) {
    if (target.kind !== "CrateDBCluster") {
      others.push(target);
      continue;
    }
    const key = `${target.namespace}/${target.workload}`;
    const known = clusters.get(key);
    clusters.set(
      key,
      known === undefined
        ? target
        : {
            ...target,
            runbooks: { ...target.runbooks, ...known.runbooks },
            ...labelsInCommon(known, target),
          },
    );
  }
  return [...others, ...clusters.values()];
}

function labelsInCommon(one: AnnouncedTarget, other: AnnouncedTarget): Pick<AnnouncedTarget, "labels"> {
  if (one.labels === undefined && other.labels === undefined) return {};
  return { labels: { ...commonLabels([one.labels ?? {}, other.labels ?? {}]) } };
}

/** Whether an object is one of those behind this CrateDB cluster. */
export function isOfCrateCluster({ metadata }: AnnouncingObject, name: string): boolean {
  const annotations = metadata?.annotations ?? {};
  return annotations[engineAnnotation] === "cratedb" && (annotations[nameAnnotation] ?? metadata?.name) === name;
}

function dashboardsOf(annotations: Readonly<Record<string, string>>): { dashboards?: Record<string, string> } {
  const dashboards = addressesOf(dashboardAnnotation, annotations);
  return Object.keys(dashboards).length === 0 ? {} : { dashboards };
}

/** Addresses by operation name: `ANNOTATION.OPERATION`; `default` by the bare annotation. */
function addressesOf(annotation: string, annotations: Readonly<Record<string, string>>): Record<string, string> {
  const own = `${annotation}.`;
  const found = Object.entries(annotations).flatMap(([key, value]) => {
    if (key === annotation) return [["default", value]];
    return key.startsWith(own) && key.length > own.length ? [[key.slice(own.length), value]] : [];
  });
  return Object.fromEntries(found);
}
