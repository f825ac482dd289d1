import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Child, startChild } from "../../../sandbox/node-agent/child.ts";

const LOG_TAIL = 3_000;

/** Long-running processes whose end, before they are ended, is an error. */
export class Processes {
  readonly #folder: string;
  readonly #children: Child[] = [];
  readonly #unexpectedEnd = Promise.withResolvers<never>();
  #closing = false;

  /** @param folder where they run and where their logs are kept */
  constructor(folder: string) {
    this.#folder = folder;
    // Whether anybody waits for it is decided by `orEnd`.
    this.#unexpectedEnd.promise.catch(() => {});
  }

  async start(name: string, program: string, args: readonly string[]): Promise<void> {
    const logFile = join(this.#folder, `${name}.log`);
    const env = { PATH: process.env.PATH ?? "" };
    const child = await startChild({ command: [program, ...args], env, cwd: this.#folder, logFile });
    this.#children.push(child);
    void child.exited.then(async ({ exitCode }) => {
      if (!this.#closing) {
        const log = await readFile(logFile, "utf8").catch(() => "");
        const error = new Error(`${name} ended with exit code ${exitCode}:\n${log.slice(-LOG_TAIL)}`);
        this.#unexpectedEnd.reject(error);
        // Later than the start nobody waits for it, and what fails then would not say why.
        console.error(error);
      }
    });
  }

  /** What `work` resolves to; rejects with the log of a process that ends first. */
  orEnd<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#unexpectedEnd.promise]);
  }

  /** Kills them, the last started first, and waits until all have ended. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const child of this.#children.toReversed()) {
      child.signal("SIGKILL");
    }
    await Promise.all(this.#children.map((child) => child.exited));
  }
}
