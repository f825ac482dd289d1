/** Names of settings that operations write. */
export const excludeNameSetting = "cluster.routing.allocation.exclude._name";
export const allocationEnableSetting = "cluster.routing.allocation.enable";

/** The four values of `routing.allocation.enable`, the cluster's and a table's. */
export type AllocationEnable = "all" | "none" | "primaries" | "new_primaries";

export type SettingValue = string | number | boolean;

/**
 * Settings in force: defaults, start-up arguments, persistent and transient values laid over each other. At which level one
 * stands cannot be asked.
 */
export interface CrateSettings {
  readonly allocationEnable: AllocationEnable;
  /** Filters by attribute: `_name`, `_host`, `_ip`, `_id`, or a node's own; only those that are not empty. */
  readonly filters: {
    readonly require: Readonly<Record<string, string>>;
    readonly include: Readonly<Record<string, string>>;
    /** Its `_name` is a comma list with `*` as a wildcard; `namesIn` reads it. */
    readonly exclude: Readonly<Record<string, string>>;
  };
  readonly awareness: {
    /** Copies of a shard are spread over the values of these attributes. */
    readonly attributes: readonly string[];
    /** By attribute, values that count although no node has them now: copies meant for them stay unassigned. */
    readonly forced: Readonly<Record<string, readonly string[]>>;
  };
  /** Of all tables together on one node; null: no limit. */
  readonly totalShardsPerNode: number | null;
  /** Times the number of data nodes: beyond it new tables and partitions are refused. */
  readonly maxShardsPerNode: number;
  readonly disk: {
    readonly thresholdEnabled: boolean;
    /** Above it a node gets no new shards; above `high` shards move away; above `flood` tables there turn read-only. */
    readonly low: Watermark;
    readonly high: Watermark;
    readonly flood: Watermark;
  };
  readonly rebalanceEnable: string;
  readonly nodeConcurrentRecoveries: number | null;
  readonly gracefulStop: {
    readonly minAvailability: string;
    readonly timeout: string;
    readonly force: boolean;
  };
  readonly gateway: {
    readonly expectedDataNodes: number | null;
    readonly recoverAfterDataNodes: number | null;
  };
  /** Every setting by its whole name, lists joined by commas: to compare before with after, and to put one back. */
  readonly all: Readonly<Record<string, SettingValue | null>>;
}

/** `85%` and `0.85` are a share of the disk that may be used, `500mb` is space that has to stay free. */
export type Watermark =
  | { readonly kind: "used_share"; readonly share: number; readonly text: string }
  | { readonly kind: "free_bytes"; readonly bytes: number; readonly text: string };

/** How many bytes may be used on a disk of this size before the watermark is passed. */
export function usableBytes(watermark: Watermark, totalBytes: number): number {
  switch (watermark.kind) {
    case "used_share":
      return totalBytes * watermark.share;
    case "free_bytes":
      return Math.max(0, totalBytes - watermark.bytes);
  }
}

/** The names of a comma list, as CrateDB splits it: without spaces around, and without empty ones. */
export function namesIn(list: string | null | undefined): string[] {
  return (list ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
