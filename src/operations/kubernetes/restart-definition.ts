import { z } from "zod";
import { parseDurationMs } from "../../domain/duration.ts";
import type { FlagDefinition, OperationDefinition } from "../catalogue.ts";

/** How long a roll-out may stand still before it counts as stuck. */
export const defaultWaitMs = 300_000;

/** `parameters` of kubernetes.restart. */
export const restartParametersSchema = z.strictObject({
  /** Goes back to the template that ran before the one that is there. */
  undo: z.boolean().default(false),
  waitMs: z.number().int().min(1_000).default(defaultWaitMs),
});

export const waitFlag: FlagDefinition = {
  name: "wait-for-ready",
  parameter: "waitMs",
  value: "DURATION",
  summary: "how long nothing may move before it counts as stuck (default: 5m)",
  expected: "a time from 10s to 1h, such as 120s",
  parse: (text) => {
    const ms = parseDurationMs(text);
    return ms !== null && ms >= 10_000 && ms <= 3_600_000 ? ms : null;
  },
};

export const restartDefinition: OperationDefinition = {
  name: "kubernetes.restart",
  engine: "kubernetes",
  verb: "restart",
  summary: "replace all pods of a StatefulSet, Deployment or DaemonSet, watched to the end",
  changesTarget: true,
  flags: [
    {
      name: "undo",
      parameter: "undo",
      value: null,
      summary: "go back to the version that ran before the last roll-out",
      expected: "no value",
      parse: () => true,
    },
    waitFlag,
  ],
};
