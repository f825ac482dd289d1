import type { Engine } from "../domain/target.ts";
import { restartDefinition as crateRestartDefinition } from "./cratedb/restart-definition.ts";
import { resumeDefinition } from "./cratedb/resume-definition.ts";
import { crateScaleDefinition } from "./cratedb/scale-definition.ts";
import { crateStatusDefinition } from "./cratedb/status-definition.ts";
import { suspendDefinition } from "./cratedb/suspend-definition.ts";
import { failoverDefinition } from "./dolt/failover-definition.ts";
import { promoteDefinition } from "./dolt/promote-definition.ts";
import { relabelDefinition } from "./dolt/relabel-definition.ts";
import { repairDefinition } from "./dolt/repair-definition.ts";
import { restartDefinition } from "./dolt/restart-definition.ts";
import { scaleDefinition } from "./dolt/scale-definition.ts";
import { statusDefinition } from "./dolt/status-definition.ts";
import { restartDefinition as restartWorkloadDefinition } from "./kubernetes/restart-definition.ts";
import { scaleDefinition as scaleWorkloadDefinition } from "./kubernetes/scale-definition.ts";
import { statusDefinition as workloadStatusDefinition } from "./kubernetes/status-definition.ts";

/**
 * What can be asked for, in words and flags. It holds no client of any server, so that the edge can parse a command and
 * explain a mistake without them; what is behind each name stands in `registry.ts`.
 */
export const catalogue: readonly OperationDefinition[] = [
  failoverDefinition,
  promoteDefinition,
  relabelDefinition,
  repairDefinition,
  restartDefinition,
  scaleDefinition,
  statusDefinition,
  crateScaleDefinition,
  crateStatusDefinition,
  restartWorkloadDefinition,
  scaleWorkloadDefinition,
  workloadStatusDefinition,
  crateRestartDefinition,
  resumeDefinition,
  suspendDefinition,
];

export interface OperationDefinition {
  /** `engine.verb`, as the policy names it. */
  readonly name: string;
  readonly engine: Engine;
  /** The word people type after `/dolt`. */
  readonly verb: string;
  /** One line for the help. */
  readonly summary: string;
  /** False: it only reads, needs no approval and is answered at once. */
  readonly changesTarget: boolean;
  readonly flags: readonly FlagDefinition[];
}

export interface FlagDefinition {
  /** Without the dashes: `min-caught-up`. */
  readonly name: string;
  /** The key in the operation's parameters: `minCaughtUp`. */
  readonly parameter: string;
  /** Placeholder of its value for the usage line: `N|all`. Null for a switch, which takes none and sets its parameter to true. */
  readonly value: string | null;
  /** True: its value may also be typed as words behind the target, without the flag: `masters=3 hot=4`. They are joined by commas. */
  readonly words?: boolean;
  /** One line for the help. */
  readonly summary: string;
  /** What the value may be, for the error: “a number from 1, or all”. */
  readonly expected: string;
  /** The parameter's value, or null when the text is not one. */
  readonly parse: (text: string) => string | number | boolean | null;
}

export function definitionOf(engine: Engine, verb: string): OperationDefinition | null {
  return catalogue.find((definition) => definition.engine === engine && definition.verb === verb) ?? null;
}
