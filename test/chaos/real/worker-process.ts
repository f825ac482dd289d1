/**
 * The command line, but for one thing: at each step and at the calls that CHAOS_POINTS names it tells its parent where it is, and goes on when
 * told to. So it can be killed, stopped, or have the world broken around it, at that very moment.
 */
import { z } from "zod";
import { runCommandLine } from "../../../src/cli/run.ts";
import { processTerminal } from "../../../src/cli/terminal.ts";
import { connectWorld } from "../../../src/cli/world.ts";
import { instrumented } from "../instrumented-world.ts";
import type { Point } from "../points.ts";

const points = new Set(z.array(z.string()).parse(JSON.parse(process.env.CHAOS_POINTS ?? "[]")));
const goSchema = z.object({ go: z.number() });
const waiting = new Map<number, () => void>();
let asked = 0;

process.on("message", (message: unknown) => {
  const { go } = goSchema.parse(message);
  waiting.get(go)?.();
  waiting.delete(go);
});

async function reach({ call, phase }: Point): Promise<void> {
  if (!points.has(call) && !call.startsWith("step.")) return;
  asked += 1;
  const { promise, resolve } = Promise.withResolvers<void>();
  waiting.set(asked, resolve);
  process.send?.({ kind: "point", id: asked, call, phase });
  await promise;
}

const exitCode = await runCommandLine(process.argv.slice(2), {
  terminal: processTerminal(),
  version: "chaos",
  environment: {},
  connect: (source) =>
    instrumented(connectWorld(source), reach, (details) => process.send?.({ kind: "planned", details })),
});
process.stdout.write("", () => process.exit(exitCode));
