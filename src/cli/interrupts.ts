import { fail } from "../domain/errors.ts";
import type { Terminal } from "./terminal.ts";

/**
 * What Ctrl-C does. Before the point of no return it is a wish to cancel, and it wins. After it the first press stops what
 * has a safe point ahead there, and otherwise says that it is finished first; the second says how to finish if this process
 * must go, the third lets it go.
 */
export class Interrupts {
  readonly #terminal: Terminal;
  readonly #resumeLine: string;
  readonly #left = Promise.withResolvers<void>();
  readonly #stopListening: () => void;
  #wished = false;
  #committed = false;
  #canStop = false;
  #pressesSinceCommit = 0;

  constructor(terminal: Terminal, resumeLine: string) {
    this.#terminal = terminal;
    this.#resumeLine = resumeLine;
    this.#stopListening = terminal.onInterrupt(() => this.#pressed());
  }

  /** Resolves when somebody insists that this process ends in the middle of the execution. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** Whether the point of no return was passed. */
  get committed(): boolean {
    return this.#committed;
  }

  /** Whether somebody wants it to stop as soon as it may. */
  get wished(): boolean {
    return this.#wished;
  }

  /** Called at the point of no return. Throws `cancelled_before_start` when there was a wish to cancel. */
  commit(): void {
    if (this.#wished) throw fail("cancelled_before_start", { by: interruptKey });
    this.#committed = true;
  }

  /** For an execution that another process had committed already. */
  wasCommitted(): void {
    this.#committed = true;
  }

  /** Whether a place lies ahead where it may stop though it is committed. */
  safePointAhead(isAhead: boolean): void {
    this.#canStop = isAhead;
  }

  close(): void {
    this.#stopListening();
  }

  #pressed(): void {
    if (!this.#committed) {
      if (!this.#wished) this.#terminal.err("Cancelling before anything is changed …\n");
      this.#wished = true;
      return;
    }
    this.#pressesSinceCommit += 1;
    if (this.#pressesSinceCommit === 1) {
      this.#wished = true;
      this.#terminal.err(
        this.#canStop
          ? "Stopping before the next step that allows it; what has begun is finished first, and what was done stands …\n"
          : "Past the point of no return: this is finished first, or undone.\n",
      );
    } else if (this.#pressesSinceCommit === 2) {
      this.#terminal.err(
        `Once more leaves it as it is, unfinished. Only you can finish it then: ${this.#resumeLine}\n`,
      );
    } else {
      this.#left.resolve();
    }
  }
}

/** Who wishes, in a sentence. */
export const interruptKey = "Ctrl-C";
