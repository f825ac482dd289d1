/**
 * Keys to be worked on, each once however often it was added meanwhile, one after the other, and never within the write that
 * caused the work: as controllers do, who learn of writes by a watch.
 */
export class WorkQueue {
  readonly #work: (key: string) => void;
  readonly #onError: (message: string, cause: unknown) => void;
  readonly #waiting = new Set<string>();
  #scheduled: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(work: (key: string) => void, onError: (message: string, cause: unknown) => void) {
    this.#work = work;
    this.#onError = onError;
  }

  add(key: string): void {
    if (this.#stopped) {
      return;
    }
    this.#waiting.add(key);
    this.#scheduled ??= setImmediate(() => this.#run());
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#scheduled);
    this.#waiting.clear();
  }

  #run(): void {
    this.#scheduled = undefined;
    const keys = [...this.#waiting];
    this.#waiting.clear();
    for (const key of keys) {
      try {
        this.#work(key);
      } catch (cause) {
        // It is tried again at the next write that concerns the key.
        this.#onError(`a controller of the sandbox failed at ${key}`, cause);
      }
    }
  }
}
