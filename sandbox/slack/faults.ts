/** Faults of the Web API that a test orders. Each is used up by the calls it meets, in the order they were ordered. */
export type Fault =
  /** The call is done after so long. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Nothing is done; the answer is this HTTP status with an empty body. */
  | { readonly kind: "status"; readonly status: number }
  /** Nothing is done; 429 with Retry-After. */
  | { readonly kind: "ratelimited"; readonly retryAfterSeconds: number }
  /** Nothing is done; `{ok: false, error}`. */
  | { readonly kind: "error"; readonly error: string }
  /** Nothing is done; the connection is cut. */
  | { readonly kind: "lostRequest" }
  /** The call is done, and the connection cut before the answer: the outcome is unknown to the caller. */
  | { readonly kind: "lostAnswer" }
  /** Nothing is done, and nothing answered, until the fault is released; calls made meanwhile overtake it. */
  | { readonly kind: "hold" };

export interface OrderedFault {
  /** Resolves when the fault has met its first call. */
  readonly met: Promise<void>;
  /** How many calls it has met. */
  readonly hits: number;
  /** Lets held calls go on, and ends the fault for calls to come. */
  release(): void;
}

/** `"*"` for every method; `"response_url"` for the posts to response URLs. */
export type FaultTarget = string;

interface Entry {
  readonly target: FaultTarget;
  readonly fault: Fault;
  readonly released: Promise<void>;
  remaining: number;
  hits: number;
  readonly noteMet: () => void;
}

export class Faults {
  #entries: Entry[] = [];
  #releases = new Set<() => void>();

  /** Orders a fault for the next so many calls (default 1; Infinity until released) of a Web API method. */
  order(target: FaultTarget, fault: Fault, times = 1): OrderedFault {
    const met = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const entry: Entry = { target, fault, released: released.promise, remaining: times, hits: 0, noteMet: met.resolve };
    const release = () => {
      entry.remaining = 0;
      this.#releases.delete(release);
      released.resolve();
    };
    this.#entries.push(entry);
    this.#releases.add(release);
    return {
      met: met.promise,
      get hits() {
        return entry.hits;
      },
      release,
    };
  }

  /** Takes the fault that this call meets, if any. */
  take(method: string): { readonly fault: Fault; readonly released: Promise<void> } | null {
    const entry = this.#entries.find((one) => one.remaining > 0 && (one.target === "*" || one.target === method));
    if (entry === undefined) return null;
    entry.remaining -= 1;
    entry.hits += 1;
    entry.noteMet();
    this.#entries = this.#entries.filter((one) => one.remaining > 0);
    return { fault: entry.fault, released: entry.released };
  }

  /** Ends all faults, and lets held calls go on. */
  clear(): void {
    this.#entries = [];
    for (const release of [...this.#releases]) release();
  }
}
