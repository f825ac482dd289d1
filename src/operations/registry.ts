import { restartOperation as crateRestartOperation } from "./cratedb/restart.ts";
import { resumeOperation } from "./cratedb/resume.ts";
import { crateScaleOperation } from "./cratedb/scale.ts";
import { crateStatusOperation } from "./cratedb/status.ts";
import { suspendOperation } from "./cratedb/suspend.ts";
import { failoverOperation } from "./dolt/failover.ts";
import { promoteOperation } from "./dolt/promote.ts";
import { relabelOperation } from "./dolt/relabel.ts";
import { repairOperation } from "./dolt/repair.ts";
import { restartOperation } from "./dolt/restart.ts";
import { scaleOperation } from "./dolt/scale.ts";
import { statusOperation } from "./dolt/status.ts";
import { restartOperation as restartWorkloadOperation } from "./kubernetes/restart.ts";
import { scaleOperation as scaleWorkloadOperation } from "./kubernetes/scale.ts";
import { statusOperation as workloadStatusOperation } from "./kubernetes/status.ts";
import type { Operation } from "./operation.ts";

/** Everything that can be done. What it looks like to people stands in `catalogue.ts`; a test holds that both name the same. */
export const operations: readonly Operation[] = [
  failoverOperation,
  promoteOperation,
  relabelOperation,
  repairOperation,
  restartOperation,
  scaleOperation,
  statusOperation,
  crateScaleOperation,
  crateStatusOperation,
  restartWorkloadOperation,
  scaleWorkloadOperation,
  workloadStatusOperation,
  crateRestartOperation,
  resumeOperation,
  suspendOperation,
];

export function operationNamed(name: string): Operation | null {
  return operations.find((operation) => operation.name === name) ?? null;
}
