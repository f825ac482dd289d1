import { z } from "zod";
import type { OperationDefinition } from "../catalogue.ts";
import { backupWaitFlag, defaultBackupWaitMs } from "./restart-definition.ts";

/** `parameters` of cratedb.suspend. */
export const suspendParametersSchema = z.strictObject({
  backupWaitMs: z.number().int().min(0).default(defaultBackupWaitMs),
});
export type SuspendParameters = z.infer<typeof suspendParametersSchema>;

export const suspendDefinition: OperationDefinition = {
  name: "cratedb.suspend",
  engine: "cratedb",
  verb: "suspend",
  summary: "stop the whole cluster, masters last, and keep its data and its size for resume",
  changesTarget: true,
  flags: [backupWaitFlag],
};
