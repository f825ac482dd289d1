import { z } from "zod";
import { parseDurationMs } from "../../domain/duration.ts";
import type { FlagDefinition, OperationDefinition } from "../catalogue.ts";
import { beforeFlag, outdatedFlag } from "../new-enough.ts";

/**
 * How long a node may take by default from its pod's end until every table is GREEN again: copies that missed writes are
 * made anew from others, at 40 MB/s by CrateDB's default.
 */
export const defaultWaitMs = 30 * 60_000;
/** How long snapshots and backups may hold up an operation by default. crate-operator waits for up to a day, in silence. */
export const defaultBackupWaitMs = 60 * 60_000;

/** `parameters` of cratedb.restart. */
export const restartParametersSchema = z.strictObject({
  /** Names of pods and groups, with commas between them; without it, every pod. */
  only: z.string().min(1).optional(),
  /** Pods created at this time or later are new enough. Milliseconds since 1970. */
  beforeMs: z.number().int().min(0).optional(),
  /** Pods of their StatefulSet's update revision are new enough. */
  outdated: z.boolean().default(false),
  waitMs: z.number().int().min(1_000).default(defaultWaitMs),
  backupWaitMs: z.number().int().min(0).default(defaultBackupWaitMs),
});
export type RestartParameters = z.infer<typeof restartParametersSchema>;

/** The same for every operation that a backup holds up. */
export const backupWaitFlag: FlagDefinition = {
  name: "wait-for-backup",
  parameter: "backupWaitMs",
  value: "DURATION",
  summary: "how long a running snapshot or backup may hold it up (default: 1h); 0: not at all",
  expected: "a time up to 24h, such as 30m, or 0",
  parse: (text) => {
    const ms = text === "0" ? 0 : parseDurationMs(text);
    return ms !== null && ms <= 24 * 3_600_000 ? ms : null;
  },
};

export const restartDefinition: OperationDefinition = {
  name: "cratedb.restart",
  engine: "cratedb",
  verb: "restart",
  summary: "restart the nodes one after another, masters first, every table healthy between",
  changesTarget: true,
  flags: [
    {
      name: "only",
      parameter: "only",
      value: "GROUP|POD,…",
      summary: "these groups (masters, hot) or pods and no others, with commas between them (default: all)",
      expected: "names of groups or pods with commas between them, such as masters,crate-data-hot-metrics-1",
      parse: (text) => (/^[a-z0-9][-a-z0-9.]*(,[a-z0-9][-a-z0-9.]*)*$/.test(text) ? text : null),
    },
    beforeFlag,
    outdatedFlag,
    waitFlag("how long a node may take from its end until every table is healthy again (default: 30m)"),
    backupWaitFlag,
  ],
};

/** From 10 s to 4 h, the time that crate-operator gives a whole restart. */
export function waitFlag(summary: string): FlagDefinition {
  return {
    name: "wait-for-ready",
    parameter: "waitMs",
    value: "DURATION",
    summary,
    expected: "a time from 10s to 4h, such as 30m",
    parse: (text) => {
      const ms = parseDurationMs(text);
      return ms !== null && ms >= 10_000 && ms <= 4 * 3_600_000 ? ms : null;
    },
  };
}
