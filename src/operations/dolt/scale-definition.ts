import { z } from "zod";
import type { FlagDefinition, OperationDefinition } from "../catalogue.ts";
import { defaultMaxLagMs } from "./failover-definition.ts";
import { defaultWaitMs, restartDefinition } from "./restart-definition.ts";

/** More than that is a slip of the fingers: every server replicates to every other one. */
export const mostReplicas = 30;

/** `parameters` of dolt.scale. */
export const scaleParametersSchema = z.strictObject({
  /** How many servers there shall be, the primary among them. Missing: nobody said, which is refused with the number there is. */
  replicas: z.number().int().min(1).max(mostReplicas).optional(),
  maxLagMs: z.number().int().min(1).default(defaultMaxLagMs),
  /** How long one pod may take to come up, or to come back and replicate again; and the new ones to hold everything. */
  waitMs: z.number().int().min(1_000).default(defaultWaitMs),
});
export type ScaleParameters = z.infer<typeof scaleParametersSchema>;

export const scaleDefinition: OperationDefinition = {
  name: "dolt.scale",
  engine: "dolt",
  verb: "scale",
  summary: "add or remove standbys, configuration included, without losing a write",
  changesTarget: true,
  flags: [
    {
      name: "replicas",
      parameter: "replicas",
      value: "N",
      summary: "how many servers there shall be, the primary among them",
      expected: `a whole number from 2 to ${mostReplicas}`,
      parse: (text) => (/^[1-9]\d?$/.test(text) && Number(text) <= mostReplicas ? Number(text) : null),
    },
    ...restartDefinition.flags.filter(({ name }) => name === "max-lag" || name === "wait-for-ready").map(forAScaling),
  ],
};

/** The same values as those of a restart; a new standby has more to do than one that comes back. */
function forAScaling(flag: FlagDefinition): FlagDefinition {
  if (flag.name !== "wait-for-ready") return flag;
  const summary =
    "how long each restarted pod, and the new ones together, may take until they hold everything (default: 5m)";
  return { ...flag, summary };
}
