import { sqlErrors } from "../engine/errors.ts";
import { replicaRange } from "./replicas.ts";
import type { ShardGroup, SimTable, TablePart } from "./types.ts";

/** Shards of a table that says nothing; CrateDB reckons them from its data nodes. */
export const defaultShards = 4;
export const defaultReplicas = "0-1";

export interface NewTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly shards: number;
  readonly partitionedBy: readonly string[];
  readonly settings: readonly (readonly [name: string, value: unknown])[];
}

export function newTable({ settings, ...rest }: NewTable): SimTable {
  const table: SimTable = { ...rest, replicas: defaultReplicas, settings: new Map(), parts: [] };
  applySettings(table, settings);
  if (table.partitionedBy.length === 0) addPart(table, {});
  return table;
}

/** A partition, or the one part of a table without any: its settings are the table's as they are now. */
export function addPart(table: SimTable, values: Readonly<Record<string, unknown>>): TablePart {
  const ident = table.partitionedBy.length === 0 ? "" : identOf(values);
  const { replicas } = table;
  const groups: ShardGroup[] = [];
  const part: TablePart = { table, ident, values, replicas, settings: new Map(table.settings), groups };
  for (let id = 0; id < table.shards; id += 1) {
    // Copies are made by the allocator.
    groups.push({ part, id, bytes: 0, rows: [], copies: [], inSync: new Set(), stale: new Set() });
  }
  table.parts.push(part);
  return part;
}

export function partFor(table: SimTable, row: Readonly<Record<string, unknown>>): TablePart | null {
  if (table.partitionedBy.length === 0) return table.parts[0] ?? null;
  return table.parts.find(({ ident }) => ident === identOf(valuesOf(table, row))) ?? null;
}

export function valuesOf(table: SimTable, row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(table.partitionedBy.map((column) => [column, row[column] ?? null]));
}

/** Sets what `WITH (…)` and `ALTER TABLE … SET (…)` name; throws for what CrateDB refuses. */
export function applySettings(
  target: { replicas: string; readonly settings: Map<string, string> },
  settings: readonly (readonly [name: string, value: unknown])[],
): void {
  for (const [name, value] of settings) {
    const text = String(value);
    if (name === "number_of_replicas") {
      if (replicaRange(text) === null) {
        throw sqlErrors.illegal(`The "number_of_replicas" range "${text}" isn't valid`);
      }
      target.replicas = text;
    } else if (!isTableSetting(name)) {
      throw sqlErrors.illegal(`Invalid property "${name}" passed to [ALTER | CREATE] TABLE statement`);
    } else if (name === "routing.allocation.enable" && !/^(all|none|primaries|new_primaries)$/i.test(text)) {
      throw sqlErrors.illegal(`Illegal allocation.enable value [${text.toUpperCase()}]`);
    } else {
      target.settings.set(name, name === "routing.allocation.enable" ? text.toLowerCase() : text);
    }
  }
}

export function resetSettings(
  target: { replicas: string; readonly settings: Map<string, string> },
  names: readonly string[],
): void {
  for (const name of names) {
    if (name === "number_of_replicas") target.replicas = defaultReplicas;
    else if (isTableSetting(name)) target.settings.delete(name);
    else throw sqlErrors.illegal(`Invalid property "${name}" passed to [ALTER | CREATE] TABLE statement`);
  }
}

function isTableSetting(name: string): boolean {
  return (
    [
      "routing.allocation.enable",
      "routing.allocation.total_shards_per_node",
      "refresh_interval",
      "column_policy",
    ].includes(name) ||
    /^routing\.allocation\.(include|require|exclude)\.[\w-]+$/.test(name) ||
    /^(unassigned|translog|write|mapping|merge|blocks)\.[\w.]+$/.test(name)
  );
}

const alphabet = "0123456789abcdefghijklmnopqrstuv";

/** Letters and digits that stand for the values, as CrateDB's idents do; the code itself is another one. */
function identOf(values: Readonly<Record<string, unknown>>): string {
  let bits = "";
  for (const byte of Buffer.from(JSON.stringify(Object.values(values)))) bits += byte.toString(2).padStart(8, "0");
  const digits = bits.match(/.{1,5}/g) ?? [];
  return `04${digits.map((digit) => alphabet[Number.parseInt(digit.padEnd(5, "0"), 2)]).join("")}`;
}
