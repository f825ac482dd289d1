import type { Namespaces, UnannouncedWorkload } from "../adapters/kubernetes/workloads.ts";
import { fail, HandoverError } from "../domain/errors.ts";
import { severalTargets } from "../domain/several-targets.ts";
import { type AnnouncedTarget, type Engine, findTargets, workloadKinds } from "../domain/target.ts";
import type { World } from "./world.ts";

type Cluster = Pick<World, "homeNamespace" | "workloads" | "unannounced">;

/**
 * The target that was typed: `NAMESPACE/WORKLOAD`, `NAMESPACE/NAME`, `CLUSTER/NAMESPACE/NAME` or `NAME` alone, matched whole.
 * Throws HandoverError `target_unknown`, `target_not_opted_in`, `target_ambiguous` or `target_name_shared`.
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
    const stranger = await findStranger(text, engine, world, namespaces, signal);
    if (stranger !== null) {
      const { kind, namespace, workload: name, engine: given } = stranger;
      throw fail("target_not_opted_in", { kind, namespace, name, engine, given });
    }
    const known = announced.filter((target) => target.engine === engine).map(textOf);
    throw fail("target_unknown", { given: withNamespace(text, namespace), known, engine });
  }
  if (others.length > 0) throw new HandoverError(severalTargets(text, found, textOf));
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

/** The one workload of that name that lacks the annotations, of a kind that the engine is for if there is one; null where there is none, or several. */
async function findStranger(
  text: string,
  engine: Engine,
  world: Cluster,
  namespaces: Namespaces,
  signal: AbortSignal,
): Promise<UnannouncedWorkload | null> {
  const found = (await world.unannounced(namespaces, signal)).filter(({ namespace, workload }) =>
    [workload, `${namespace}/${workload}`].includes(text),
  );
  const fitting = found.filter(({ kind }) => workloadKinds[engine].includes(kind));
  const candidates = fitting.length > 0 ? fitting : found;
  const [only] = candidates;
  return candidates.length === 1 && only !== undefined ? only : null;
}

function isWorkload(target: AnnouncedTarget, engine: Engine, text: string): boolean {
  return target.engine === engine && [target.workload, `${target.namespace}/${target.workload}`].includes(text);
}

function withNamespace(text: string, namespace: string | null): string {
  return namespace === null || text.includes("/") ? text : `${namespace}/${text}`;
}

const textOf = (target: AnnouncedTarget) => `${target.namespace}/${target.name}`;
