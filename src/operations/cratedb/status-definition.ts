import type { OperationDefinition } from "../catalogue.ts";

export const crateStatusDefinition: OperationDefinition = {
  name: "cratedb.status",
  engine: "cratedb",
  verb: "status",
  summary: "what the cluster says of itself: nodes, health, shards, disks, what blocks them, backups",
  changesTarget: false,
  flags: [],
};
