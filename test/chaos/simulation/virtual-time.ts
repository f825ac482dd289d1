import type { Clock } from "../../../src/ports/clock.ts";

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
  isCancelled: boolean;
}

/** How often the process may turn without anything being due, before it counts as waiting for something outside. */
const idleTurns = 200;
const startsAtMs = Date.parse("2026-01-05T03:00:00Z");

/**
 * Time that goes on as soon as nothing is left to do at this moment, so that an hour of waiting costs nothing and the same
 * seed gives the same run. While `run` lasts, the globals by which code waits are this clock's: `setTimeout`, `setImmediate`,
 * `AbortSignal.timeout` and `Date`. What waits for a socket or a file cannot be run under it.
 */
export class VirtualTime implements Clock {
  #heap: Due[] = [];
  #cancelled = 0;
  #nowMs = 0;
  #order = 0;

  nowMs(): number {
    return startsAtMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = this.at(durationMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    return promise;
  }

  /** Calls it after so long. Returns how to call it off. */
  at(durationMs: number, fire: () => void): () => void {
    this.#order += 1;
    const atMs = this.#nowMs + Math.max(0, Number.isFinite(durationMs) ? durationMs : 0);
    const due = { atMs, order: this.#order, fire, isCancelled: false };
    push(this.#heap, due);
    return () => this.#cancel(due);
  }

  /** Lets time pass until `work` has settled, and hands that on. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const restore = this.#takeGlobals();
    const { stackTraceLimit } = Error;
    // Hundreds of thousands of aborts and refusals are thrown and caught; their stacks took a third of the time.
    Error.stackTraceLimit = 0;
    try {
      let settled = false;
      const ended = work().finally(() => {
        settled = true;
      });
      ended.catch(() => undefined);
      for (let idle = 0, isQuiet = false; !settled; ) {
        if (!isQuiet) await turn();
        isQuiet = false;
        if (settled) break;
        const due = pop(this.#heap);
        if (due === undefined) {
          idle += 1;
          if (idle > idleTurns) throw new Error("the simulation waits for something outside of its time");
          continue;
        }
        idle = 0;
        if (due.isCancelled) {
          this.#cancelled -= 1;
          isQuiet = true;
          continue;
        }
        due.isCancelled = true;
        this.#nowMs = Math.max(this.#nowMs, due.atMs);
        due.fire();
      }
      return await ended;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
      restore();
    }
  }

  /** Deadlines are nearly always called off long before they are due: they go when they are many. */
  #cancel(due: Due): void {
    if (due.isCancelled) return;
    due.isCancelled = true;
    this.#cancelled += 1;
    if (this.#cancelled < 500 || this.#cancelled * 2 < this.#heap.length) return;
    // In order, a list is a heap.
    this.#heap = this.#heap.filter((one) => !one.isCancelled).sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }

  #takeGlobals(): () => void {
    const { setTimeout, clearTimeout, setImmediate, clearImmediate, Date: RealDate } = globalThis;
    const { timeout } = AbortSignal;
    const timers = new Map<object, () => void>();
    const later = (durationMs: number, call: () => void) => {
      const handle = {
        ref: () => handle,
        unref: () => handle,
        hasRef: () => true,
        refresh: () => handle,
        close: () => handle,
      };
      const cancel = this.at(durationMs, () => {
        timers.delete(handle);
        call();
      });
      timers.set(handle, cancel);
      return handle;
    };
    const clear = (handle: unknown) => {
      if (typeof handle !== "object" || handle === null) return;
      timers.get(handle)?.();
      timers.delete(handle);
    };
    const replace = (name: string, value: unknown) => Reflect.set(globalThis, name, value);
    replace("setTimeout", (call: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      later(ms, () => call(...args)),
    );
    replace("setImmediate", (call: (...args: unknown[]) => void, ...args: unknown[]) => later(0, () => call(...args)));
    replace("clearTimeout", clear);
    replace("clearImmediate", clear);
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController();
      this.at(ms, () => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")));
      return controller.signal;
    };
    replace(
      "Date",
      new Proxy(RealDate, {
        construct: (target, args, created) =>
          Reflect.construct(target, args.length === 0 ? [this.nowMs()] : args, created),
        get: (target, key) => (key === "now" ? () => this.nowMs() : Reflect.get(target, key, target)),
      }),
    );
    return () => {
      AbortSignal.timeout = timeout;
      const globals = { setTimeout, clearTimeout, setImmediate, clearImmediate, Date: RealDate };
      for (const [name, value] of Object.entries(globals)) replace(name, value);
    };
  }
}

const realImmediate = globalThis.setImmediate;

/** Everything that is ready has run: what follows from it, too. */
function turn(): Promise<void> {
  return new Promise((resolve) => realImmediate(resolve));
}

const isBefore = (a: Due, b: Due) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

function push(heap: Due[], due: Due): void {
  let at = heap.push(due) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(due, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = due;
}

function pop(heap: Due[]): Due | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const [one, other] = [heap[left], heap[left + 1]];
    if (one === undefined) break;
    const child = other !== undefined && isBefore(other, one) ? left + 1 : left;
    const smaller = heap[child];
    if (smaller === undefined || !isBefore(smaller, last)) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = last;
  return first;
}
