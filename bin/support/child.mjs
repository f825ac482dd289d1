import { spawn } from "node:child_process";

const passedOn = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * @typedef {object} ChildOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [noticesOurEnd] gives the child an IPC channel, whose 'disconnect' tells it that we are gone, however
 *   we ended
 */

/**
 * Runs a program on this terminal to its end, and passes signals on to it. From a terminal Ctrl-C reaches the child by
 * itself; passing it on as well would look like a second one, which programs take for "at once".
 * @param {string} program
 * @param {readonly string[]} args
 * @param {ChildOptions} [options]
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 * @throws {Error} when the program cannot be started
 */
export function runChild(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: options.noticesOurEnd ? ["inherit", "inherit", "inherit", "ipc"] : "inherit",
    });
    const pass = (/** @type {NodeJS.Signals} */ signal) => {
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    };
    for (const signal of passedOn) process.on(signal, pass);
    const settle = () => {
      for (const signal of passedOn) process.off(signal, pass);
    };
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      settle();
      resolve({ code, signal });
    });
  });
}

/**
 * Ends this process the way the child ended, so that a caller cannot tell the launcher from the program.
 * @param {{ code: number | null, signal: NodeJS.Signals | null }} end
 */
export function endLike(end) {
  if (end.signal !== null) process.kill(process.pid, end.signal);
  else process.exitCode = end.code ?? 1;
}
