import { type AllocationEnable, allocationEnableSetting, type SettingValue } from "../../ports/crate-settings.ts";

/** While nodes restart. Never `new_primaries`, under which existing primaries can stay away (cratedb.md). */
export const allocationWhileRestarting: AllocationEnable = "primaries";
/** The default, under which every shard may move. */
export const allocationOpen: AllocationEnable = "all";

/** What a preStop hook of CrateDB's dc_util sets as TRANSIENT when a pod stops; its postStart hook resets only the first, and a pod that was scaled away never runs it. */
export const hookSettings = [
  allocationEnableSetting,
  "cluster.graceful_stop.min_availability",
  "cluster.graceful_stop.timeout",
  "cluster.graceful_stop.force",
] as const;
export type HookSetting = (typeof hookSettings)[number];

/** CrateDB's own defaults of them, in the words of `sys.cluster.settings`. */
export const hookDefaults: Readonly<Record<HookSetting, string>> = {
  [allocationEnableSetting]: allocationOpen,
  "cluster.graceful_stop.min_availability": "primaries",
  "cluster.graceful_stop.timeout": "7200000ms",
  "cluster.graceful_stop.force": "false",
};

/** Effective values, as text; null: the cluster did not say. */
export type HookSettings = Readonly<Record<HookSetting, string | null>>;

export type SettingRepair =
  /** Both levels go: the value before was the default. */
  | { readonly kind: "reset"; readonly setting: HookSetting }
  /** TRANSIENT: it hides what the hook left, and a persistent value below stays what it was. */
  | { readonly kind: "set"; readonly setting: HookSetting; readonly value: string };

/** Of all settings in force, by their whole names. */
export function hookSettingsIn(all: Readonly<Record<string, SettingValue | null>>): HookSettings {
  const textOf = (setting: HookSetting) => {
    const value = all[setting];
    return value === undefined || value === null ? null : String(value);
  };
  return {
    [allocationEnableSetting]: textOf(allocationEnableSetting),
    "cluster.graceful_stop.min_availability": textOf("cluster.graceful_stop.min_availability"),
    "cluster.graceful_stop.timeout": textOf("cluster.graceful_stop.timeout"),
    "cluster.graceful_stop.force": textOf("cluster.graceful_stop.force"),
  };
}

/** What differs from before, and how it becomes what it was. What was not known before is left alone. */
export function repairsOf(before: HookSettings, now: HookSettings): SettingRepair[] {
  return hookSettings.flatMap((setting): SettingRepair[] => {
    const [was, is] = [before[setting], now[setting]];
    if (was === null || is === null || isSame(was, is)) return [];
    return isSame(was, hookDefaults[setting]) ? [{ kind: "reset", setting }] : [{ kind: "set", setting, value: was }];
  });
}

function isSame(one: string, other: string): boolean {
  return one === other || (millisecondsOf(one) ?? one) === (millisecondsOf(other) ?? other);
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `2h` and `7200000ms` are one time. */
function millisecondsOf(text: string): number | null {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  const unit = units[match?.[2] ?? ""];
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}

/** Label of a StatefulSet by which dc_util sees that somebody else holds the setting, and leaves it alone. `<owner>-<unix seconds>`. */
export const routingOwnerLabel = "dc-util-routing-owner";

/** dc_util knows one owner by its word; the time says since when, and it takes the setting over when that is long ago. */
export function routingOwner(nowMs: number): string {
  return `operator-${Math.floor(nowMs / 1_000)}`;
}
