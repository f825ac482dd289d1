import { watermark } from "../../../src/adapters/cratedb/settings.ts";
import { sqlErrors } from "../engine/errors.ts";

type Kind = "text" | "integer" | "boolean" | "list" | "enable" | "rebalance" | "availability" | "time" | "watermark";

/** Settings that can be changed while the cluster runs, with their defaults (crate docs, config/cluster.rst). */
const known: Readonly<Record<string, { readonly kind: Kind; readonly value: string }>> = {
  "cluster.graceful_stop.force": { kind: "boolean", value: "false" },
  "cluster.graceful_stop.min_availability": { kind: "availability", value: "primaries" },
  "cluster.graceful_stop.timeout": { kind: "time", value: "2h" },
  "cluster.info.update.interval": { kind: "time", value: "30s" },
  "cluster.max_shards_per_node": { kind: "integer", value: "1000" },
  "cluster.routing.allocation.allow_rebalance": { kind: "text", value: "indices_all_active" },
  "cluster.routing.allocation.awareness.attributes": { kind: "list", value: "" },
  "cluster.routing.allocation.cluster_concurrent_rebalance": { kind: "integer", value: "2" },
  "cluster.routing.allocation.disk.threshold_enabled": { kind: "boolean", value: "true" },
  "cluster.routing.allocation.disk.watermark.flood_stage": { kind: "watermark", value: "95%" },
  "cluster.routing.allocation.disk.watermark.high": { kind: "watermark", value: "90%" },
  "cluster.routing.allocation.disk.watermark.low": { kind: "watermark", value: "85%" },
  "cluster.routing.allocation.enable": { kind: "enable", value: "all" },
  "cluster.routing.allocation.node_concurrent_recoveries": { kind: "integer", value: "2" },
  "cluster.routing.allocation.node_initial_primaries_recoveries": { kind: "integer", value: "4" },
  "cluster.routing.allocation.total_shards_per_node": { kind: "integer", value: "-1" },
  "cluster.routing.rebalance.enable": { kind: "rebalance", value: "all" },
  "indices.recovery.max_bytes_per_sec": { kind: "text", value: "40mb" },
  "stats.enabled": { kind: "boolean", value: "true" },
  "stats.jobs_log_size": { kind: "integer", value: "10000" },
};

/** Filters and forced awareness values, by any attribute. */
const grouped = [
  { pattern: /^cluster\.routing\.allocation\.(exclude|include|require)\.[\w-]+$/, kind: "text" },
  { pattern: /^cluster\.routing\.allocation\.awareness\.force\.[\w-]+\.values$/, kind: "text" },
] as const;

/** Known to a node from its start-up arguments only. */
const startUpOnly: Readonly<Record<string, { readonly kind: Kind; readonly value: string }>> = {
  "gateway.expected_data_nodes": { kind: "integer", value: "-1" },
  "gateway.expected_nodes": { kind: "integer", value: "-1" },
  "gateway.recover_after_data_nodes": { kind: "integer", value: "-1" },
  "gateway.recover_after_nodes": { kind: "integer", value: "-1" },
  "gateway.recover_after_time": { kind: "time", value: "5m" },
};

const filters = ["exclude", "include", "require"].flatMap((way) =>
  ["_host", "_id", "_ip", "_name"].map((attribute) => `cluster.routing.allocation.${way}.${attribute}`),
);

const noStartUp: Readonly<Record<string, string>> = {};

export type SettingScope = "transient" | "persistent";

/**
 * Settings at their levels. A transient value wins over a persistent one, an empty transient too, and only the effective value
 * can be seen; a reset clears both [ran on 6.4.1].
 */
