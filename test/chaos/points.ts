/** One moment in the life of a worker at which a fault can come: before or after a call to the world, or a step. */
export interface Point {
  /** `dolt.transitionToStandby`, `workloads.labelPod`, `leases.compareAndSet`, `step.promote` … */
  readonly call: string;
  readonly phase: "before" | "after";
}

/** Called at each point; the worker goes on when it resolves, and never does when it does not. */
export type Reach = (point: Point) => Promise<void>;

/** Answered at once and of no consequence to anybody else. */
const unseen = new Set(["close", "monotonicMs", "nowMs"]);

/**
 * The same object, with a point before and after each of its asynchronous calls, those of the objects in it included: so
 * a port that learns a new call has its points at once.
 * @param onResult may put something else in the place of what a call gives: a session, with points of its own
 */
export function withPoints<T extends object>(
  target: T,
  name: string,
  reach: Reach,
  onResult: (call: string, result: unknown) => unknown = (_call, result) => result,
): T {
  return new Proxy(target, {
    get(_target, key) {
      const found: unknown = Reflect.get(target, key, target);
      if (typeof key === "symbol") return found;
      const call = `${name}.${key}`;
      if (typeof found === "object" && found !== null) return withPoints(found, call, reach, onResult);
      if (typeof found !== "function") return found;
      if (unseen.has(key)) return found.bind(target);
      return async (...args: unknown[]) => {
        await reach({ call, phase: "before" });
        try {
          return onResult(call, await Reflect.apply(found, target, args));
        } finally {
          await reach({ call, phase: "after" });
        }
      };
    },
  });
}

/** Whether a process lives: one that is killed stands still for ever at the next point, one that is stopped until it goes on. */
export class Life {
  readonly #ended = Promise.withResolvers<"killed">();
  #isKilled = false;
  #gate = Promise.withResolvers<void>();
  #isStopped = false;
  readonly #onKilled: () => void;

  constructor(onKilled: () => void = () => undefined) {
    this.#onKilled = onKilled;
  }

  /** Resolves when it was killed. */
  get ended(): Promise<"killed"> {
    return this.#ended.promise;
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  kill(): void {
    this.#isKilled = true;
    this.#ended.resolve("killed");
    this.#onKilled();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#gate = Promise.withResolvers();
  }

  goOn(): void {
    this.#isStopped = false;
    this.#gate.resolve();
  }

  async pass(): Promise<void> {
    while (this.#isStopped) await this.#gate.promise;
    if (this.#isKilled) await new Promise<never>(() => undefined);
  }
}
