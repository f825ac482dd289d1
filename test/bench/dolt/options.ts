import { parseArgs } from "node:util";
import { z } from "zod";

const number = (least: number) => z.coerce.number().int().min(least);

const optionsSchema = z.strictObject({
  /** `processes`: real servers as processes, writers follow the label; `whole`: a whole cluster, writers use the Service. */
  cluster: z.enum(["processes", "whole"]).default("processes"),
  action: z.enum(["failover", "restart"]).default("failover"),
  /** How often each contender does it, in turns. */
  rounds: number(1).default(10),
  nodes: number(2).default(3),
  writers: number(1).default(4),
  databases: number(1).default(1),
  /** How long each writer rests after an acknowledgement, in milliseconds. */
  rest: number(0).default(0),
  /** Path of a doltclusterctl binary to run beside. Takes root. */
  doltclusterctl: z.string().optional(),
});
export type BenchOptions = z.infer<typeof optionsSchema>;

/** Reads `npm run bench -- dolt`'s options. Throws with what is wrong. */
export function readOptions(words: readonly string[]): BenchOptions {
  const names = Object.keys(optionsSchema.shape);
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  const { values } = parseArgs({ args: [...words], options, strict: true });
  const read = optionsSchema.safeParse(values);
  if (!read.success) throw new Error(z.prettifyError(read.error));
  return read.data;
}
