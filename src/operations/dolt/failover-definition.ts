import { z } from "zod";
import { parseDurationMs } from "../../domain/duration.ts";
import type { OperationDefinition } from "../catalogue.ts";

/** Bound on a standby's lag by default. Under writes lag is never 0: 280–1007 ms were measured with 1 to 16 writers. */
export const defaultMaxLagMs = 2_000;

/** `parameters` of dolt.failover. */
export const failoverParametersSchema = z.strictObject({
  /** The pod that shall become primary; without it, the best by evidence. */
  to: z.string().min(1).optional(),
  /** A pod that must not become primary. */
  avoid: z.string().min(1).optional(),
  /** Compare and set: refuse unless this pod is the primary. */
  expectedPrimary: z.string().min(1).optional(),
  /** How many standbys the demotion must have caught up; 0 stands for all, as in Dolt. */
  minCaughtUp: z.number().int().min(0).default(0),
  maxLagMs: z.number().int().min(1).default(defaultMaxLagMs),
  /** How long to wait, before there is a plan, until the target is fit for it. */
  timeoutMs: z.number().int().min(1).optional(),
});
export type FailoverParameters = z.infer<typeof failoverParametersSchema>;

export const failoverDefinition: OperationDefinition = {
  name: "dolt.failover",
  engine: "dolt",
  verb: "failover",
  summary: "hand the primary role over to a standby, without losing a write",
  changesTarget: true,
  flags: [
    pod("to", "to", "the standby that shall become primary (default: the best by evidence)"),
    pod("avoid", "avoid", "a standby that must not become primary"),
    pod("expected-primary", "expectedPrimary", "refuse unless this pod is the primary now"),
    {
      name: "min-caught-up",
      parameter: "minCaughtUp",
      value: "N|all",
      summary: "how many standbys must have caught up before the primary lets go (default: all)",
      expected: "a whole number from 1, or all",
      // -1 is doltclusterctl's word for all.
      parse: (text) => (text === "all" || text === "-1" ? 0 : /^[1-9]\d{0,2}$/.test(text) ? Number(text) : null),
    },
    {
      name: "max-lag",
      parameter: "maxLagMs",
      value: "SECONDS",
      summary: "how far behind the standby may be before the switch (default: 2)",
      expected: "seconds, such as 2 or 0.5",
      parse: (text) =>
        /^\d{1,4}(\.\d{1,3})?$/.test(text) && Number(text) > 0 ? Math.round(Number(text) * 1000) : null,
    },
    {
      name: "timeout",
      parameter: "timeoutMs",
      value: "DURATION",
      summary: "how long to wait, before anything is changed, until the target is fit for it (default: about 2 s)",
      expected: "a time from 1s to 10m, such as 30s",
      parse: (text) => {
        const ms = parseDurationMs(text);
        return ms !== null && ms >= 1_000 && ms <= 600_000 ? ms : null;
      },
    },
  ],
};

function pod(name: string, parameter: string, summary: string) {
  const parse = (text: string) => (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text) ? text : null);
  return { name, parameter, value: "POD", summary, expected: "the name of a pod, such as orders-1", parse };
}
