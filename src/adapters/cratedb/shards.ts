import { z } from "zod";
import type { CrateAllocation, CrateShard, TableHealth } from "../../ports/crate-servers.ts";
import { partitionSchema } from "./rows.ts";
import { literals } from "./sql.ts";

export const healthStatement =
  "SELECT table_schema, table_name, partition_ident, health, missing_shards, underreplicated_shards FROM sys.health";

export const healthRowSchema = z
  .tuple([z.string(), z.string(), partitionSchema, z.enum(["GREEN", "YELLOW", "RED"]), z.number(), z.number()])
  .transform(
    ([schema, table, partition, health, missingShards, underreplicatedShards]): TableHealth => ({
      schema,
      table,
      partition,
      health,
      missingShards,
      underreplicatedShards,
    }),
  );

export const shardsStatement = `SELECT schema_name, table_name, partition_ident, id, "primary", node['id'], node['name'], routing_state, relocating_node, size, recovery['stage'], recovery['size']['percent'], recovery['size']['recovered'], recovery['size']['used'] FROM sys.shards`;

const routingStateSchema = z.enum(["UNASSIGNED", "INITIALIZING", "STARTED", "RELOCATING"]);

export const shardRowSchema = z
  .tuple([
    z.string(),
    z.string(),
    partitionSchema,
    z.int(),
    z.boolean(),
    z.string().nullable(),
    z.string().nullable(),
    routingStateSchema,
    z.string().nullable(),
    z.number().nullable(),
    z.string().nullable(),
    z.number().nullable(),
    z.number().nullable(),
    z.number().nullable(),
  ])
  .transform((row): CrateShard => {
    const [schema, table, partition, id, primary, nodeId, nodeName, routingState, relocatingNode, size, ...rest] = row;
    const [stage, percent, recovered, used] = rest;
    return {
      schema,
      table,
      partition,
      id,
      primary,
      node: nodeId === null ? null : { id: nodeId, name: nodeName ?? nodeId },
      routingState,
      relocatingNode,
      sizeBytes: Math.max(0, size ?? 0),
      recovery:
        stage === null ? null : { stage, percent: percent ?? 0, recoveredBytes: recovered ?? 0, totalBytes: used ?? 0 },
    };
  });

/** `decisions` comes first: behind `explanation` it is always NULL (cratedb.md), as it may be when a condition reads that. */
export function allocationsStatement(onNodes: readonly string[] | null): string {
  const columns =
    'decisions, table_schema, table_name, partition_ident, shard_id, node_id, "primary", current_state, explanation';
  const where = onNodes === null ? "" : ` WHERE node_id IN (${literals(onNodes)})`;
  return `SELECT ${columns} FROM sys.allocations${where}`;
}

const decisionSchema = z.object({
  node_id: z.string(),
  node_name: z.string(),
  explanations: z.array(z.string()).nullable(),
});

/**
 * Why a shard that has to leave its node stays there. A shard that is well has an explanation too: why it is not moved for
 * the balance (MoveDecision.getExplanation in crate's org.elasticsearch.cluster.routing.allocation).
 */
const mustLeaveText = /cannot remain on|not allowed to remain on/;

/** Of a shard that waits: for its turn, for a node that left to come back, or for what nodes have to say (AllocateUnassignedDecision). */
const waitsText = /throttled|force-moved|still waiting|still being retrieved|can allocate the shard/;

export const allocationRowSchema = z
  .tuple([
    z.array(decisionSchema).nullable(),
    z.string(),
    z.string(),
    partitionSchema,
    z.int(),
    z.string().nullable(),
    z.boolean(),
    routingStateSchema,
    z.string().nullable(),
  ])
  .transform(([decisions, schema, table, partition, shardId, nodeId, primary, state, explanation]): CrateAllocation => {
    const isNowhere = state === "UNASSIGNED";
    const problem = isNowhere || mustLeaveText.test(explanation ?? "") ? (explanation ?? "unassigned") : null;
    return {
      schema,
      table,
      partition,
      shardId,
      nodeId,
      primary,
      state,
      problem,
      isStuck: problem !== null && !waitsText.test(problem),
      decisions: (decisions ?? []).map((decision) => ({
        nodeId: decision.node_id,
        nodeName: decision.node_name,
        explanations: decision.explanations ?? [],
      })),
    };
  });
