import type { OperationDefinition } from "../catalogue.ts";

export const statusDefinition: OperationDefinition = {
  name: "kubernetes.status",
  engine: "kubernetes",
  verb: "status",
  summary: "how many pods there are of which version, what is not ready and why, and who else changes it",
  changesTarget: false,
  flags: [],
};
