import { nearestWord } from "../nearest-word.ts";
import type { Engine, WorkloadKind } from "../target.ts";

/** For a slip of the fingers; names of targets are compared whole and without their namespace. */
export function didYouMean(given: string, known: readonly string[]): string {
  const names = known.flatMap((name) => [name, name.slice(name.lastIndexOf("/") + 1)]);
  const nearest = nearestWord(given, names);
  return nearest === null ? "" : `Did you mean ${nearest}? `;
}

export interface WorkloadToAnnotate {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/** Scope is opt-in: what somebody types once for each workload. */
export function optInLine(workload: WorkloadToAnnotate, engine: string, overwrite = false): string {
  return annotateLine(workload, `handover.dev/engine=${engine}`, overwrite);
}

/** A line that gives a workload an annotation. */
export function annotateLine(workload: WorkloadToAnnotate, annotation: string, overwrite = false): string {
  const { kind, namespace, name } = workload;
  return `kubectl annotate ${kind.toLowerCase()} ${name} -n ${namespace} ${annotation}${overwrite ? " --overwrite" : ""}`;
}

/** For a name that nobody announces: the same, as far as the name tells. */
export function optInAdvice(given: string, engine: Engine): string {
  const [workload = "NAME", namespace = "NAMESPACE"] = given.split("/").reverse();
  const isName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(workload);
  const kind = engine === "kubernetes" ? "Deployment" : "StatefulSet";
  const kinds = engine === "kubernetes" ? "StatefulSet, Deployment or DaemonSet" : "StatefulSet";
  const line = optInLine({ kind, namespace, name: isName ? workload : "NAME" }, engine);
  return `A ${kinds} becomes a target by an annotation, in a namespace that the worker watches: ${line}`;
}
