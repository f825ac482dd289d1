import { z } from "zod";
import { parseDurationMs } from "../../domain/duration.ts";
import type { FlagDefinition, OperationDefinition } from "../catalogue.ts";
import { backupWaitFlag } from "./restart-definition.ts";

/** More than that is a slip of the fingers. */
const mostNodes = 500;
/** How long new nodes may take to join, and leaving ones to be gone: an image may have to be pulled, a preStop hook to end. */
const defaultJoinMs = 30 * 60_000;
/** As for a restart. */
const defaultBackupWaitMs = 60 * 60_000;
/** How long moving the shards of one group may take. */
const defaultDrainMs = 4 * 60 * 60_000;

/** `masters`, or a data group's name as Kubernetes allows it. */
const assignment = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)=(\d{1,3})$/;

/** `parameters` of cratedb.scale. */
export const crateScaleParametersSchema = z.strictObject({
  /** `data=5,masters=3`: sorted by group, each once. Missing: nobody said, which is refused with the numbers there are. */
  nodes: z.string().min(1).optional(),
  decommission: z.boolean().default(false),
  /** How long backups that run are waited for; 0: refused at once. */
  backupWaitMs: z.number().int().min(0).default(defaultBackupWaitMs),
  joinMs: z.number().int().min(1_000).default(defaultJoinMs),
  drainMs: z.number().int().min(1_000).default(defaultDrainMs),
});
export type CrateScaleParameters = z.infer<typeof crateScaleParametersSchema>;

export const crateScaleDefinition: OperationDefinition = {
  name: "cratedb.scale",
  engine: "cratedb",
  verb: "scale",
  summary: "add or remove nodes; those that leave are emptied first, with progress and reasons",
  changesTarget: true,
  flags: [
    {
      name: "nodes",
      parameter: "nodes",
      value: "GROUP=N,…",
      words: true,
      summary: "how many nodes each group is to have; the dedicated masters are called masters",
      expected: "groups with their number of nodes, such as masters=3 hot=4",
      parse: (text) => nodesText(text),
    },
    {
      name: "decommission",
      parameter: "decommission",
      value: null,
      summary: "also ALTER CLUSTER DECOMMISSION each node, once it is empty (super user only)",
      expected: "no value",
      parse: () => true,
    },
    backupWaitFlag,
    duration(
      "join-timeout",
      "joinMs",
      "how long new nodes may take to join, and leaving ones to be gone (default: 30m)",
    ),
    duration("drain-timeout", "drainMs", "how long moving the shards of a group may take (default: 4h)"),
  ],
};

function duration(name: string, parameter: string, summary: string): FlagDefinition {
  const parse = (text: string) => {
    const ms = parseDurationMs(text);
    return ms === null || ms < 1_000 ? null : ms;
  };
  return { name, parameter, value: "DURATION", summary, expected: "a time from 1s, such as 90s, 10m or 2h", parse };
}

/** Null when it is no list of groups with numbers, or names one twice. */
function nodesText(text: string): string | null {
  const found = wantedCounts(text);
  if (found === null) return null;
  return [...found]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([group, count]) => `${group}=${count}`)
    .join(",");
}

/** By group, how many nodes it is to have. */
export function wantedCounts(text: string): ReadonlyMap<string, number> | null {
  const counts = new Map<string, number>();
  for (const item of text.split(",")) {
    const [, group, count] = assignment.exec(item.trim()) ?? [];
    if (group === undefined || count === undefined || counts.has(group) || Number(count) > mostNodes) return null;
    counts.set(group, Number(count));
  }
  return counts;
}
