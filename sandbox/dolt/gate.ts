/** A process that can be stopped and let go on, as SIGSTOP and SIGCONT do. */
export class Gate {
  #open: Promise<void> = Promise.resolve();
  #release: (() => void) | undefined;

  get closed(): boolean {
    return this.#release !== undefined;
  }

  close(): void {
    if (this.#release !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open = promise;
    this.#release = resolve;
  }

  open(): void {
    this.#release?.();
    this.#release = undefined;
  }

  /** Resolves while open, or once opened. */
  async passed(): Promise<void> {
    // It may have been closed again before those who waited could go on.
    while (this.closed) await this.#open;
  }
}
