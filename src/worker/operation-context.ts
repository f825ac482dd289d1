import type { AnnouncedTarget } from "../domain/target.ts";
import type { OperationContext } from "../operations/operation.ts";
import type { TargetReference } from "../ports/workloads.ts";
import type { WorkerServices } from "./services.ts";

export function contextFor(services: WorkerServices, target: AnnouncedTarget, signal: AbortSignal): OperationContext {
  const reference: TargetReference = { namespace: target.namespace, workload: target.workload };
  const { workloads, dolt, clock } = services;
  return { target: reference, targetName: target.name, workloads, dolt, clock, signal, surface: "slack" };
}
