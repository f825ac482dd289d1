import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { findProgram } from "../bin/support/programs.mjs";

/**
 * Starts a program that ends with this process, however this process ends: also by SIGKILL, after which no code of ours runs.
 *
 * On Linux `setpriv --pdeathsig` (util-linux, on every Debian) asks the kernel for it, then becomes the program, so the
 * child's pid is the program's own. Elsewhere the child is killed when this process exits by itself; only after a SIGKILL
 * it would be left.
 */
export function spawnTied(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const setpriv = process.platform === "linux" ? findProgram(["setpriv"]) : null;
  const child =
    setpriv === null
      ? spawn(program, args, options)
      : spawn(setpriv, ["--pdeathsig", "KILL", "--", program, ...args], options);
  tied.add(child);
  child.once("exit", () => tied.delete(child));
  child.once("error", () => tied.delete(child));
  return child;
}

/** The children that have not ended; one listener for all of them, because Node warns at the eleventh of an event. */
const tied = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of tied) {
    child.kill("SIGKILL");
  }
});

/** Whether the child has ended (or never started). */
export function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** Ends a child by SIGKILL and waits until it is gone. Safe to call again. */
export async function killAndWait(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/**
 * Waits until a line of the child's output (stdout, which must be a pipe) satisfies the predicate.
 * @returns the line, and everything printed before it
 * @throws {Error} when the child cannot be started, ends first, or the deadline passes; with what the child printed
 */
export async function waitForLine(
  child: ChildProcess,
  predicate: (line: string) => boolean,
  deadlineMs: number,
): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null) throw new Error("waitForLine needs the child's stdout as a pipe.");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let printed = "";
  const fail = (why: string) =>
    reject(new Error(`${child.spawnargs.join(" ")}: ${why}. It printed: ${printed.slice(-2_000) || "nothing"}`));
  const collect = (chunk: Buffer) => {
    printed += chunk.toString("utf8");
    const line = printed.split("\n").find(predicate);
    if (line !== undefined) resolve(line);
  };
  const onExit = (code: number | null, signal: NodeJS.Signals | null) =>
    fail(`it ended (${signal ?? `exit code ${code}`})`);
  const onError = (error: Error) => fail(error.message);
  const timer = setTimeout(() => fail(`it was not ready within ${deadlineMs} ms`), deadlineMs);
  stdout.on("data", collect);
  stderr?.on("data", collect);
  child.once("close", onExit);
  child.once("error", onError);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    stdout.off("data", collect);
    stderr?.off("data", collect);
    stdout.resume();
    stderr?.resume();
    child.off("close", onExit);
    child.off("error", onError);
  }
}
