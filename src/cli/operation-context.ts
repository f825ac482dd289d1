import type { AnnouncedTarget } from "../domain/target.ts";
import type { OperationContext } from "../operations/operation.ts";
import { targetReference } from "../ports/workloads.ts";
import type { World } from "./world.ts";

/** What an operation on this target may use, from a terminal. */
export function contextFor(world: World, target: AnnouncedTarget, signal: AbortSignal): OperationContext {
  return {
    target: targetReference(target),
    targetName: target.name,
    workloads: world.workloads([target.namespace]),
    dolt: world.dolt,
    crate: world.crate,
    crateClusters: world.crateClusters,
    clock: world.clock,
    signal,
    surface: "terminal",
  };
}
