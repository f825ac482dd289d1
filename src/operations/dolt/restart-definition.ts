import { z } from "zod";
import { parseDurationMs } from "../../domain/duration.ts";
import type { FlagDefinition, OperationDefinition } from "../catalogue.ts";
import { beforeFlag, outdatedFlag } from "../new-enough.ts";
import { defaultMaxLagMs, failoverDefinition } from "./failover-definition.ts";

/**
 * How long one pod may take by default, from its eviction until it replicates again. A new address alone costs about 29 s
 * where standbys are reached through the headless name (dolt.md, “Seen on real servers”).
 */
export const defaultWaitMs = 300_000;

/** `parameters` of dolt.restart. */
export const restartParametersSchema = z.strictObject({
  /** Names of pods, with commas between them; without it, every pod. */
  only: z.string().min(1).optional(),
  /** Pods created at this time or later are new enough. Milliseconds since 1970. */
  beforeMs: z.number().int().min(0).optional(),
  /** Pods of the StatefulSet's update revision are new enough. */
  outdated: z.boolean().default(false),
  maxUnavailable: z.number().int().min(1).default(1),
  /** How many standbys have to be caught up beside those that restart, and for the failover; 0 stands for all. */
  minCaughtUp: z.number().int().min(0).default(0),
  maxLagMs: z.number().int().min(1).default(defaultMaxLagMs),
  waitMs: z.number().int().min(1_000).default(defaultWaitMs),
});
export type RestartParameters = z.infer<typeof restartParametersSchema>;

export const restartDefinition: OperationDefinition = {
  name: "dolt.restart",
  engine: "dolt",
  verb: "restart",
  summary: "restart the pods one after another, the primary last and after a failover, without losing a write",
  changesTarget: true,
  flags: [
    {
      name: "only",
      parameter: "only",
      value: "POD,…",
      summary: "these pods and no others, with commas between them (default: all)",
      expected: "names of pods with commas between them, such as orders-1,orders-2",
      parse: (text) => (/^[a-z0-9][-a-z0-9.]*(,[a-z0-9][-a-z0-9.]*)*$/.test(text) ? text : null),
    },
    beforeFlag,
    outdatedFlag,
    {
      name: "max-unavailable",
      parameter: "maxUnavailable",
      value: "N",
      summary: "how many standbys restart side by side, where enough others stay caught up (default: 1)",
      expected: "a whole number from 1",
      parse: (text) => (/^[1-9]\d{0,2}$/.test(text) ? Number(text) : null),
    },
    ...failoverDefinition.flags.filter(({ name }) => name === "min-caught-up" || name === "max-lag").map(forARestart),
    {
      name: "wait-for-ready",
      parameter: "waitMs",
      value: "DURATION",
      summary: "how long a pod may take from its eviction until it replicates again (default: 5m)",
      expected: "a time from 10s to 1h, such as 120s",
      parse: (text) => {
        const ms = parseDurationMs(text);
        return ms !== null && ms >= 10_000 && ms <= 3_600_000 ? ms : null;
      },
    },
  ],
};

/** The same values as those of a failover, for more than that. */
function forARestart(flag: FlagDefinition): FlagDefinition {
  if (flag.name === "max-lag") {
    return { ...flag, summary: "how far behind a standby may be to count as caught up (default: 2)" };
  }
  const summary = "how many standbys must be caught up beside those that restart, and for the failover (default: all)";
  return { ...flag, summary };
}
