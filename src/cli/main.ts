#!/usr/bin/env node
import { version } from "../version.ts";
import { runCommandLine } from "./run.ts";
import { processTerminal } from "./terminal.ts";
import { connectWorld } from "./world.ts";

const exitCode = await runCommandLine(process.argv.slice(2), {
  terminal: processTerminal(),
  version,
  environment: process.env,
  connect: connectWorld,
});
// Left in the middle on demand, an execution still has timers and connections: the process ends all the same, once its words are out.
process.stdout.write("", () => process.exit(exitCode));
