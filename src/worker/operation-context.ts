import type { AnnouncedTarget } from "../domain/target.ts";
import type { OperationContext } from "../operations/operation.ts";
import { targetReference } from "../ports/workloads.ts";
import type { WorkerServices } from "./services.ts";

export function contextFor(services: WorkerServices, target: AnnouncedTarget, signal: AbortSignal): OperationContext {
  const { workloads, dolt, crate, crateClusters, clock } = services;
  return {
    target: targetReference(target),
    targetName: target.name,
    workloads,
    dolt,
    crate,
    crateClusters,
    clock,
    signal,
    surface: "slack",
  };
}
