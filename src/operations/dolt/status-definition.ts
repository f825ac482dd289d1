import type { OperationDefinition } from "../catalogue.ts";

export const statusDefinition: OperationDefinition = {
  name: "dolt.status",
  engine: "dolt",
  verb: "status",
  summary: "what every server says of itself: role, epoch, label, lag",
  changesTarget: false,
  flags: [],
};
