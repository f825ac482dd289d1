import { execFile } from "node:child_process";
import { promisify } from "node:util";

const runFile = promisify(execFile);

/** Long enough for the slowest short command here, the import of an image, on a busy machine. */
const COMMAND_DEADLINE_MS = 120_000;

/**
 * What every program of the cluster sees of this process's environment: no proxy, through which it would look for its own
 * API server, and no settings of Go or Kubernetes. A root shell's PATH may lack the folders of runc and iptables.
 */
export const PROGRAM_ENVIRONMENT = {
  PATH: `${process.env.PATH ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`,
  HOME: process.env.HOME ?? "/root",
  LC_ALL: "C",
};

/** Runs a command to its end and gives its standard output. Throws with what it wrote to standard error when it fails. */
export async function command(file: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const deadline = AbortSignal.timeout(COMMAND_DEADLINE_MS);
  try {
    const { stdout } = await runFile(file, args, {
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      env: PROGRAM_ENVIRONMENT,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`${file} ${args.join(" ")} failed: ${stderr === "" ? String(error) : stderr}`, { cause: error });
  }
}
