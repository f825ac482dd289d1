import { nearestWord } from "../nearest-word.ts";

/** For a slip of the fingers; names of targets are compared whole and without their namespace. */
export function didYouMean(given: string, known: readonly string[]): string {
  const names = known.flatMap((name) => [name, name.slice(name.lastIndexOf("/") + 1)]);
  const nearest = nearestWord(given, names);
  return nearest === null ? "" : `Did you mean ${nearest}? `;
}

/** Scope is opt-in: what somebody types once for each workload. */
export function optInLine(namespace: string, workload: string, engine: string, overwrite = false): string {
  return `kubectl annotate statefulset ${workload} -n ${namespace} handover.dev/engine=${engine}${overwrite ? " --overwrite" : ""}`;
}

/** For a name that nobody announces: the same, as far as the name tells. */
export function optInAdvice(given: string): string {
  const [workload = "NAME", namespace = "NAMESPACE"] = given.split("/").reverse();
  const isName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(workload);
  return `A StatefulSet becomes a target by an annotation, in a namespace that the worker watches: ${optInLine(namespace, isName ? workload : "NAME", "dolt")}`;
}
