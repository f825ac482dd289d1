import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { spawnTied } from "../tied-process.ts";
import type { ContainerExit } from "./runtime.ts";

const stopDeadlineMs = 10_000;
const lookAgainAfterMs = 5;

export interface ChildOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** File that stdout and stderr are appended to. */
  readonly logFile: string;
}

/** A process of ours that ends with us, its output in a file. */
export interface Child {
  readonly pid: number;
  /** Resolves, never rejects, once the process has ended and its output is read. */
  readonly exited: Promise<ContainerExit>;
  /** Delivers the signal; nothing happens when the process has ended. */
  signal(signal: NodeJS.Signals): void;
  /** Resolves once a SIGSTOP has reached every thread of it, or it has ended. */
  stopped(): Promise<void>;
}

/** Starts a process; throws when it cannot be started, for instance because there is no such program. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const [program, ...args] = options.command;
  if (program === undefined) {
    throw new Error("a process needs a command");
  }
  const child = spawnTied(program, args, { env: options.env, cwd: options.cwd, stdio: ["ignore", "pipe", "pipe"] });
  const log = createWriteStream(options.logFile, { flags: "a" });
  // A log that cannot be written must not end the server whose log it is.
  log.on("error", () => {});
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const exited = new Promise<ContainerExit>((resolve) => {
    child.once("close", (code, signal) => resolve(containerExit(code, signal)));
    // A process that could not be started has no `close`; 127 is what a shell says then.
    child.once("error", () => resolve(containerExit(127, null)));
  }).finally(() => log.end());
  await once(child, "spawn").catch((cause: unknown) => {
    throw new Error(`cannot start ${program}`, { cause });
  });
  if (child.pid === undefined) {
    throw new Error(`${program} started without a process id`);
  }
  const { pid } = child;
  return { pid, exited, signal: (signal) => void child.kill(signal), stopped: () => untilStopped(pid) };
}

/** The signal is delivered when the call returns, but a thread on another core may still answer what it has in hand. */
async function untilStopped(pid: number): Promise<void> {
  const deadlineMs = performance.now() + stopDeadlineMs;
  while (!(await threadStates(pid)).every((state) => state === "T")) {
    if (performance.now() > deadlineMs) throw new Error(`process ${pid} has not stopped within ${stopDeadlineMs} ms`);
    await sleep(lookAgainAfterMs);
  }
}

/** By `/proc` (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html): none of a process that has ended, or where there is no such folder. */
async function threadStates(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/task`;
  const threads = await readdir(folder).catch(() => []);
  const states = await Promise.all(
    threads.map(async (thread) => {
      const line = await readFile(join(folder, thread, "stat"), "utf8").catch(() => "");
      // The name in parentheses may hold anything, so the state is what follows the last one.
      return /.*\) (\S)/.exec(line)?.[1] ?? [];
    }),
  );
  return states.flat();
}

function containerExit(code: number | null, signal: NodeJS.Signals | null): ContainerExit {
  return { exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), signal };
}
