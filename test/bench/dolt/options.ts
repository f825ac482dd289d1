import { parseArgs } from "node:util";
import { z } from "zod";

/** A list such as `3,5`, of whole numbers. */
const numbers = (least: number, preset: readonly number[]) =>
  z
    .string()
    .regex(/^\d+(,\d+)*$/, "a list of whole numbers, such as 3,5")
    .transform((text) => text.split(",").map(Number))
    .pipe(z.array(z.number().int().min(least)))
    .default([...preset]);

const optionsSchema = z.strictObject({
  /** `processes`: real servers as processes, writers follow the label; `whole`: a whole cluster, writers use the Service. */
  cluster: z.enum(["processes", "whole"]).default("processes"),
  action: z.enum(["failover", "restart", "both"]).default("both"),
  /** How often each contender does it, in turns. */
  rounds: z.coerce.number().int().min(1).default(5),
  nodes: numbers(2, [3, 5]),
  writers: numbers(1, [4, 32]),
  databases: numbers(1, [1, 20]),
  /** How long each writer rests after an acknowledgement, in milliseconds. */
  rest: z.coerce.number().int().min(0).default(0),
  /** Path of a doltclusterctl binary to run beside. Takes root. */
  doltclusterctl: z.string().optional(),
});
export type BenchOptions = z.infer<typeof optionsSchema>;

/** One cluster and what is done to it. */
export interface BenchCase {
  readonly cluster: "processes" | "whole";
  readonly action: "failover" | "restart";
  readonly rounds: number;
  readonly nodes: number;
  readonly writers: number;
  readonly databases: number;
  readonly restMs: number;
  /** Null: it is not run beside. */
  readonly doltclusterctl: string | null;
}

/** Reads `npm run bench -- dolt`'s options. Throws with what is wrong. */
export function readOptions(words: readonly string[]): BenchOptions {
  const names = Object.keys(optionsSchema.shape);
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  const { values } = parseArgs({ args: [...words], options, strict: true });
  const read = optionsSchema.safeParse(values);
  if (!read.success) throw new Error(z.prettifyError(read.error));
  return read.data;
}

/** Every combination of what was asked for; a rolling restart takes long, and is measured once for each number of nodes. */
export function casesOf(options: BenchOptions): BenchCase[] {
  const { action, nodes, writers, databases, rest, doltclusterctl, cluster, rounds } = options;
  const shared = { cluster, rounds, restMs: rest, doltclusterctl: doltclusterctl ?? null };
  const failovers = nodes.flatMap((node) =>
    writers.flatMap((writer) =>
      databases.map((database) => ({ action: "failover" as const, nodes: node, writers: writer, databases: database })),
    ),
  );
  const [fewest = 1] = writers;
  const [leastDatabases = 1] = databases;
  const restarts = nodes.map((node) => ({
    action: "restart" as const,
    nodes: node,
    writers: fewest,
    databases: leastDatabases,
  }));
  return [...(action === "restart" ? [] : failovers), ...(action === "failover" ? [] : restarts)].map((one) => ({
    ...shared,
    ...one,
  }));
}
