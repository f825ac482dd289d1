import { z } from "zod";
import type { CrateState } from "../../ports/crate-servers.ts";
import {
  type AllocationEnable,
  type CrateSettings,
  namesIn,
  type SettingValue,
  type Watermark,
} from "../../ports/crate-settings.ts";

export const stateStatement = "SELECT name, master_node, settings FROM sys.cluster";

const allocation = "cluster.routing.allocation";

export const allocationEnableSchema = z.enum(["all", "none", "primaries", "new_primaries"]);

export const stateRowSchema = z
  .tuple([z.string(), z.string().nullable(), z.record(z.string(), z.unknown())])
  .transform(([clusterName, masterNodeId, settings], context): CrateState => {
    const all = flattened(settings);
    const enable = allocationEnableSchema.safeParse(textOf(all, `${allocation}.enable`, "all").toLowerCase());
    if (!enable.success) {
      context.addIssue(`${allocation}.enable is ${String(all[`${allocation}.enable`])}`);
      return z.NEVER;
    }
    return { clusterName, masterNodeId, settings: settingsOf(all, enable.data) };
  });

type Flat = Readonly<Record<string, SettingValue | null>>;

/** Defaults are CrateDB's own (crate docs, config/cluster.rst), for versions that lack a setting. */
function settingsOf(all: Flat, allocationEnable: AllocationEnable): CrateSettings {
  const disk = `${allocation}.disk`;
  return {
    allocationEnable,
    filters: {
      require: below(all, `${allocation}.require.`),
      include: below(all, `${allocation}.include.`),
      exclude: below(all, `${allocation}.exclude.`),
    },
    awareness: {
      attributes: namesIn(textOf(all, `${allocation}.awareness.attributes`, "")),
      forced: forcedValues(all),
    },
    totalShardsPerNode: limit(all[`${allocation}.total_shards_per_node`]),
    maxShardsPerNode: numberOf(all["cluster.max_shards_per_node"]) ?? 1000,
    disk: {
      thresholdEnabled: textOf(all, `${disk}.threshold_enabled`, "true") === "true",
      low: watermark(textOf(all, `${disk}.watermark.low`, "85%")),
      high: watermark(textOf(all, `${disk}.watermark.high`, "90%")),
      flood: watermark(textOf(all, `${disk}.watermark.flood_stage`, "95%")),
    },
    rebalanceEnable: textOf(all, "cluster.routing.rebalance.enable", "all").toLowerCase(),
    nodeConcurrentRecoveries: numberOf(all[`${allocation}.node_concurrent_recoveries`]),
    gracefulStop: {
      minAvailability: textOf(all, "cluster.graceful_stop.min_availability", "primaries").toLowerCase(),
      timeout: textOf(all, "cluster.graceful_stop.timeout", "2h"),
      force: textOf(all, "cluster.graceful_stop.force", "false") === "true",
    },
    gateway: {
      expectedDataNodes: limit(all["gateway.expected_data_nodes"]),
      recoverAfterDataNodes: limit(all["gateway.recover_after_data_nodes"]),
    },
    all,
  };
}

/** Nested objects as whole names; what is neither text, number nor flag is written as JSON. */
function flattened(settings: object, prefix = ""): Flat {
  const flat: Record<string, SettingValue | null> = {};
  for (const [key, value] of Object.entries(settings)) {
    const name = `${prefix}${key}`;
    if (value === null || value === undefined) flat[name] = null;
    else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") flat[name] = value;
    else if (Array.isArray(value)) flat[name] = value.map((item) => listItem(item)).join(",");
    else if (typeof value === "object") Object.assign(flat, flattened(value, `${name}.`));
  }
  return flat;
}

function listItem(item: unknown): string {
  return typeof item === "object" ? JSON.stringify(item) : String(item);
}

/** What is set by attribute below a prefix: `exclude._name`, `exclude.zone`. */
function below(all: Flat, prefix: string): Record<string, string> {
  const entries = Object.entries(all).filter(
    ([name, value]) => name.startsWith(prefix) && value !== null && value !== "",
  );
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), String(value)]));
}

/** `awareness.force.zone.values` = `a,b`. */
function forcedValues(all: Flat): Record<string, string[]> {
  const entries = Object.entries(below(all, `${allocation}.awareness.force.`));
  const forced = entries.map(([name, values]) => [name.replace(/\.values$/, ""), namesIn(values)] as const);
  return Object.fromEntries(forced.filter(([attribute, values]) => attribute !== "" && values.length > 0));
}

function textOf(all: Flat, name: string, otherwise: string): string {
  const value = all[name];
  return value === null || value === undefined ? otherwise : String(value);
}

function numberOf(value: SettingValue | null | undefined): number | null {
  if (value === null || value === undefined || value === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** CrateDB writes -1 for “no limit”, and takes 0 for the same (ShardsLimitAllocationDecider). */
export function limit(value: SettingValue | null | undefined): number | null {
  const number = numberOf(value);
  return number === null || number <= 0 ? null : number;
}

const unitBytes: Readonly<Record<string, number>> = {
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
  p: 1024 ** 5,
  pb: 1024 ** 5,
};

/** `85%` or `0.85`: used; `500mb`: free (config/cluster.rst). What is neither is taken for a full disk being allowed. */
export function watermark(text: string): Watermark {
  const [, number = "", unit = ""] = /^\s*([0-9.]+)\s*([a-z%]*)\s*$/i.exec(text) ?? [];
  const value = Number(number);
  const bytes = unitBytes[unit.toLowerCase()];
  if (bytes !== undefined && number !== "") return { kind: "free_bytes", bytes: value * bytes, text };
  if (unit === "%") return { kind: "used_share", share: value / 100, text };
  return { kind: "used_share", share: number === "" || value > 1 ? 1 : value, text };
}
