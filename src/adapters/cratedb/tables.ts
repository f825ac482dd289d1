import { z } from "zod";
import { parseNumberOfReplicas } from "../../operations/cratedb/number-of-replicas.ts";
import type { CrateTable, ReplicaBounds, TableRouting } from "../../ports/crate-servers.ts";
import { partitionSchema, textsSchema } from "./rows.ts";
import { allocationEnableSchema, limit } from "./settings.ts";

/** Views and tables of the system have no shards. */
export const tablesStatement =
  "SELECT table_schema, table_name, partitioned_by, closed, number_of_shards, number_of_replicas, settings['routing']['allocation'] FROM information_schema.tables WHERE number_of_shards IS NOT NULL ORDER BY table_schema, table_name";

/** Partitions have settings of their own. */
export const partitionsStatement = `SELECT table_schema, table_name, partition_ident, "values", closed, number_of_shards, number_of_replicas, settings['routing']['allocation'] FROM information_schema.table_partitions ORDER BY table_schema, table_name, partition_ident`;

const replicasSchema = z.string().transform((text, context): ReplicaBounds => {
  const bounds = parseNumberOfReplicas(text);
  if (bounds !== null) return bounds;
  context.addIssue(`${text} is no number of replicas`);
  return z.NEVER;
});

const routingSchema = z
  .object({
    enable: z
      .string()
      .nullish()
      .transform((enable) => (enable ?? "all").toLowerCase())
      .pipe(allocationEnableSchema),
    total_shards_per_node: z.number().nullish(),
    require: textsSchema.optional(),
    include: textsSchema.optional(),
    exclude: textsSchema.optional(),
  })
  .nullable()
  .transform(
    (routing): TableRouting => ({
      enable: routing?.enable ?? "all",
      totalShardsPerNode: limit(routing?.total_shards_per_node),
      require: routing?.require ?? {},
      include: routing?.include ?? {},
      exclude: routing?.exclude ?? {},
    }),
  );

const closedSchema = z
  .boolean()
  .nullable()
  .transform((closed) => closed === true);

export const tableRowSchema = z
  .tuple([z.string(), z.string(), z.array(z.string()).nullable(), closedSchema, z.int(), replicasSchema, routingSchema])
  .transform(
    ([schema, table, partitionedBy, isClosed, shards, replicas, routing]): CrateTable => ({
      schema,
      table,
      partition: null,
      partitionValues: null,
      isPartitioned: partitionedBy !== null && partitionedBy.length > 0,
      isClosed,
      shards,
      replicas,
      routing,
    }),
  );

export const partitionRowSchema = z
  .tuple([
    z.string(),
    z.string(),
    partitionSchema,
    z.record(z.string(), z.unknown()).nullable(),
    closedSchema,
    z.int(),
    replicasSchema,
    routingSchema,
  ])
  .transform(
    ([schema, table, partition, partitionValues, isClosed, shards, replicas, routing]): CrateTable => ({
      schema,
      table,
      partition,
      partitionValues: partitionValues ?? {},
      isPartitioned: false,
      isClosed,
      shards,
      replicas,
      routing,
    }),
  );
