import type { RunningProcess, System } from "../system.ts";

/** The demo's worker, which a rehearsal can kill and start again. */
export class DemoWorker {
  readonly #system: System;
  readonly #sees: readonly string[];
  /** Told when it ends though nobody ordered it. */
  readonly #onEnd: (process: RunningProcess) => void;
  #running: RunningProcess | null = null;

  constructor(system: System, sees: readonly string[], onEnd: (process: RunningProcess) => void) {
    this.#system = system;
    this.#sees = sees;
    this.#onEnd = onEnd;
  }

  /** Resolves once it has told the edge of its targets. @throws {Error} when one runs already, or it does not start */
  async start(): Promise<void> {
    if (this.#running !== null) throw new Error("The worker runs already.");
    const running = await this.#system.startWorker({}, undefined, this.#sees);
    this.#running = running;
    void running.ended.then(() => {
      if (this.#running !== running) return;
      this.#running = null;
      this.#onEnd(running);
    });
  }

  /** SIGKILL, as in a crash. @throws {Error} when none runs */
  async kill(): Promise<void> {
    const running = this.#running;
    if (running === null) throw new Error("No worker runs.");
    this.#running = null;
    await running.kill();
  }
}
