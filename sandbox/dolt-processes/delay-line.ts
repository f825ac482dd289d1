import { Transform, type TransformCallback } from "node:stream";

/** Passes each chunk on after the delay of the moment it came in, never out of order. What waits is held in memory. */
export class DelayLine extends Transform {
  readonly #delayMs: () => number;
  readonly #waiting: { readonly chunk: Buffer; readonly dueAt: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #emptied: (() => void) | undefined;

  constructor(delayMs: () => number) {
    super();
    this.#delayMs = delayMs;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#waiting.push({ chunk, dueAt: performance.now() + this.#delayMs() });
    if (this.#timer === undefined) {
      this.#passOn();
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#waiting.length === 0) {
      done();
    } else {
      this.#emptied = done;
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    done(error);
  }

  #passOn(): void {
    this.#timer = undefined;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#passOn(), waitMs);
        return;
      }
      this.#waiting.shift();
      this.push(next.chunk);
    }
    this.#emptied?.();
  }
}
