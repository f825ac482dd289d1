import { fail, HandoverError } from "../domain/errors.ts";
import { type AnnouncedTarget, type Engine, findTargets } from "../domain/target.ts";
import type { World } from "./world.ts";

/**
 * The target that was typed: `NAMESPACE/STATEFULSET`, `NAMESPACE/NAME`, `CLUSTER/NAMESPACE/NAME` or `NAME` alone, matched whole.
 * Throws HandoverError `target_unknown` or `target_ambiguous`.
 */
export async function findTarget(
  text: string,
  engine: Engine,
  world: Pick<World, "homeNamespace" | "workloads">,
  namespace: string | null,
  signal: AbortSignal,
): Promise<AnnouncedTarget> {
  const announced = await announcedTargets(text, world, namespace, signal);
  const byName = findTargets(announced, engine, text);
  const found = byName.length > 0 ? byName : announced.filter((target) => isWorkload(target, engine, text));
  const [only, ...others] = found;
  const known = announced.filter((target) => target.engine === engine).map(textOf);
  if (only === undefined) throw fail("target_unknown", { given: text, known });
  if (others.length > 0) throw fail("target_ambiguous", { given: text, candidates: found.map(textOf) });
  return only;
}

async function announcedTargets(
  text: string,
  world: Pick<World, "homeNamespace" | "workloads">,
  given: string | null,
  signal: AbortSignal,
): Promise<AnnouncedTarget[]> {
  const namespace = text.split("/").at(-2) ?? given;
  if (namespace) return world.workloads([namespace]).targets(signal);
  try {
    return await world.workloads("all").targets(signal);
  } catch (error) {
    const refused = error instanceof HandoverError && error.problem.code === "kubernetes_refused";
    if (!refused) throw error;
    return world.workloads([world.homeNamespace]).targets(signal);
  }
}

function isWorkload(target: AnnouncedTarget, engine: Engine, text: string): boolean {
  return target.engine === engine && [target.workload, `${target.namespace}/${target.workload}`].includes(text);
}

const textOf = (target: AnnouncedTarget) => `${target.namespace}/${target.name}`;
