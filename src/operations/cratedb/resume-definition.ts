import { z } from "zod";
import type { OperationDefinition } from "../catalogue.ts";
import { waitFlag } from "./restart-definition.ts";

/** How long a whole cluster may take to come back: pods, then every shard from its disk. */
export const defaultResumeWaitMs = 60 * 60_000;

/** `parameters` of cratedb.resume. */
export const resumeParametersSchema = z.strictObject({
  waitMs: z.number().int().min(1_000).default(defaultResumeWaitMs),
});
export type ResumeParameters = z.infer<typeof resumeParametersSchema>;

export const resumeDefinition: OperationDefinition = {
  name: "cratedb.resume",
  engine: "cratedb",
  verb: "resume",
  summary: "start a suspended cluster again as it was, masters first",
  changesTarget: true,
  flags: [waitFlag("how long masters, and then all nodes, may take until they are there and healthy (default: 1h)")],
};
