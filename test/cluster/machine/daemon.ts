import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { PROGRAM_ENVIRONMENT } from "./command.ts";

/** A long-running program of the cluster, with a log file of its own. */
export interface Daemon {
  readonly name: string;
  /** Throws, with the end of the log, when the program has ended: nobody should go on waiting for it. */
  assertRunning(): void;
  /** The last lines it wrote. */
  logTail(): Promise<string>;
  /** Resolves once the process has ended, however that came. */
  readonly ended: Promise<void>;
}

const TAIL_CHARACTERS = 3_000;

export async function startDaemon(
  name: string,
  file: string,
  args: readonly string[],
  logFile: string,
): Promise<Daemon> {
  const log = await open(logFile, "a");
  let end: string | null = null;
  const child = spawn(file, args, { env: PROGRAM_ENVIRONMENT, stdio: ["ignore", log.fd, log.fd] });
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      end = `could not be started: ${error.message}`;
      resolve();
    });
    child.once("exit", (code, signal) => {
      end = signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
      resolve();
    });
  });
  await log.close();
  return {
    name,
    ended,
    assertRunning: () => {
      if (end !== null) {
        throw new Error(`${name} ${end}; its log is ${logFile}`);
      }
    },
    logTail: async () => `${name}, end of its log:\n${(await readFile(logFile, "utf8")).slice(-TAIL_CHARACTERS)}`,
  };
}
