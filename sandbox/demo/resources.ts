/** What a demo has begun, in the order in which it did; closed in the opposite order. */
export class Resources {
  readonly #open: (() => Promise<void>)[] = [];
  readonly #coming = new Set<Promise<unknown>>();
  #closed = false;

  /** Waits for a resource and keeps it; one that comes after the close is closed at once. */
  async add<T>(coming: Promise<T>, close: (resource: T) => Promise<void>): Promise<T> {
    const kept = this.#keep(coming, close);
    this.#coming.add(kept);
    try {
      return await kept;
    } finally {
      this.#coming.delete(kept);
    }
  }

  /** Closes everything though one of them fails to, also what is still coming. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    const failures: unknown[] = [];
    for (let close = this.#open.pop(); close !== undefined; close = this.#open.pop()) {
      await close().catch((error: unknown) => failures.push(error));
    }
    await Promise.allSettled(this.#coming);
    if (failures.length > 0)
      throw new AggregateError(failures, `Not everything could be ended: ${failures.join("; ")}`);
  }

  async #keep<T>(coming: Promise<T>, close: (resource: T) => Promise<void>): Promise<T> {
    const resource = await coming;
    if (this.#closed) {
      await close(resource);
      throw new Error("The demo was told to end while it started.");
    }
    this.#open.push(() => close(resource));
    return resource;
  }
}
