import type { Namespaces } from "../adapters/kubernetes/workloads.ts";
import { fail, HandoverError } from "../domain/errors.ts";
import { type AnnouncedTarget, type Engine, findTargets } from "../domain/target.ts";
import type { World } from "./world.ts";

type Cluster = Pick<World, "homeNamespace" | "workloads" | "unannounced">;

/**
 * The target that was typed: `NAMESPACE/STATEFULSET`, `NAMESPACE/NAME`, `CLUSTER/NAMESPACE/NAME` or `NAME` alone, matched whole.
 * Throws HandoverError `target_unknown`, `target_not_opted_in` or `target_ambiguous`.
 */
export async function findTarget(
  text: string,
  engine: Engine,
  world: Cluster,
  namespace: string | null,
  signal: AbortSignal,
): Promise<AnnouncedTarget> {
  const { announced, namespaces } = await announcedTargets(text, world, namespace, signal);
  const byName = findTargets(announced, engine, text);
  const found = byName.length > 0 ? byName : announced.filter((target) => isWorkload(target, engine, text));
  const [only, ...others] = found;
  if (only === undefined) {
    const stranger = await findStranger(text, world, namespaces, signal);
    if (stranger !== null) throw fail("target_not_opted_in", { ...stranger, engine, given: stranger.engine });
    const known = announced.filter((target) => target.engine === engine).map(textOf);
    throw fail("target_unknown", { given: withNamespace(text, namespace), known });
  }
  if (others.length > 0) throw fail("target_ambiguous", { given: text, candidates: found.map(textOf) });
  return only;
}

async function announcedTargets(
  text: string,
  world: Cluster,
  given: string | null,
  signal: AbortSignal,
): Promise<{ announced: AnnouncedTarget[]; namespaces: Namespaces }> {
  const namespace = text.split("/").at(-2) ?? given;
  const targetsIn = async (namespaces: Namespaces) => ({
    announced: await world.workloads(namespaces).targets(signal),
    namespaces,
  });
  if (namespace) return await targetsIn([namespace]);
  try {
    return await targetsIn("all");
  } catch (error) {
    const refused = error instanceof HandoverError && error.problem.code === "kubernetes_refused";
    if (!refused) throw error;
    return await targetsIn([world.homeNamespace]);
  }
}

/** The one StatefulSet of that name that lacks the annotations; null where there is none, or several. */
async function findStranger(text: string, world: Cluster, namespaces: Namespaces, signal: AbortSignal) {
  const found = (await world.unannounced(namespaces, signal)).filter(({ namespace, workload }) =>
    [workload, `${namespace}/${workload}`].includes(text),
  );
  const [only] = found;
  return found.length === 1 && only !== undefined ? only : null;
}

function isWorkload(target: AnnouncedTarget, engine: Engine, text: string): boolean {
  return target.engine === engine && [target.workload, `${target.namespace}/${target.workload}`].includes(text);
}

function withNamespace(text: string, namespace: string | null): string {
  return namespace === null || text.includes("/") ? text : `${namespace}/${text}`;
}

const textOf = (target: AnnouncedTarget) => `${target.namespace}/${target.name}`;
