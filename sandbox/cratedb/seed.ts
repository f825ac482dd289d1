import type { SimulatedCrateCluster } from "./model/cluster.ts";
import { addPart, newTable } from "./model/tables.ts";
import type { SimTable } from "./model/types.ts";

/** A table that is there from the start, with shards of a size of their own. */
export interface CrateTableSeed {
  /** Default `doc`. */
  readonly schema?: string;
  readonly name: string;
  readonly shards: number;
  /** Default `0-1`, CrateDB's own. */
  readonly replicas?: string;
  /** Of each shard. Default 0. */
  readonly shardBytes?: number;
  /** `routing.allocation.…` by name. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** One partition for each of these days: column `day`. */
  readonly days?: readonly string[];
}

/** Puts a table there as if it had always been. */
export function seedTable(cluster: SimulatedCrateCluster, seed: CrateTableSeed): SimTable {
  const { schema = "doc", name, shards, days = [] } = seed;
  const settings = Object.entries({ number_of_replicas: seed.replicas ?? "0-1", ...seed.settings });
  const columns = [
    { name: "id", type: "text" },
    { name: "value", type: "text" },
    ...(days.length === 0 ? [] : [{ name: "day", type: "text" }]),
  ];
  const partitionedBy = days.length === 0 ? [] : ["day"];
  const table = newTable({ schema, name, columns, shards, partitionedBy, settings });
  for (const day of days) addPart(table, { day });
  for (const { groups } of table.parts) for (const group of groups) group.bytes = seed.shardBytes ?? 0;
  cluster.tables.push(table);
  cluster.advance();
  cluster.changed();
  return table;
}

/** A user that may do everything Handover does but DECOMMISSION, and read no data (cratedb.md). */
export function seedHandoverUser(cluster: SimulatedCrateCluster, name: string, password: string): void {
  const { users } = cluster;
  users.create(name, { isUser: true, password });
  const own = { grantee: name, grantor: "crate", state: "GRANT" } as const;
  users.change({ ...own, type: "AL", class: "CLUSTER", ident: null });
  users.change({ ...own, type: "DQL", class: "SCHEMA", ident: "sys" });
  users.change({ ...own, type: "DML", class: "TABLE", ident: "sys.node_checks" });
}
