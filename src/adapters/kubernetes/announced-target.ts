import { type AnnouncedTarget, announcedTargetSchema, engineAnnotation, nameAnnotation } from "../../domain/target.ts";
import { runbookAnnotation } from "./annotations.ts";

/** What counts of a StatefulSet here, from a list or from a watch. */
export interface AnnouncingObject {
  readonly metadata?: {
    readonly name?: string | undefined;
    readonly namespace?: string | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  };
}

/** The target that a StatefulSet announces by its annotations; null when it announces none, or one of an engine that is not known here. */
export function announcedTarget(cluster: string, statefulSet: AnnouncingObject): AnnouncedTarget | null {
  const annotations = statefulSet.metadata?.annotations ?? {};
  const workload = statefulSet.metadata?.name;
  const target = announcedTargetSchema.safeParse({
    cluster,
    namespace: statefulSet.metadata?.namespace,
    name: annotations[nameAnnotation] ?? workload,
    engine: annotations[engineAnnotation],
    workload,
    runbooks: runbooks(annotations),
  });
  return target.success ? target.data : null;
}

function runbooks(annotations: Readonly<Record<string, string>>): Record<string, string> {
  const own = `${runbookAnnotation}.`;
  const found = Object.entries(annotations).flatMap(([key, value]) => {
    if (key === runbookAnnotation) return [["default", value]];
    return key.startsWith(own) && key.length > own.length ? [[key.slice(own.length), value]] : [];
  });
  return Object.fromEntries(found);
}