export class SimSettings {
  readonly #levels: Readonly<Record<SettingScope, Map<string, string>>> = {
    transient: new Map(),
    persistent: new Map(),
  };

  /** By prefix, as long as nothing is changed. */
  readonly #groups = new Map<string, ReadonlyMap<string, string>>();

  /** Throws a CrateSqlError for what CrateDB refuses; nothing is set then. */
  set(scope: SettingScope, values: readonly (readonly [name: string, value: unknown])[]): void {
    this.#groups.clear();
    const checked = values.map(([name, value]) => [name, checkedValue(name, value)] as const);
    for (const [name, value] of checked) this.#levels[scope].set(name, value);
  }

  reset(names: readonly string[]): void {
    this.#groups.clear();
    for (const name of names) {
      // Also a whole group: RESET GLOBAL cluster.routing.allocation.
      const isGroup = !isKnown(name);
      const hits = (one: string) => one === name || (isGroup && one.startsWith(`${name}.`));
      if (isGroup && ![...Object.keys(known), ...filters].some(hits)) throw unknownSetting(name);
      for (const level of Object.values(this.#levels))
        for (const one of [...level.keys()]) if (hits(one)) level.delete(one);
    }
  }

  /** The whole cluster stopped. */
  forgetTransient(): void {
    this.#groups.clear();
    this.#levels.transient.clear();
  }

  /** Effective, as text; of start-up settings, those of the node asked. */
  get(name: string, startUp: Readonly<Record<string, string>> = {}): string {
    return (
      this.#levels.transient.get(name) ??
      this.#levels.persistent.get(name) ??
      startUp[name] ??
      known[name]?.value ??
      startUpOnly[name]?.value ??
      ""
    );
  }

  /** What stands at one level; for tests, which no SQL can ask. */
  at(scope: SettingScope, name: string): string | undefined {
    return this.#levels[scope].get(name);
  }

  /** By attribute, only those that are not empty. */
  filters(
    way: "exclude" | "include" | "require",
    startUp: Readonly<Record<string, string>> = noStartUp,
  ): ReadonlyMap<string, string> {
    return this.#group(`cluster.routing.allocation.${way}.`, startUp);
  }

  /** By attribute, values that count though no node has them. */
  forcedAwareness(): Map<string, string[]> {
    const forced = this.#group("cluster.routing.allocation.awareness.force.", noStartUp);
    return new Map([...forced].map(([name, values]) => [name.replace(/\.values$/, ""), listOf(values)]));
  }

  /** `sys.cluster.settings`: nested, typed. */
  nested(startUp: Readonly<Record<string, string>>): Record<string, unknown> {
    const root: Record<string, unknown> = {};
    const set = [...this.#levels.persistent.keys(), ...this.#levels.transient.keys()];
    const names = new Set([...Object.keys(known), ...Object.keys(startUpOnly), ...filters, ...set]);
    for (const name of names) place(root, name.split("."), typed(name, this.get(name, startUp)));
    return root;
  }

  #group(prefix: string, startUp: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
    const named = startUpBelow(prefix, startUp);
    const known = named === null ? this.#groups.get(prefix) : undefined;
    if (known !== undefined) return known;
    const all = new Map([...(named ?? []), ...this.#levels.persistent, ...this.#levels.transient]);
    const entries = [...all].filter(([name, value]) => name.startsWith(prefix) && value !== "");
    const group = new Map(entries.map(([name, value]) => [name.slice(prefix.length), value]));
    if (named === null) this.#groups.set(prefix, group);
    return group;
  }
}

const groupsOfStartUp = new WeakMap<object, Map<string, readonly (readonly [string, string])[] | null>>();

/** Start-up arguments of a group of settings; null: there are none, as mostly. Nodes never change theirs. */
function startUpBelow(prefix: string, startUp: Readonly<Record<string, string>>) {
  const known = groupsOfStartUp.get(startUp) ?? new Map<string, readonly (readonly [string, string])[] | null>();
  groupsOfStartUp.set(startUp, known);
  const cached = known.get(prefix);
  if (cached !== undefined) return cached;
  const found = Object.entries(startUp).filter(([name]) => name.startsWith(prefix));
  const named = found.length === 0 ? null : found;
  known.set(prefix, named);
  return named;
}

export function listOf(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** `30s`, `2h`, `720s`, in milliseconds. */
export function timeMs(text: string): number {
  const [, number = "0", unit = "ms"] = /^(\d+)\s*(ms|s|m|h|d)?$/.exec(text) ?? [];
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return Number(number) * (units[unit] ?? 1);
}

function isKnown(name: string): boolean {
  return name in known || grouped.some(({ pattern }) => pattern.test(name));
}

function kindOf(name: string): Kind {
  const one = known[name] ?? startUpOnly[name];
  return one?.kind ?? "text";
}

function unknownSetting(name: string) {
  return sqlErrors.illegal(`Setting '${name}' is not supported`);
}

/** The value as text. */
function checkedValue(name: string, value: unknown): string {
  if (name in startUpOnly) {
    throw sqlErrors.unsupported(`Setting '${name}' cannot be set/reset at runtime`);
  }
  if (!isKnown(name)) throw unknownSetting(name);
  const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
  const allowed = allowedTexts[kindOf(name)];
  if (allowed !== undefined && !allowed.test(text)) {
    throw sqlErrors.illegal(
      name.endsWith("allocation.enable")
        ? `Illegal allocation.enable value [${text.toUpperCase()}]`
        : `Failed to parse value [${text}] for setting [${name}]`,
    );
  }
  return kindOf(name) === "enable" ? text.toLowerCase() : text;
}

const allowedTexts: Readonly<Partial<Record<Kind, RegExp>>> = {
  integer: /^-?\d+$/,
  boolean: /^(true|false)$/,
  enable: /^(all|none|primaries|new_primaries)$/i,
  rebalance: /^(all|none|primaries|replicas)$/i,
  availability: /^(none|primaries|full)$/i,
  time: /^\d+\s*(ms|s|m|h|d)?$/,
  watermark: /^\d+(\.\d+)?\s*(%|[kmgtp]?b|[kmgtp])?$/i,
};

function typed(name: string, value: string): unknown {
  switch (kindOf(name)) {
    case "integer":
      return Number(value);
    case "boolean":
      return value === "true";
    case "list":
      return listOf(value);
    default:
      return value;
  }
}

function place(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) {
    root[key] = value;
    return;
  }
  const child = root[key];
  const inner = isObject(child) ? child : {};
  root[key] = inner;
  place(inner, rest, value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How many bytes must stay free below this watermark, on a disk of this size. */
export function freeBelow(text: string, totalBytes: number): number {
  const mark = watermark(text);
  return mark.kind === "free_bytes" ? mark.bytes : totalBytes * (1 - mark.share);
}
