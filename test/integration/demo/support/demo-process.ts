import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../../../../bin/support/repository.mjs";
import { killAndWait, waitForLine } from "../../../../sandbox/tied-process.ts";
import { type ProcessId, processTree } from "./process-tree.ts";

const startDeadlineMs = 90_000;

/** `npm run demo` as a person starts it, but for npm itself; with a temporary folder of its own, so that what it leaves there shows. */
export class DemoProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<number | null>;
  #printed = "";

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#ended = once(child, "exit").then(() => child.exitCode);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#printed += chunk.toString("utf8");
      });
    }
  }

  static async spawn(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<DemoProcess> {
    const folder = await mkdtemp(join(tmpdir(), "handover-demo-test-"));
    const child = spawn(process.execPath, [join(repositoryRoot, "bin", "demo.mjs"), ...args], {
      cwd: repositoryRoot,
      env: { ...process.env, REDIS_URL: "", ...environment, TMPDIR: folder },
      stdio: ["pipe", "pipe", "pipe"],
    });
    return new DemoProcess(child, folder);
  }

  /** All it has printed so far. */
  get printed(): string {
    return this.#printed;
  }

  /** Waits for the ready line. @returns the address of the Slack page */
  async ready(): Promise<string> {
    const line = await waitForLine(this.#child, (printed) => /^ +Open +http/.test(printed), startDeadlineMs);
    return /http:\/\/\S+/.exec(line)?.[0] ?? "";
  }

  /** Types a line, as a person does in the terminal. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Itself and everything it has started. */
  processes(): Promise<ProcessId[]> {
    return processTree(this.#child.pid ?? -1);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until it has ended. @returns its exit code, null when a signal ended it */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  /** What it has left in its temporary folder. */
  leftFiles(): Promise<string[]> {
    return readdir(this.#folder);
  }

  async close(): Promise<void> {
    await killAndWait(this.#child);
    await rm(this.#folder, { recursive: true, force: true });
  }
}
