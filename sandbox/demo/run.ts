import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Demo, type StartCluster, startDemo } from "./demo.ts";
import { orderFault } from "./faults.ts";
import { type DemoOptions, readOptions, usage } from "./options.ts";
import { Resources } from "./resources.ts";
import { welcome } from "./welcome.ts";

/** What has not ended by then is killed with this process, to which it is tied. */
const closeDeadlineMs = 15_000;

/**
 * The demo as a process: runs until SIGINT, SIGTERM, SIGHUP or the end of whoever started it, then ends all it began.
 * @returns the exit code
 */
export async function runDemo(startCluster: StartCluster): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2), process.env);
    if (options !== "help") return await runUntilTold(options, startCluster);
    console.log(usage);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

async function runUntilTold(options: DemoOptions, startCluster: StartCluster): Promise<number> {
  const startedMs = performance.now();
  const resources = new Resources();
  const told = toldToEnd();
  // What the demo's own end does to its parts is no news.
  const tell = (line: string) => {
    if (!told.aborted) console.log(line);
  };
  const running = startDemo(options, { startCluster, resources, tell }).then(async (demo) => {
    tell(welcome(demo, performance.now() - startedMs, options));
    if (options.faults) await takeFaults(demo, told, tell);
    await whenAborted(told);
  });
  try {
    await Promise.race([running, whenAborted(told)]);
    console.log("Ending the demo …");
  } finally {
    // A start that was under way fails by it, and that is no news either.
    running.catch(() => undefined);
    await closeInTime(resources);
  }
  return 0;
}

/** Aborted at the first signal; further ones change nothing: the end is under way. */
function toldToEnd(): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  // The launcher is gone, however it ended.
  process.on("disconnect", end);
  return controller.signal;
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

async function takeFaults(demo: Demo, told: AbortSignal, tell: (line: string) => void): Promise<void> {
  const lines = createInterface({ input: process.stdin, signal: told });
  for await (const line of lines) {
    if (line.trim() !== "") tell(await orderFault(line, demo));
  }
}

async function closeInTime(resources: Resources): Promise<void> {
  const late = Symbol("late");
  const first = await Promise.race([resources.close(), sleep(closeDeadlineMs, late, { ref: false })]);
  if (first === late) throw new Error(`Not everything had ended after ${closeDeadlineMs / 1_000} s; it is killed now.`);
}
