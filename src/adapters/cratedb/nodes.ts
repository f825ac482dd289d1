import { z } from "zod";
import type { CrateNode, NodeCheck } from "../../ports/crate-servers.ts";
import { textsSchema } from "./rows.ts";

const columns = [
  "id",
  "name",
  "version['number']",
  "rest_url",
  "attributes",
  "fs['total']['size']",
  "fs['total']['used']",
  "fs['total']['available']",
];

/** `roles` is asked for where the version has it. */
export function nodesStatement(withRoles: boolean): string {
  return `SELECT ${[...columns, ...(withRoles ? ["roles"] : [])].join(", ")} FROM sys.nodes ORDER BY name`;
}

/** A node that does not answer the one that was asked has null in every column but its id and name (system-information.rst). */
export const nodeRowSchema = z
  .tuple(
    [
      z.string(),
      z.string(),
      z.string().nullable(),
      z.string().nullable(),
      textsSchema,
      z.number().nullable(),
      z.number().nullable(),
      z.number().nullable(),
    ],
    z.array(z.string()).nullable(),
  )
  .transform(([id, name, version, restUrl, attributes, size, used, available, roles = null]): CrateNode => {
    // -1 where the machine does not tell.
    const hasDisk = size !== null && used !== null && available !== null && size > 0;
    return {
      id,
      name,
      answers: version !== null,
      version,
      restUrl,
      roles,
      attributes,
      disk: hasDisk ? { totalBytes: size, usedBytes: Math.max(0, used), availableBytes: Math.max(0, available) } : null,
    };
  });

export const nodeChecksStatement =
  "SELECT id, node_id, severity, description, passed, acknowledged FROM sys.node_checks ORDER BY id, node_id";

export const nodeCheckRowSchema = z
  .tuple([z.int(), z.string(), z.number(), z.string(), z.boolean(), z.boolean()])
  .transform(
    ([id, nodeId, severity, description, passed, acknowledged]): NodeCheck => ({
      id,
      nodeId,
      severity,
      description,
      passed,
      acknowledged,
    }),
  );
