import { z } from "zod";
import type { OperationDefinition } from "../catalogue.ts";

/** `parameters` of dolt.relabel: there is nothing to choose, the servers' own word decides. */
export const relabelParametersSchema = z.strictObject({});

export const relabelDefinition: OperationDefinition = {
  name: "dolt.relabel",
  engine: "dolt",
  verb: "relabel",
  summary: "give every pod the label of the role that its server says it has",
  changesTarget: true,
  flags: [],
};
