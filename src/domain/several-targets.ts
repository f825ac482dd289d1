import { type Problem, problem } from "./errors.ts";
import { type AnnouncedTarget, objectKindOf, targetText } from "./target.ts";

/**
 * Why a name that several targets have is not acted on. Two of the same name in one namespace cannot be told apart by any name:
 * somebody has to give one of them another.
 * @param textOf how a target is written where people read it
 */
export function severalTargets(
  given: string,
  found: readonly AnnouncedTarget[],
  textOf: (target: AnnouncedTarget) => string,
): Problem {
  const [first] = found;
  const twins = found.filter((target) => first !== undefined && targetText(target) === targetText(first));
  if (twins.length < 2) return problem("target_ambiguous", { given, candidates: found.map(textOf).sort() });
  const workloads = twins.map((twin) => ({
    kind: objectKindOf(twin),
    namespace: twin.namespace,
    name: twin.workload,
  }));
  return problem("target_name_shared", { given, workloads });
}
