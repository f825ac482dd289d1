import type { WorkerSettings } from "../../config/environment.ts";
import { typedConnection } from "../connection.ts";
import { connectWorld } from "../world.ts";
import { type Finding, good, lookedAt } from "./finding.ts";
import { rightsFindings } from "./rights-checks.ts";
import { linkFindings, targetFindings } from "./target-checks.ts";

/** The cluster as the worker sees it: who it is there, what it may, its targets and the pages that people are sent to. */
export async function kubernetesFindings(
  { namespaces, configuration }: WorkerSettings,
  kubeconfig: string | null,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const world = connectWorld({ kubeconfig, context: null, connection: typedConnection({}) });
  try {
    const username = await world.identity.username(signal);
    const identity = good("Kubernetes: identity", `this is ${username}`);
    const targets = await world.workloads(namespaces).targets(signal);
    const parts = await Promise.all([
      lookedAt("Kubernetes: rights", () => rightsFindings(world.identity, targets, configuration, signal)),
      lookedAt("targets", () => targetFindings(world, targets, signal)),
      lookedAt("runbooks", () => linkFindings(targets, signal)),
    ]);
    return [identity, ...parts.flat()];
  } finally {
    await world.close();
  }
}
